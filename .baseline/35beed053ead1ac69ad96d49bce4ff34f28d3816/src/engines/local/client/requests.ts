/** A client's requests (one answer) and subscriptions (many), each a channel that outlives the connection it began on. */

import type { Failure, InputRecord, Output } from "../../../engine/index.ts";
import { EngineUnavailableError, type FarcallError, failureToError } from "../../../runtime/errors.ts";
import type { Frame } from "../../../wire/frames.ts";
import { FromHost, type Requests, type Subscriptions, ToHost } from "../protocol.ts";
import type { Link } from "./link.ts";
import type { Channel, Session } from "./session.ts";

/** A request during which so many hosts died is probably what kills them. */
const MAX_BREAKS = 5;

/** Frames before the answer: outputs, of the inputs before them when the request is for inputs. */
interface Collected {
  outputs: Output[];
  inputs?: InputRecord[];
}

/**
 * All requests can be repeated: those that change something name the resulting state. So a request that a dying host
 * left without an answer is sent to the next. `collected` gets what comes before the answer.
 */
export function request<M extends keyof Requests>(
  session: Session,
  method: M,
  params: Requests[M]["params"],
  collected?: Collected,
): Promise<Requests[M]["result"]> {
  return new Promise((resolve, reject) => {
    let breaks = 0;
    const finish = (settle: () => void): void => {
      session.remove(number);
      session.release();
      settle();
    };
    const channel: Channel = {
      movable: false,
      up: (link) => {
        if (collected) collected.outputs.length = 0;
        if (collected?.inputs) collected.inputs.length = 0;
        link.json(ToHost.request, number, { method, params });
        link.writer.flush();
      },
      down: () => {
        if (++breaks < MAX_BREAKS) return;
        finish(() => reject(new EngineUnavailableError(`the host died ${breaks} times while it answered "${method}"`)));
      },
      drain: () => {},
      frame: (frame) => {
        if (frame.type === FromHost.response) {
          const value = parse(frame) as Requests[M]["result"];
          finish(() => resolve(value));
        } else if (frame.type === FromHost.refused) {
          const error = failureToError(parse(frame) as Failure);
          finish(() => reject(error));
        } else if (frame.type === FromHost.input) {
          const { index, payload, flags } = frame;
          const attempts = flags > 1 && { attempts: flags };
          collected?.inputs?.push({ index, ...(payload.length > 0 && { payload }), ...attempts, outputs: [] });
        } else (collected?.inputs?.at(-1) ?? collected)?.outputs.push(outputOf(frame));
      },
      unreachable: (error) => finish(() => reject(error)),
    };
    const number = session.add(channel);
    session.hold();
    session.start(number);
  });
}

interface SubscriptionHandlers<M extends keyof Subscriptions> {
  /** Made for each connection, so that it can say how far it has come. */
  params(): Subscriptions[M]["params"];
  answer?(answer: Subscriptions[M]["answer"]): void;
  /** Returns what the reader gets; `undefined` for nothing, `null` for the end. */
  item(item: Subscriptions[M]["item"]): NonNullable<Subscriptions[M]["item"]> | undefined | null;
  /** Items with the same key: the newest replaces an item that has not been read. */
  replaces?(item: NonNullable<Subscriptions[M]["item"]>): unknown;
}

/** Subscribes at the first `next()`, ends quietly when the signal aborts. */
export async function* subscribe<M extends keyof Subscriptions>(
  session: Session,
  method: M,
  handlers: SubscriptionHandlers<M>,
  signal: AbortSignal | undefined,
): AsyncGenerator<NonNullable<Subscriptions[M]["item"]>, void, undefined> {
  if (signal?.aborted) return;
  const items: NonNullable<Subscriptions[M]["item"]>[] = [];
  let ended = false;
  let failure: FarcallError | undefined;
  let wake: () => void = () => {};
  let current: Link | undefined;
  const end = (error?: FarcallError): void => {
    ended = true;
    failure = error;
    wake();
  };
  const abort = (): void => end();
  const channel: Channel = {
    movable: true,
    up: (link) => {
      current = link;
      link.json(ToHost.subscribe, number, { method, params: handlers.params() });
      link.writer.flush();
    },
    down: () => {
      current = undefined;
    },
    drain: () => {},
    frame: (frame) => {
      if (frame.type === FromHost.response) handlers.answer?.(parse(frame) as Subscriptions[M]["answer"]);
      else if (frame.type === FromHost.refused) end(failureToError(parse(frame) as Failure));
      else if (frame.type === FromHost.item) {
        const item = handlers.item(parse(frame) as Subscriptions[M]["item"]);
        if (item === null) end();
        else if (item !== undefined) {
          const key = handlers.replaces?.(item);
          const unread = key === undefined ? -1 : items.findIndex((other) => handlers.replaces?.(other) === key);
          if (unread < 0) items.push(item);
          else items[unread] = item;
          wake();
        }
      }
    },
    unreachable: end,
  };
  const number = session.add(channel);
  session.hold();
  signal?.addEventListener("abort", abort, { once: true });
  session.start(number);
  try {
    for (;;) {
      while (items.length > 0 && !signal?.aborted) yield items.shift()!;
      if (failure) throw failure;
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    current?.writer.write(ToHost.unsubscribe, number, 0);
    session.remove(number);
    session.release();
  }
}

export function parse(frame: Frame): unknown {
  return JSON.parse(frame.payload.toString());
}

const KINDS = { [FromHost.result]: "result", [FromHost.exception]: "exception", [FromHost.yield]: "yield" } as const;

/** The output in a frame of one of the types `result` to `failure`. The payload is a view into the received chunk. */
export function outputOf(frame: Frame): Output {
  const { type, index, payload } = frame;
  if (type === FromHost.failure) return { kind: "failure", index, failure: parse(frame) as Failure };
  if (type === FromHost.end) return { kind: "end", index };
  return { kind: KINDS[type as keyof typeof KINDS], index, payload };
}
