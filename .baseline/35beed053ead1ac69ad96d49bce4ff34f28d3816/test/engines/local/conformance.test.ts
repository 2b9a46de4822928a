import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, vi } from "vitest";
import { hostStatus, localEngine } from "../../../src/engines/local/index.ts";
import { conformance } from "../../engine/conformance/index.ts";
import { temporaryHome } from "../../support/home.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

conformance("local", {
  scratch: () => scratch,
  create: async ({ retentionMs }) => {
    const home = await temporaryHome();
    const engine = localEngine(home.url);
    if (retentionMs !== undefined) {
      // The host has the environment of whoever starts it.
      vi.stubEnv("FARCALL_RETENTION_MS", String(retentionMs));
      await engine.registry.listApps();
      vi.unstubAllEnvs();
    }
    return {
      engine,
      another: () => localEngine(home.url),
      async interrupt() {
        process.kill((await hostStatus(home.url))!.pid, "SIGKILL");
      },
      async [Symbol.asyncDispose]() {
        await engine.close();
        await home[Symbol.asyncDispose]();
      },
    };
  },
});
