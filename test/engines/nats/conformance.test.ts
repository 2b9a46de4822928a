import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { conformance } from "../../engine/conformance/index.ts";
import { Cluster } from "./cluster.ts";
import { LEFT_OUT } from "./server.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe.skipIf(LEFT_OUT)(`on one server with one worker${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  conformance("nats", {
    scratch: () => scratch,
    create: async ({ retentionMs }) => {
      const env = retentionMs === undefined ? {} : { FARCALL_RETENTION_MS: String(retentionMs) };
      const cluster = await Cluster.start({ env });
      const engine = cluster.engine();
      return {
        engine,
        another: () => cluster.engine(),
        async interrupt() {
          await cluster.interrupt();
        },
        async [Symbol.asyncDispose]() {
          await engine.close();
          await cluster[Symbol.asyncDispose]();
        },
      };
    },
  });
});
