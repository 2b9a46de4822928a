/** The durable calls that are at home here: taken from the consumer that all workers share, one worker a call at a time. */
import { setTimeout as delay } from "node:timers/promises";
import type { Consumer } from "@nats-io/jetstream";
import type { Connection, Msg, Subscription } from "../connection.ts";
import { CallStore, type Cancelled } from "../durable/index.ts";
import { isNoRoom } from "../errors.ts";
import type { Link } from "../link.ts";
import { callIdIn, HOME, streams, subjects } from "../names.ts";
import type { Source } from "../source/index.ts";
import { Delivery } from "./delivery.ts";
import { Home } from "./home.ts";

const MAX_HOMES = 1_000;
const TOGETHER = 100;
const FETCH_MS = 5_000;
/** NATS does not answer: it is asked again after so long. */
const AGAIN_MS = 250;
/** The same where it has no room for outcomes. */
const NO_ROOM_MS = 5_000;
/** A call whose time is not so far is at home here until then. */
const HELD_MS = 2_000;
const REMEMBERED = 1_000;
const MAX_NAK_MS = 3_600_000;

export interface HomesOptions {
  connection: Connection;
  source: Source;
  log(line: string): void;
}

export class Homes {
  readonly #options: HomesOptions;
  readonly #store: CallStore;
  readonly #homes = new Map<string, Home>();
  /** Cancels that have come; such a call may be about to come, and a replica's record of it may be older. */
  readonly #lately = new Map<string, Cancelled>();
  #running: Promise<void>[] = [];
  #subscription: Subscription | undefined;
  #stopped = false;
  #room = Promise.withResolvers<void>();
  #wakeEvery: NodeJS.Timeout | undefined;
  /** In the stream; those before have been seen to. */
  #lastCancel = 0;
  #reading = false;
  #forgetReconnect = (): void => {};
  readonly #messages = new Map<Home, Delivery>();

  constructor(options: HomesOptions) {
    this.#options = options;
    this.#store = new CallStore(options.connection);
  }

  get size(): number {
    return this.#homes.size;
  }

  async start(): Promise<void> {
    const { connection } = this.#options;
    this.#lastCancel = await connection.lastSequence(streams.calls);
    this.#subscription = await connection.subscribe(subjects.calls("cancelled"), (error, message) => {
      if (!error) this.#onCancel(message);
    });
    this.#forgetReconnect = connection.onReconnect(() => {
      // What was asked for came by the connection before.
      this.#stopFetch();
      void this.#readMissed(true);
    });
    const waitMs = await connection.ask(async ({ jsm }) => {
      const { config } = await jsm.consumers.info(streams.calls, HOME);
      return (config.ack_wait ?? 30e9) / 1e6;
    });
    let saidAt = performance.now();
    // Says that the calls are still at home here.
    this.#wakeEvery = setInterval(() => {
      const late = performance.now() - saidAt > waitMs;
      saidAt = performance.now();
      for (const message of this.#messages.values()) message.working();
      void this.#readMissed(late);
    }, waitMs / 3);
    this.#running.push(this.#take());
  }

  async #take(): Promise<void> {
    const { connection, log } = this.#options;
    while (!this.#stopped) {
      if (this.#homes.size >= MAX_HOMES) {
        await this.#room.promise;
        continue;
      }
      try {
        const asked = performance.now();
        const consumer = await this.#consumer();
        const messages = await consumer.fetch({
          max_messages: Math.min(TOGETHER, MAX_HOMES - this.#homes.size),
          expires: FETCH_MS,
        });
        this.#stopFetch = () => messages.stop();
        let count = 0;
        for await (const message of messages) {
          count++;
          const delivery = new Delivery(connection, message);
          if (this.#stopped) delivery.nak();
          else void this.#run(delivery);
        }
        // It has ended at once, as it does while no server is there.
        if (count === 0 && performance.now() - asked < AGAIN_MS) await delay(AGAIN_MS);
      } catch (error) {
        if (this.#stopped) return;
        log(`durable calls cannot be taken in, and are asked for again: ${(error as Error).message}`);
        this.#known = undefined;
        await delay(AGAIN_MS);
      }
    }
  }

  /** By the connection of now. */
  async #consumer(): Promise<Consumer> {
    const { connection } = this.#options;
    const link = await connection.link();
    if (this.#known?.link !== link) {
      const consumer = await connection.ask(({ js }) => js.consumers.get(streams.calls, HOME));
      this.#known = { link, consumer };
    }
    return this.#known.consumer;
  }

  #known: { link: Link; consumer: Consumer } | undefined;
  #stopFetch = (): void => {};

  async #run(message: Delivery): Promise<void> {
    const { id } = message;
    // It came again, since our word that it is here got lost.
    if (this.#homes.has(id)) return;
    const { connection, source, log } = this.#options;
    let home: Home | undefined;
    try {
      const call = await this.#store.get(id);
      if (call.ended) {
        message.ack();
        return;
      }
      const wait = call.cancelled ? 0 : (call.accepted.dueAt ?? 0) - connection.now();
      if (wait > HELD_MS) {
        // NATS brings it again shortly before its time.
        message.nak(Math.min(wait - HELD_MS / 2, MAX_NAK_MS));
        return;
      }
      if (this.#stopped || this.#homes.has(id)) {
        if (this.#stopped) message.nak();
        return;
      }
      home = new Home({ connection, store: this.#store, source, call });
      this.#homes.set(id, home);
      const cancelled = this.#lately.get(id);
      if (cancelled) home.cancel(cancelled.terminate);
      this.#messages.set(home, message);
      if (await home.run()) message.ack();
      else message.nak();
    } catch (error) {
      // It comes again, here or elsewhere.
      log(`call ${id} is given up here: ${(error as Error).message}`);
      // What has run and cannot be stored runs again: not too often.
      message.nak(isNoRoom(error) ? NO_ROOM_MS : AGAIN_MS);
    } finally {
      if (home) {
        this.#homes.delete(id);
        this.#messages.delete(home);
        this.#room.resolve();
        this.#room = Promise.withResolvers();
      }
    }
  }

  #onCancel(message: Msg): void {
    this.#cancelled(callIdIn(message.subject), message.json<Cancelled>());
  }

  /** Reads the notices that did not arrive, since messages get lost. @param late calls may have been at home elsewhere meanwhile */
  async #readMissed(late: boolean): Promise<void> {
    if (this.#reading || this.#homes.size === 0) return;
    this.#reading = true;
    try {
      if (late) await this.#readEnds();
      for (
        let next = await this.#store.cancelAfter(this.#lastCancel);
        next && !this.#stopped;
        next = await this.#store.cancelAfter(this.#lastCancel)
      ) {
        this.#lastCancel = next.sequence;
        this.#cancelled(next.id, next.cancelled);
      }
    } catch (error) {
      this.#options.log(`whether calls were cancelled or have ended cannot be read: ${(error as Error).message}`);
    } finally {
      this.#reading = false;
    }
  }

  async #readEnds(): Promise<void> {
    for (const home of [...this.#homes.values()]) {
      if ((await this.#store.find(home.id))?.ended) home.over();
    }
  }

  #cancelled(id: string, cancelled: Cancelled): void {
    const home = this.#homes.get(id);
    if (home) home.cancel(cancelled.terminate);
    else {
      this.#lately.set(id, cancelled);
      for (const oldest of this.#lately.keys()) {
        if (this.#lately.size <= REMEMBERED) break;
        this.#lately.delete(oldest);
      }
    }
  }

  /** Hands its calls over to other workers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopFetch();
    this.#room.resolve();
    clearInterval(this.#wakeEvery);
    this.#subscription?.unsubscribe();
    this.#forgetReconnect();
    for (const home of this.#homes.values()) home.leave();
    // What they have to say is on its way.
    await Promise.race([Promise.all(this.#running), delay(1_000, undefined, { ref: false })]);
  }
}
