/** What sources send to a worker, without servers. */
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Msg } from "../../../src/engines/nats/connection.ts";
import { Pair, ToWorker } from "../../../src/engines/nats/pairs/index.ts";
import { Guests, type GuestsOptions } from "../../../src/engines/nats/worker/guests.ts";
import { WorkerUnit } from "../../../src/engines/nats/worker/unit.ts";
import { CallHeaderWriter } from "../../../src/wire/call-header.ts";
import { deployment } from "../../engine/deployment.ts";

test("inputs of a call that come in several groups while its version is loaded are all run", async () => {
  const { manifest } = deployment("app", "export const f = app.function(function f(n) { return n; });", { f: {} });
  const loading = Promise.withResolvers<unknown>();
  const unit = new WorkerUnit({
    name: "unit",
    pool: () => ({ maxContainers: 1, ready: 0, paceMs: undefined }),
    capacity: 1,
    extra: undefined,
    pull() {},
  });
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
  const headers = new CallHeaderWriter();
  const header = {
    function: { app: "app", environment: "main", name: "f", version: 1 },
    method: "map",
    durable: false,
  };
  for (const group of [[0], [1, 2], [3]]) {
    source.writer.write(ToWorker.call, 1, 0, headers.write("fc-1", header));
    for (const index of group) source.writer.write(ToWorker.input, 1, index, new Uint8Array(1));
    source.writer.flush();
  }
  loading.resolve({ app: "app", environment: "main", version: 1, manifest });
  await turn();
  expect(enqueued).toBe(4);
});
