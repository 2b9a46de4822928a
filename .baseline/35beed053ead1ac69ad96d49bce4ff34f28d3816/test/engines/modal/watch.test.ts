/** Deploys on Modal as they are seen from outside: by looking again, less often when nothing happens. */
import { expect, test } from "vitest";
import type { DeployEvent } from "../../../src/engine/index.ts";
import { intervalAfter } from "../../../src/engines/modal/apps/watch.ts";
import { fn } from "./fake/index.ts";
import { setup } from "./setup.ts";

test("Modal is asked every two seconds after a change, and less often the longer nothing happens", () => {
  const minutes = (count: number) => intervalAfter(count * 60_000);
  expect([minutes(0), minutes(0.9), minutes(1), minutes(9), minutes(10), minutes(1000)]).toEqual([
    2000, 2000, 5000, 5000, 15000, 15000,
  ]);
});

test("a deploy, a rollback and a stop are events", { timeout: 60_000 }, async () => {
  await using modal = await setup();
  const app = modal.fake.deploy("shop", { add: fn(() => 1) });
  const stop = new AbortController();
  const ready = Promise.withResolvers<number>();
  const events: Omit<DeployEvent, "etag">[] = [];
  const watching = (async () => {
    const options = { signal: stop.signal, onReady: ready.resolve };
    for await (const { etag, ...event } of modal.engine.registry.watchDeploys(options)) {
      events.push(event);
      if (events.length === 1) await modal.fake.apps.rpcs.appRollback({ appId: app.id, version: 1 } as never);
      if (events.length === 2) await modal.fake.apps.rpcs.appStop({ appId: app.id } as never);
      if (events.length === 3) stop.abort();
    }
  })();
  expect(await ready.promise).toBe(0);
  modal.fake.deploy("shop", { add: fn(() => 2) });
  await watching;
  const where = { app: "shop", environment: "main" };
  expect(events).toEqual([
    { sequence: 1, kind: "deployed", ...where, version: 2 },
    { sequence: 2, kind: "deployed", ...where, version: 3 },
    { sequence: 3, kind: "removed", ...where, version: 3 },
  ]);
});
