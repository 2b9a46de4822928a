/** What the host tells people who come to look afterwards: how often an input was begun, and how busy functions were. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Engine } from "../../../src/engine/index.ts";
import { localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";

const body = `
import { existsSync } from "node:fs";
export const third = app.function(function third(n) {
  if (context().attempt < n) throw new Error("attempt " + context().attempt);
  return context().attempt;
});
export const gate = app.function(async function gate(file) {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
});
export const other = app.function(function other() {});`;

let home: TemporaryHome;
let engine: Engine;
let app: Driver;

beforeEach(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  const retries = { maxRetries: 2, initialDelayMs: 1, backoffCoefficient: 1, maxDelayMs: 1 };
  const functions = { third: { options: { retries } }, gate: {}, other: {} };
  await engine.deployer!.deploy(deployment("looked", body, functions));
  app = new Driver(engine, "looked");
});

afterEach(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
});

test("says how often each input was begun, kept on disk or not, and after a restart of the host", async () => {
  const { handle, outcomes } = app.call("third", [[0], [2], [9]]);
  await outcomes;
  const id = await app.spawn("third", [[0], [2], [9]]);
  await app.get(id, 3);
  const attempts = async (call: string) => (await engine.monitor!.inputs(call, {})).map((input) => input.attempts);
  expect(await attempts(handle.id)).toEqual([undefined, 3, 3]);
  expect(await attempts(id)).toEqual([undefined, 3, 3]);
  await engine.close();
  await stopHost(home.url, { force: true });
  engine = localEngine(home.url);
  expect(await attempts(id)).toEqual([undefined, 3, 3]);
});

test("remembers how busy a function was before anybody looked", async () => {
  const file = join(home.path, "gate");
  const { outcomes } = app.call("gate", [[file]]);
  const recent = (name: string) => engine.monitor!.recentStats!(app.ref(name));
  const running = async (name: string) => (await recent(name)).map((sample) => sample.numRunningInputs);
  await expect.poll(() => running("gate"), patient).toContain(1);
  writeFileSync(file, "");
  await outcomes;
  await expect.poll(async () => (await running("gate")).at(-1), patient).toBe(0);
  const samples = await recent("gate");
  expect(samples.some(({ numRunningInputs }) => numRunningInputs === 1)).toBe(true);
  const times = samples.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(await running("other")).not.toContain(1);
});
