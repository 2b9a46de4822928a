/**
 * The apps that the suite calls: what is registered about each function, and what it does, in JavaScript. An engine with a
 * deployer has them deployed as they are; for another the engine's own test prepares equivalents.
 */
import type { DeployRequest } from "../../../src/engine/index.ts";
import type { ClassSchema } from "../../../src/schema/index.ts";
import { deployment, type HandMadeFunction } from "../deployment.ts";

export interface TestApp {
  name: string;
  /** Default: main. */
  environment?: string;
  /** JavaScript that registers the functions; `app` and `context` are there. */
  body: string;
  /** By name; of methods with their class before: `Counter.add`. */
  functions: Record<string, HandMadeFunction>;
  classes?: ClassSchema[];
  secrets?: Record<string, string>;
}

export function requestOf({ name, body, functions, environment, classes, secrets }: TestApp): DeployRequest {
  return deployment(name, body, functions, {
    ...(environment !== undefined && { environment }),
    ...(classes && { classes }),
    ...(secrets && { secrets }),
  });
}

/** An app of one function whose body does not matter. */
export function small(name: string, fn: string): TestApp {
  return { name, body: `export const ${fn} = app.function(function ${fn}() {});`, functions: { [fn]: {} } };
}

export const work: TestApp = {
  name: "work",
  body: `
import { writeFileSync, readFileSync, existsSync, appendFileSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Counts across containers. */
const bump = (file) => { appendFileSync(file, "x"); return readFileSync(file).length; };
export const add = app.function(async function add(a, b) { return a + b; });
export const fail = app.function(function fail(text) { throw new RangeError(text); });
export const slow = app.function(async function slow(ms, value) { await sleep(ms); return value; });
const gate = async (file) => { while (!existsSync(file)) await sleep(5); };
export const apart = app.function(async function apart(file) { await gate(file); return process.pid; });
export const together = app.function(async function together(file) { await gate(file); return process.pid; });
export const count = app.function(async function* count(n) { for (let i = 0; i < n; i++) yield i; });
export const guarded = app.function(async function* guarded(file) { try { for (let i = 0; ; i++) yield i; } finally { writeFileSync(file, "cleaned"); } });
export const flaky = app.function(function flaky(file, failures) { const n = bump(file); if (n <= failures) throw new Error("attempt " + n); return n; });
export const late = app.function(function late(file) { const n = bump(file); return n === 1 ? new Promise(() => {}) : n; });
export const lateBeside = app.function(async function lateBeside(file) { const { attempt } = context(); appendFileSync(file, "x"); await sleep(attempt === 0 ? 400 : 0); return attempt; });
export const spin = app.function(function spin() { for (;;); });
export const never = app.function(async function never() { await new Promise((resolve) => context().signal.addEventListener("abort", resolve)); return "stopped"; });
export const crashOnce = app.function(function crashOnce(file, value) { if (!existsSync(file)) { writeFileSync(file, ""); process.exit(7); } return value; });
export const crash = app.function(function crash(file) { bump(file); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); });
export const mixed = app.function(function mixed(i) { if (i === 13) process.exit(1); return i; });
export const hog = app.function(function hog() { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); });
export const say = app.function(async function say(text) { console.log(text); return text; });
export const environment = app.function(function environment() { return [process.env.COLOUR, process.env.TOKEN, process.env.OTHER]; });
export const identity = app.function(function identity(x) { return x; });
export const where = app.function(function where() { const { callId, version, attempt } = context(); return { callId, version, attempt }; });
export const survivor = app.function(function survivor() { const { attempt } = context(); if (attempt < 2) process.exit(7); return attempt; });
export const Counter = app.class(class Counter {
  id = process.pid + " " + Math.random();
  constructor(start) { this.count = start; }
  enter() { this.entered = true; }
  add(n) { this.count += n; return { id: this.id, entered: this.entered, count: this.count, method: context().function }; }
  whoami() { return this.id; }
  *upTo(n) { while (this.count < n) yield this.count++; }
});
`,
  functions: {
    add: {},
    fail: {},
    slow: { options: { maxContainers: 4 } },
    apart: { options: { maxContainers: 3 } },
    together: { options: { concurrency: { maxInputs: 8 }, maxContainers: 1 } },
    count: { mode: "generator" },
    guarded: { mode: "generator" },
    flaky: { options: { retries: { maxRetries: 3, backoffCoefficient: 1, initialDelayMs: 5, maxDelayMs: 5 } } },
    late: {
      options: { timeoutMs: 150, retries: { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 } },
    },
    lateBeside: {
      options: {
        timeoutMs: 150,
        maxContainers: 1,
        concurrency: { maxInputs: 4 },
        retries: { maxRetries: 3, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 },
      },
    },
    spin: { options: { timeoutMs: 200 } },
    never: {},
    crashOnce: {},
    crash: { options: { maxContainers: 1 } },
    mixed: { options: { maxContainers: 2 } },
    hog: { options: { memoryMiB: 32 } },
    say: {},
    environment: { options: { env: { COLOUR: "green" }, secrets: ["TOKEN"] } },
    identity: {},
    where: {},
    survivor: {},
    "Counter.add": { options: { maxContainers: 1 } },
    "Counter.whoami": { options: { maxContainers: 1 } },
    "Counter.upTo": { mode: "generator", options: { maxContainers: 1 } },
  },
  classes: [
    {
      name: "Counter",
      constructors: [{ parameters: [{ name: "start", type: { kind: "primitive", name: "number" } }] }],
      signature: "signature of Counter",
    },
  ],
  secrets: { TOKEN: "t", OTHER: "o" },
};

export const kept: TestApp = {
  name: "kept",
  body: `
import { existsSync, writeFileSync } from "node:fs";
const gate = async (file) => { while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5)); };
export const add = app.function(function add(a, b) { return a + b; });
export const identity = app.function(function identity(x) { return x; });
export const together = app.function(async function together(file) { await gate(file); return "through"; });
export const apart = app.function(async function apart(file) { await gate(file); });
export const halve = app.function(function halve(n) { if (n % 2) throw new RangeError("odd"); return n / 2; });
export const never = app.function(async function never() { await new Promise(() => {}); });
export const say = app.function(function say(text) { console.log(text); });
export const steps = app.function(async function steps(file) { context().progress(0.5, "half"); await gate(file); context().progress(1); });
export const mark = app.function(function mark(file) { writeFileSync(file, ""); });
`,
  functions: {
    add: {},
    identity: {},
    together: { options: { concurrency: { maxInputs: 8 }, maxContainers: 1 } },
    apart: { options: { maxContainers: 3 } },
    halve: {},
    never: {},
    say: {},
    steps: { options: { concurrency: { maxInputs: 2 } } },
    mark: {},
  },
};
