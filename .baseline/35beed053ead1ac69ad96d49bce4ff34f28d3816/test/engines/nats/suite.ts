/** The conformance suite on real servers and workers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { conformance } from "../../engine/conformance/index.ts";
import { Cluster } from "./cluster.ts";
import { Secured } from "./secured.ts";
import { LEFT_OUT } from "./server.ts";

interface Size {
  servers: number;
  workers: number;
}

/** @param size `secured`: one server that lets each user do what its role is for */
export function natsConformance(title: string, size: Size | { secured: true }): void {
  const scratch = mkdtempSync(join(tmpdir(), "fc-"));
  afterAll(() => rmSync(scratch, { recursive: true }));
  describe.skipIf(LEFT_OUT)(`${title}${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
    conformance("nats", {
      scratch: () => scratch,
      create: async ({ retentionMs }) => {
        const env = retentionMs === undefined ? {} : { FARCALL_RETENTION_MS: String(retentionMs) };
        const cluster = "secured" in size ? await Secured.start({ env }) : await Cluster.start({ ...size, env });
        const engine = cluster.engine();
        return {
          engine,
          another: () => cluster.engine(),
          interrupt: () => cluster.interrupt(),
          async [Symbol.asyncDispose]() {
            await engine.close();
            await cluster[Symbol.asyncDispose]();
          },
        };
      },
    });
  });
}
