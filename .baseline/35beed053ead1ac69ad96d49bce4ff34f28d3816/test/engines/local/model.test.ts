/**
 * Random operations on a real engine, with its host and containers killed in between, against a model of what was promised.
 * A failure is shrunk to the shortest list of operations that shows it; FARCALL_TEST_SEED repeats a run, FARCALL_MODEL_RUNS
 * makes more of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "vitest";
import { Client } from "../../../src/runtime/index.ts";
import "../../../src/engines/index.ts";
import { temporaryHome } from "../../support/home.ts";
import { TEST_MS } from "../../support/limits.ts";
import { commands, deploy, Model, type Real, settleAll } from "./model/commands.ts";

const RUNS = Number(process.env["FARCALL_MODEL_RUNS"]) || 1;
const SEED = Number(process.env["FARCALL_TEST_SEED"]) || undefined;
const LENGTH = 30;

test(
  "whatever is done, calls give what they were promised to give",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: LENGTH, size: "max" }), async (list) => {
        await using home = await temporaryHome();
        const folder = mkdtempSync(join(tmpdir(), "fc-"));
        const clients = [new Client({ engine: home.url }), new Client({ engine: home.url })] as const;
        const real: Real = { url: home.url, folder, clients };
        const model = new Model();
        try {
          await deploy(real, 0);
          await fc.asyncModelRun(() => ({ model, real }), list);
          await settleAll(model, real);
        } finally {
          await Promise.all(clients.map((client) => client.close()));
          rmSync(folder, { recursive: true });
        }
      }),
      {
        numRuns: RUNS,
        ...(SEED !== undefined && { seed: SEED }),
        endOnFailure: process.env["FARCALL_MODEL_SHRINK"] === "0",
      },
    );
  },
  // Shrinking takes many runs.
  RUNS * TEST_MS,
);
