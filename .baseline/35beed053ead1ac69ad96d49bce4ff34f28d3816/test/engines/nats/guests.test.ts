/** What sources send to a worker, without servers. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Msg } from "../../../src/engines/nats/connection.ts";
import { FrameBuffer } from "../../../src/engines/nats/frames.ts";
import { Pair, ToSource, ToWorker } from "../../../src/engines/nats/pairs/index.ts";
import type { GuestCall } from "../../../src/engines/nats/worker/guest-call.ts";
import { Guests, type GuestsOptions } from "../../../src/engines/nats/worker/guests.ts";
import { WorkerUnit } from "../../../src/engines/nats/worker/unit.ts";
import { CallHeaderWriter } from "../../../src/wire/call-header.ts";
import { deployment } from "../../engine/deployment.ts";

const headers = new CallHeaderWriter();
const header = {
  function: { app: "app", environment: "main", name: "f", version: 1 },
  method: "map",
  durable: false,
};
const unitWith = (maxContainers: number) =>
  new WorkerUnit({
    name: "unit",
    pool: () => ({ maxContainers, ready: 0, paceMs: undefined }),
    capacity: 1,
    extra: undefined,
    pull() {},
  });

test("a call that there is no room for leaves nothing behind", async () => {
  const { manifest } = deployment("app", "export const f = app.function(function f(n) { return n; });", { f: {} });
  const unit = unitWith(1);
  let open = 0;
  const pool = { opened: () => open++, closed: () => open--, enqueue() {} };
  let known: unknown;
  const guests = new Guests({
    connection: { publish() {} },
    id: "worker",
    versions: { known: () => known, isAhead: () => false, load: () => new Promise(() => {}) },
    deployed: () => ({}),
    pools: { of: () => pool },
    units: () => ({ open: () => unit, get: () => unit }),
  } as unknown as GuestsOptions);
  const offer = (call: number, inputs: number) => {
    const frames = new FrameBuffer();
    frames.write(ToWorker.call, call, 0, headers.write(`fc-${call}`, header));
    for (let index = 0; index < inputs; index++) frames.write(ToWorker.input, call, index, new Uint8Array(1));
    guests.onOffer("unit", { data: frames.take(), reply: `fc1.s.-.source.o.${call}` } as unknown as Msg);
  };
  unit.gained(1);
  offer(1, 2);
  expect(guests.isIdle).toBe(true);
  known = { app: "app", environment: "main", version: 1, manifest };
  offer(2, 2);
  expect(guests.isIdle).toBe(true);
  expect(open).toBe(0);
  unit.lost(1);
  offer(3, 2);
  expect(guests.isIdle).toBe(false);
  expect(open).toBe(1);
});

test("inputs of a call that come in several groups while its version is loaded are all run", async () => {
  const { manifest } = deployment("app", "export const f = app.function(function f(n) { return n; });", { f: {} });
  const loading = Promise.withResolvers<unknown>();
  const unit = unitWith(1);
  let enqueued = 0;
  const pool = { opened() {}, enqueue: (_: unknown, count: number) => (enqueued += count) };
  const guests = new Guests({
    connection: { publish() {} },
    id: "worker",
    versions: { known: () => undefined, isAhead: () => false, load: () => loading.promise },
    deployed: () => ({}),
    pools: { of: () => pool },
    units: () => ({ open: () => unit }),
  } as unknown as GuestsOptions);
  const source = new Pair({
    send: (data) => guests.onMessage("source", { data } as Msg),
    onFrame() {},
  });
  for (const group of [[0], [1, 2], [3]]) {
    source.writer.write(ToWorker.call, 1, 0, headers.write("fc-1", header));
    for (const index of group) source.writer.write(ToWorker.input, 1, index, new Uint8Array(1));
    source.writer.flush();
  }
  loading.resolve({ app: "app", environment: "main", version: 1, manifest });
  await turn();
  expect(enqueued).toBe(4);
});

test("an input is given back when its call has ended here between the call's header and the input", async () => {
  const { manifest } = deployment("app", "export const f = app.function(function f(n) { return n; });", { f: {} });
  const unit = unitWith(1);
  const version = { app: "app", environment: "main", version: 1, manifest };
  let call: GuestCall | undefined;
  const pool = { opened() {}, closed() {}, enqueue: (each: GuestCall) => (call = each) };
  const heard: { type: number; index: number }[] = [];
  const guests: Guests = new Guests({
    connection: { publish: (_: string, data: Uint8Array) => void source.receive(data) },
    id: "worker",
    versions: { known: () => version, isAhead: () => false },
    deployed: () => ({}),
    pools: { of: () => pool },
    units: () => ({ open: () => unit, get: () => unit }),
  } as unknown as GuestsOptions);
  const source = new Pair({
    send: (data) => guests.onMessage("source", { data } as Msg),
    onFrame: ({ type, index }) => void heard.push({ type, index }),
  });
  const write = (index: number) => {
    source.writer.write(ToWorker.call, 1, 0, headers.write("fc-1", header));
    source.writer.write(ToWorker.input, 1, index, new Uint8Array(1));
  };
  write(0);
  // A large input begins in another message than the header before it.
  source.writer.write(ToWorker.call, 1, 0, headers.write("fc-1", header));
  source.writer.flush();
  call!.outcome(call!.take()!, "result", new Uint8Array(1));
  source.writer.write(ToWorker.input, 1, 1, new Uint8Array(1));
  source.writer.flush();
  await turn();
  expect(heard.filter(({ type }) => type !== ToSource.room)).toEqual([
    { type: ToSource.result, index: 0 },
    { type: ToSource.back, index: 1 },
  ]);
});
