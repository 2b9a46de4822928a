import { defineConfig } from "vitest/config";
import { LeftOut } from "./test/support/left-out.ts";
import { LongestFirst } from "./test/support/longest-first.ts";
import { measureSlowness } from "./test/support/slowness.ts";
import { startBuilt } from "./test/support/start-built.ts";

// Before the limits are computed, here and in the workers.
process.env["FARCALL_TEST_SLOWNESS"] ??= String(measureSlowness());
const { CONDITION_MS, TEST_MS } = await import("./test/support/limits.ts");

/** Where .ci/run wants the figures. */
const report = process.env["FARCALL_TEST_REPORT"];

/**
 * Tests of functions without effects: no process, host or global state. Files of this list share their workers, so that what they
 * import is loaded once, the compilers above all, with the declarations that these have read.
 */
const PURE = [
  "test/*.test.ts",
  "test/{bench,introspect,schema,text,wire}/**/*.test.ts",
  "test/codegen/wrap.test.ts",
  "test/engines/modal/codec.test.ts",
  "test/pool/autoscaler.test.ts",
  "test/runtime/app.test.ts",
];

const common = {
  testTimeout: TEST_MS,
  hookTimeout: TEST_MS,
  teardownTimeout: CONDITION_MS,
  expect: { poll: { timeout: CONDITION_MS } },
  pool: "forks",
  maxConcurrency: 2,
} as const;

export default defineConfig({
  test: {
    projects: [
      { plugins: [startBuilt], test: { ...common, name: "pure", include: PURE, isolate: false } },
      { plugins: [startBuilt], test: { ...common, name: "isolated", include: ["test/**/*.test.ts"], exclude: PURE } },
    ],
    // Tests wait for processes more than they compute: more of them than cores keep the cores busy.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    reporters: [...(report ? ["json"] : []), new LeftOut(), "default"],
    ...(report && { outputFile: { json: report } }),
    globalSetup: ["test/support/global.ts"],
  },
});
