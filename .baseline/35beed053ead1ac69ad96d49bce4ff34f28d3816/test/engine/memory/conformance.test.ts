import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { conformance } from "../conformance/index.ts";
import { MemoryWorld, memoryEngine } from "./engine.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

conformance("memory", {
  scratch: () => scratch,
  skip: {
    deploy: "apps are installed by the test, not by farcall",
    monitor: "it keeps no record for people who look",
    idempotency: "it does not know keys",
    delays: "an input runs as soon as it comes",
    progress: "its context has no progress",
    arguments: "it keeps no arguments",
    trace: "it does not carry trace context",
    backpressure: "a generator runs ahead of its reader",
    containers: "functions run in the process of the test",
    limits: "an input runs as soon as it comes",
    interruption: "there is no connection that could break",
    expiry: "its results last as long as the process",
    bytes: "JSON has no bytes",
  },
  create: async () => {
    const world = new MemoryWorld();
    const engine = memoryEngine(world);
    return {
      engine,
      another: () => memoryEngine(world),
      prepare: async (app) => world.install(app),
      async interrupt() {},
      [Symbol.asyncDispose]: () => engine.close(),
    };
  },
});
