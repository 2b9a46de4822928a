/** Setting servers up. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { initializeNats } from "../../../src/engines/nats/index.ts";
import { patient } from "../../support/limits.ts";
import { LEFT_OUT, NatsServer, urlOf } from "./server.ts";

describe.skipIf(LEFT_OUT)(`setting servers up${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  test("waits for servers of a cluster that have only just been started", patient, async () => {
    const servers = await NatsServer.startCluster(3);
    try {
      await servers[2]!.kill();
      // Until the others know that it is gone.
      await sleep(2_000);
      const done = initializeNats(urlOf(servers), { replicas: 3 });
      await sleep(500);
      await servers[2]!.start();
      expect((await done).every(({ action }) => action === "create")).toBe(true);
    } finally {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  });
});
