/**
 * The connection to NATS: what is asked of it, again while servers restart; another server when one stops; and a process that may
 * end while the connection is open and nothing is under way.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { PubAck, StoredMsg, StreamInfo } from "@nats-io/jetstream";
import type { Msg, MsgCallback } from "@nats-io/transport-node";
import { EngineUnavailableError, FarcallError } from "../../runtime/errors.ts";
import { nextTurn } from "../../runtime/timers.ts";
import type { Address } from "./address.ts";
import { NOBODY } from "./credentials.ts";
import { asFarcallError, isRefusal, isTemporary } from "./errors.ts";
import { keepAlive, type Link, openLink, REQUEST_LIMIT_MS, sendAll } from "./link.ts";
import { streams, subjects } from "./names.ts";
import type { Environment } from "./settings.ts";
import { type Subscription, Subscriptions } from "./subscriptions.ts";

export type { Msg } from "@nats-io/transport-node";
export type { Subscription } from "./subscriptions.ts";

/** Servers restart, and leaders are elected: what was not answered is asked again for so long. */
const PATIENCE_MS = 30_000;
/** After a replica that did not answer, the next may be the same one. */
const SILENT_MS = 10_000;
/** Clocks of machines that are set right differ by less, and an answer that took longer does not tell. */
const MAX_SKEW_ERROR_MS = 1_000;
/** A server says that it stops, and no other takes us: it is tried again. */
const LEAVE_AGAIN_MS = 250;
/** Until all servers of a cluster know where we are now. */
const SPREAD_MS = 100;

/** Which message of a stream: the newest of a subject, the one with a number, or the first of a subject from a number on. */
export type Query = { last_by_subj: string } | { seq: number } | { seq: number; next_by_subj: string };

export interface Expectation {
  /** Of the newest message of the same subject; 0 for none. */
  lastSubjectSequence?: number;
  /** Of two messages with the same one, published soon after each other, the second is dropped. */
  msgID?: string;
}

/** The server does not let this user do something. */
export interface Denial {
  operation: "publish" | "subscription";
  subject: string;
  error: FarcallError;
}

export class Connection {
  readonly address: Address;
  /** Settings come from there. */
  readonly env: Environment;
  /** As the server's monitoring shows it. */
  readonly #name: string;
  #link: Promise<Link> | undefined;
  #open: Link | undefined;
  #isHeard = false;
  #checked: Promise<void> | undefined;
  #held = 0;
  #skew = 0;
  /** Until then only the leader is asked, since a replica did not answer, by performance.now(). */
  #silentUntil = 0;
  readonly #reconnected = new Set<() => void>();
  readonly #denied = new Set<(denial: Denial) => void>();
  /** Why the server does not take us any more. */
  #refusal: Error | undefined;
  readonly #subscriptions = new Subscriptions();
  /** Links to servers that stop, until what is under way on them has come. */
  readonly #left = new Set<Link>();
  #closed = 0;

  constructor(address: Address, name: string, env: Environment = process.env) {
    this.address = address;
    this.#name = name;
    this.env = env;
  }

  /** Rejects with EngineUnavailableError. */
  link(): Promise<Link> {
    if (!this.#link) {
      this.#link = this.#connect();
      this.#link.catch(() => {
        this.#link = undefined;
      });
    }
    return this.#link;
  }

  /** The link when there is one already. */
  get current(): Link | undefined {
    return this.#open;
  }

  /** A server hears us at the moment. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** The part of subjects that only this user may listen to; known once there is a link. */
  get user(): string {
    return this.#open?.identity.user ?? NOBODY;
  }

  /** Called for each operation that the server refuses. Returns the function that stops it. */
  onDenied(listener: (denial: Denial) => void): () => void {
    this.#denied.add(listener);
    return () => this.#denied.delete(listener);
  }

  /**
   * Called after each reconnection, and after another server was gone over to: messages may have been lost. Returns the function
   * that stops it.
   */
  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => this.#reconnected.delete(listener);
  }

  // ---- what is asked

  /** What `run` gives, asked again while servers restart or elect a leader. Rejects with FarcallError. */
  async ask<T>(run: (link: Link) => Promise<T>): Promise<T> {
    this.hold();
    try {
      const until = performance.now() + PATIENCE_MS;
      const closed = this.#closed;
      for (let wait = 20; ; wait = Math.min(500, 2 * wait)) {
        const link = await this.link();
        try {
          return await run(link);
        } catch (error) {
          if (error instanceof FarcallError) throw error;
          if (this.#closed !== closed) throw this.#closedError();
          // Another server was gone over to meanwhile.
          if (this.#open !== link) continue;
          if (link.nc.isClosed()) throw this.#closedError();
          if (this.#refusal) throw asFarcallError(this.#refusal, this.address.url);
          if (!isTemporary(error) || performance.now() > until) throw asFarcallError(error, this.address.url);
        }
        await delay(wait);
      }
    } finally {
      this.release();
    }
  }

  /** A stream that does not exist does not answer; so it is asked for once, by a question that is always answered. */
  #ready(): Promise<void> {
    this.#checked ??= this.lastSequence(streams.apps).then(() => {});
    this.#checked.catch(() => {
      this.#checked = undefined;
    });
    return this.#checked;
  }

  /**
   * Undefined when there is no such message. Any replica answers, so this is for what does not change once it is written. One
   * that is behind has nothing yet, and then the leader is asked.
   */
  async read(stream: string, query: Query): Promise<StoredMsg | undefined> {
    await this.#ready();
    return (await this.#readAnywhere(stream, query)) ?? this.readNewest(stream, query);
  }

  /**
   * Undefined also when no replica answers soon. A server that the others do not reach any more is one to them until they close the
   * connection to it, minutes later; until then it may be the one that they choose, every time.
   */
  async #readAnywhere(stream: string, query: Query): Promise<StoredMsg | undefined> {
    if (performance.now() < this.#silentUntil) return undefined;
    return this.ask(async ({ replicas }) => {
      try {
        return (await replicas.getMessage(stream, query)) ?? undefined;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        this.#silentUntil = performance.now() + SILENT_MS;
        return undefined;
      }
    });
  }

  /** As the leader has it: for what is written over, and may be out of date at another replica. */
  async readNewest(stream: string, query: Query): Promise<StoredMsg | undefined> {
    await this.#ready();
    return this.ask(async ({ jsm }) => (await jsm.streams.getMessage(stream, query)) ?? undefined);
  }

  /** Of the newest message of a stream; 0 when there is none. */
  async lastSequence(stream: string): Promise<number> {
    return (await this.streamInfo(stream)).state.last_seq;
  }

  /** Also compares clocks: see `skew`. */
  async streamInfo(stream: string): Promise<StreamInfo> {
    return this.ask(async ({ jsm }) => {
      const sent = Date.now();
      const started = performance.now();
      const info = await jsm.streams.info(stream);
      const took = performance.now() - started;
      if (info.ts !== undefined && took < MAX_SKEW_ERROR_MS)
        this.#compareClocks(Date.parse(info.ts) - (sent + took / 2));
      return info;
    });
  }

  #compareClocks(skew: number): void {
    this.#skew = Math.abs(skew) < MAX_SKEW_ERROR_MS ? 0 : skew;
  }

  /** What the servers' clock is ahead of this machine's, in milliseconds: 0 below a second, and for servers before 2.10. */
  get skew(): number {
    return this.#skew;
  }

  /** Milliseconds since 1970, on which all machines agree. */
  now(): number {
    return Date.now() + this.#skew;
  }

  /** On disk, or as safe as the stream makes it, when it resolves. */
  async append(subject: string, payload: Uint8Array | string, { msgID, ...expect }: Expectation = {}): Promise<PubAck> {
    await this.#ready();
    const options = { expect, timeout: REQUEST_LIMIT_MS, ...(msgID !== undefined && { msgID }) };
    return this.ask(({ js }) => js.publish(subject, payload, options));
  }

  /** Published and forgotten. */
  publish(subject: string, payload: Uint8Array | string, reply?: string): void {
    this.#open?.nc.publish(subject, payload, reply === undefined ? {} : { reply });
  }

  /** A subject for answers to a question. */
  async newInbox(): Promise<string> {
    const { transport, identity } = await this.link();
    return subjects.answers(identity.user, transport.nuid.next());
  }

  async subscribe(subject: string, callback: MsgCallback<Msg>, queue?: string): Promise<Subscription> {
    const { nc } = await this.link();
    return this.#subscriptions.add(nc, { subject, callback, queue });
  }

  /** At once; undefined when there is no link yet. */
  subscribeNow(subject: string, callback: MsgCallback<Msg>, queue?: string): Subscription | undefined {
    return this.#open && this.#subscriptions.add(this.#open.nc, { subject, callback, queue });
  }

  // ---- the life of the process

  /** While anything is held the process stays alive. */
  hold(): void {
    if (this.#held++ === 0) this.#keepAlive(true);
  }

  release(): void {
    if (--this.#held === 0) this.#keepAlive(false);
  }

  #keepAlive(alive: boolean): void {
    if (this.#open) keepAlive(this.#open.nc, alive);
  }

  async #connect(): Promise<Link> {
    const link = await this.#openTo(this.address.servers);
    this.#use(link);
    return link;
  }

  #openTo(servers: readonly string[]): Promise<Link> {
    return openLink(servers, { address: this.address, name: this.#name, env: this.env });
  }

  #use(link: Link): void {
    this.#open = link;
    this.#isHeard = true;
    this.#keepAlive(this.#held > 0);
    void this.#watch(link);
  }

  /**
   * The server is about to stop, and is left before it closes the connection, so that nothing gets lost: for a moment everything
   * comes by both connections.
   */
  async #leave(old: Link): Promise<void> {
    const next = await this.#another(old);
    if (!next) return;
    const before = this.#subscriptions.moveTo(next.nc);
    // If it fails, it reconnects by itself.
    await next.nc.flush().catch(() => {});
    await delay(SPREAD_MS, undefined, { ref: false });
    if (this.#open !== old) {
      await next.nc.close();
      return;
    }
    this.#link = Promise.resolve(next);
    this.#use(next);
    for (const listener of [...this.#reconnected]) listener();
    this.#left.add(old);
    // The server closes it soon if it cannot be drained any more.
    await Promise.allSettled(before.map((each) => each.drain()));
    // What was asked there has its answer by then, or none comes.
    await delay(REQUEST_LIMIT_MS, undefined, { ref: false });
    this.#left.delete(old);
    await old.nc.close();
  }

  /** Undefined when it is not wanted any more. */
  async #another(old: Link): Promise<Link | undefined> {
    const lame = old.nc.getServer();
    const others = [...this.address.servers, ...(old.nc.info?.connect_urls ?? [])].filter(
      (server) => server.replace(/^\w+:\/\//, "") !== lame,
    );
    while (others.length > 0) {
      // Without another one it goes on by itself, once this one is gone.
      if (this.#open !== old || old.nc.isClosed() || old.nc.getServer() !== lame) return undefined;
      try {
        return await this.#openTo(others);
      } catch {
        await delay(LEAVE_AGAIN_MS, undefined, { ref: false });
      }
    }
    return undefined;
  }

  async #watch(link: Link): Promise<void> {
    let leaving = "";
    for await (const status of link.nc.status()) {
      const { type } = status;
      if (this.#open !== link) return;
      if (type === "error") this.#onError(status.error);
      // A ping starts the next timer, and a reconnection makes both again.
      if (type === "ping" || type === "reconnect") nextTurn(() => this.#keepAlive(this.#held > 0));
      if (type === "ldm" && leaving !== link.nc.getServer()) {
        leaving = link.nc.getServer();
        void this.#leave(link);
      }
      if (type === "disconnect") this.#isHeard = false;
      if (type === "reconnect") {
        this.#isHeard = true;
        this.#refusal = undefined;
        for (const listener of [...this.#reconnected]) listener();
      }
    }
  }

  #onError(error: Error): void {
    if (isRefusal(error)) this.#refusal = error;
    const { operation, subject } = error as Partial<Denial>;
    if (error.name !== "PermissionViolationError" || !operation || subject === undefined) return;
    const denial: Denial = { operation, subject, error: asFarcallError(error, this.address.url) };
    for (const listener of [...this.#denied]) listener(denial);
  }

  #closedError(): EngineUnavailableError {
    return new EngineUnavailableError(`the engine ${this.address.url} was closed while this was under way`);
  }

  /** A later use connects again. */
  async close(): Promise<void> {
    const opening = this.#link;
    this.#closed++;
    this.#link = undefined;
    this.#checked = undefined;
    // A process that closes all has nothing else to stay alive for.
    this.hold();
    const link = await opening?.catch(() => undefined);
    if (link && !link.nc.isClosed()) {
      await sendAll(link.nc);
      await link.nc.close();
    }
    if (this.#open === link) {
      this.#open = undefined;
      this.#subscriptions.clear();
    }
    await Promise.all([...this.#left].map(({ nc }) => nc.close()));
    this.release();
  }
}
