/** A durable call at home at a worker, with a store whose answers come when the test says so. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CallSink } from "../../../src/engine/index.ts";
import type { Connection } from "../../../src/engines/nats/connection.ts";
import { type CallStore, type Ended, OutputReader, type StoredCall } from "../../../src/engines/nats/durable/index.ts";
import type { Source } from "../../../src/engines/nats/source/index.ts";
import { Home } from "../../../src/engines/nats/worker/home.ts";

const call = { accepted: { id: "fc-1", numInputs: 2 }, inputs: Buffer.alloc(0), isStreamed: false } as StoredCall;

test("no outcome is left out of a call that ends while its first outcome waits to be streamed", async () => {
  const streamed: Uint8Array[] = [];
  const connection = {
    now: () => Date.now(),
    append: async (_: string, bytes: Uint8Array) => void streamed.push(Buffer.from(bytes)),
  } as unknown as Connection;
  const begun = Promise.withResolvers<void>();
  const mayBegin = Promise.withResolvers<void>();
  let ended: { record: Ended; outputs: Uint8Array } | undefined;
  const store = {
    async stream() {
      begun.resolve();
      await mayBegin.promise;
      return !ended;
    },
    async end(_: string, record: Ended, outputs: Uint8Array) {
      ended ??= { record, outputs };
      return true;
    },
    async *inputs() {},
  } as unknown as CallStore;
  const opened = Promise.withResolvers<CallSink>();
  const source = {
    open(_: unknown, given: CallSink) {
      opened.resolve(given);
      return { over: false, put() {}, drained: async () => {}, end: async () => "", stop() {} };
    },
  } as unknown as Source;

  const running = new Home({ connection, store, source, call }).run();
  const sink = await opened.promise;
  sink.output({ kind: "result", index: 0, payload: Buffer.from("a") });
  await begun.promise;
  sink.output({ kind: "result", index: 1, payload: Buffer.from("b") });
  await sleep(10);
  mayBegin.resolve();
  expect(await running).toBe(true);

  const reader = new OutputReader(connection, "fc-1");
  const told = [...streamed, ended!.outputs].flatMap((bytes) => reader.parse(Buffer.from(bytes)));
  expect(told.map(({ index }) => index)).toEqual([0, 1]);
});
