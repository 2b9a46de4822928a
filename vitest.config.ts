import { defineConfig } from "vitest/config";
import { LeftOut } from "./test/support/left-out.ts";
import { measureSlowness } from "./test/support/slowness.ts";

// Before the limits are computed, here and in the workers.
process.env["FARCALL_TEST_SLOWNESS"] ??= String(measureSlowness());
const { CONDITION_MS, TEST_MS } = await import("./test/support/limits.ts");

/** Where .ci/run wants the figures. */
const report = process.env["FARCALL_TEST_REPORT"];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: TEST_MS,
    hookTimeout: TEST_MS,
    teardownTimeout: CONDITION_MS,
    expect: { poll: { timeout: CONDITION_MS } },
    pool: "forks",
    // Tests wait for processes more than they compute: more of them than cores keep the cores busy.
    maxWorkers: 3,
    maxConcurrency: 2,
    reporters: [...(report ? ["json"] : []), new LeftOut(), "default"],
    ...(report && { outputFile: { json: report } }),
    globalSetup: ["test/support/global.ts"],
  },
});
