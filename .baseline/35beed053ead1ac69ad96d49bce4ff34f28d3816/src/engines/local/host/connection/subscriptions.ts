/** What each subscription of a client sends. */
import type { LogEntry, Progress } from "../../../../engine/index.ts";
import { FromHost, type LogSubscription, ProtocolError, type Subscriptions } from "../../protocol.ts";
import { optional, string } from "./messages.ts";
import type { Asked } from "./requests.ts";

/** Sends the answer, and items from then on. Returns the function that stops it, unless it has ended. */
type Subscriber<M extends keyof Subscriptions> = (
  asked: Asked,
  answer: (answer: Subscriptions[M]["answer"]) => void,
  item: (item: Subscriptions[M]["item"]) => void,
) => (() => void) | undefined;

const SUBSCRIBERS: { readonly [M in keyof Subscriptions]: Subscriber<M> } = {
  watchDeploys: ({ services: { registry }, params }, answer, item) => {
    optional(params, "after", "number");
    answer({ sequence: registry.sequence });
    if (params["after"] !== undefined) for (const event of registry.eventsAfter(params["after"] as number)) item(event);
    return registry.watch(item);
  },
  logs: (asked, answer, item) => {
    const { params } = asked;
    for (const name of ["app", "environment", "function", "callId"]) optional(params, name, "string");
    for (const name of ["after", "limit"]) optional(params, name, "number");
    answer(null);
    return sendLogs(asked, params as LogSubscription, item);
  },
  progress: ({ services: { calls }, client, params }, answer, item) => {
    const id = string(params, "id");
    const latest = calls.progress(id);
    answer(null);
    for (const progress of latest) item(progress);
    // The next report of an input says more than this one; the last arrives.
    const heldBack = new Map<number, Progress>();
    const sendHeldBack = (): void => {
      for (const progress of heldBack.values()) item(progress);
      heldBack.clear();
    };
    let stop: (() => void) | undefined;
    if (params["follow"] === true) {
      stop = calls.watchProgress(
        id,
        (progress) => {
          if (client.full) {
            heldBack.set(progress.index, progress);
            client.onRoom(sendHeldBack);
            return;
          }
          heldBack.delete(progress.index);
          item(progress);
        },
        () => {
          client.offRoom(sendHeldBack);
          sendHeldBack();
          item(null);
        },
      );
    }
    if (!stop) item(null);
    return (
      stop &&
      (() => {
        client.offRoom(sendHeldBack);
        stop();
      })
    );
  },
};

/** Returns the function that stops it. Throws the error that the client is to get. */
export function subscribe(method: string, asked: Asked): (() => void) | undefined {
  if (!Object.hasOwn(SUBSCRIBERS, method)) throw new ProtocolError(`unknown subscription "${method}"`);
  // The line above has checked it. The types of answer and items are the subscriber's business.
  const subscriber = SUBSCRIBERS[method as keyof Subscriptions] as Subscriber<keyof Subscriptions>;
  const { client, number } = asked;
  return subscriber(
    asked,
    (answer) => client.json(FromHost.response, number, answer),
    (item) => client.json(FromHost.item, number, item),
  );
}

/** As fast as they are read: what a slow client has not taken waits on disk. */
function sendLogs(
  { services: { logs }, client }: Asked,
  filter: LogSubscription,
  item: (value: LogEntry | null) => void,
): () => void {
  const { limit, follow } = filter;
  let after = filter.after ?? 0;
  let behind = limit === undefined;
  const send = (entry: LogEntry): void => {
    item(entry);
    after = entry.sequence;
  };
  if (limit !== undefined) {
    for (const entry of logs.newest(filter, limit)) send(entry);
    after = logs.last;
  }
  const catchUp = (): void => {
    while (behind && !client.full) {
      const { entries, more } = logs.page({ ...filter, after });
      for (const entry of entries) send(entry);
      behind = more;
    }
    if (behind) client.onRoom(catchUp);
    else if (!follow) item(null);
  };
  const stop = follow
    ? logs.follow(filter, (entry) => {
        if (behind) return;
        behind = client.full;
        if (behind) client.onRoom(catchUp);
        else send(entry);
      })
    : undefined;
  catchUp();
  return () => {
    behind = false;
    stop?.();
    client.offRoom(catchUp);
  };
}
