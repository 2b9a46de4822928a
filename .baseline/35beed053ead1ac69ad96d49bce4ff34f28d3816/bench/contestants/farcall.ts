/**
 * farcall's client for the trivial app (support/trivial-app.ts). Arguments: the method that `throughput` measures (`map` by
 * default, `spawnMap`, or `slowMap`: texts of 1 KB and a consumer that pauses) and the function (`increment` by default).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { importFarcall } from "../support/project.ts";
import { serve } from "./serve.ts";

const [method = "map", name = "increment"] = process.argv.slice(2);
const farcall = await importFarcall();
const increment = farcall.Function.fromName<[x: number], number>("trivial", name);

async function map(count: number): Promise<undefined> {
  let sum = 0;
  for await (const value of increment.map(numbers(count))) sum += value;
  if (sum !== (count * (count + 1)) / 2) throw new Error(`${count} results are wrong: ${sum}`);
  return undefined;
}

/** Counts only the time until the inputs are durable; it then awaits the results, so that the next contestant has the machine to itself. */
async function spawnMap(count: number): Promise<number> {
  const start = performance.now();
  const call = await increment.spawnMap(numbers(count));
  const seconds = (performance.now() - start) / 1000;
  let results = 0;
  for await (const _ of call.iter()) results++;
  if (results !== count) throw new Error(`${results} results of ${count} inputs`);
  return seconds;
}

async function slowMap(count: number): Promise<undefined> {
  const pass = farcall.Function.fromName<[text: string], string>("trivial", "pass");
  let results = 0;
  for await (const text of pass.map(texts(count))) {
    if (text.length !== TEXT_LENGTH) throw new Error(`a result has ${text.length} characters`);
    if (++results % PAUSE_EVERY === 0) await sleep(PAUSE_MS);
  }
  if (results !== count) throw new Error(`${results} results of ${count} inputs`);
  return undefined;
}

const TEXT_LENGTH = 1024;
/** Half as fast as it could be, or slower. */
const PAUSE_EVERY = 1000;
const PAUSE_MS = 20;

function* texts(count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield String(i).padStart(TEXT_LENGTH, "x");
}

function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

/** Longer than a blank process takes to be ready, in milliseconds. */
const SPARE_MS = 700;

const prepare: Record<string, () => Promise<void>> = {
  /** The host has had time to make a blank process ready. */
  async incrementCold() {
    while ((await increment.getCurrentStats()).numTotalRunners > 0) await sleep(10);
    await sleep(SPARE_MS);
  },
  /** Another function has just taken it. */
  async incrementColder() {
    await prepare["incrementCold"]!();
    await farcall.Function.fromName<[x: number], number>("trivial", "incrementCold").remote(1);
  },
};

serve({
  ...(name in prepare && { prepare: prepare[name]! }),
  one: (x) => increment.remote(x),
  many: { map, spawnMap, slowMap }[method] ?? map,
  close: () => undefined,
});
