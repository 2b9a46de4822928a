import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Tests wait for processes more than they compute: more of them than cores keep the cores busy.
    maxWorkers: 3,
    maxConcurrency: 2,
    globalSetup: ["test/support/global.ts"],
  },
});
