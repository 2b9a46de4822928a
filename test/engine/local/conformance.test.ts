import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { localEngine } from "../../../src/engine/local/index.ts";
import { temporaryHome } from "../../support/home.ts";
import { conformance } from "../conformance.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

conformance(
  "local",
  async () => {
    const home = await temporaryHome();
    const engine = localEngine(home.url);
    return {
      engine,
      another: () => localEngine(home.url),
      async [Symbol.asyncDispose]() {
        await engine.close();
        await home[Symbol.asyncDispose]();
      },
    };
  },
  () => scratch,
);
