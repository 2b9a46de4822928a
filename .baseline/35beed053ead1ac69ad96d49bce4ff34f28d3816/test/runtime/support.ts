/** An app of small functions, deployed to a real engine, and stubs for it whose calls are observed. */
import { afterAll, beforeAll } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import { App, Client, definitionsOf, Function, GeneratorFunction, withClient } from "../../src/runtime/index.ts";
import { deployment } from "../engine/deployment.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { WatchedEngine, type WatchOptions } from "../support/watched-engine.ts";

export const app = new App("work");

/** For `count`: it reports its progress in a file, since it runs in another process. */
declare const appendFileSync: (file: string, text: string) => void;

class QuotaError extends Error {
  override name = "QuotaError";
  limit = 3;
}

const defined = {
  double: app.function(function double(n: number) {
    return n * 2;
  }),
  add: app.function(function add(a: number, b = 10) {
    return a + b;
  }),
  nothing: app.function(function nothing(_n?: number): void {}),
  /** Resolves after this many milliseconds. */
  wait: app.function(async function wait(ms: number, value?: unknown) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return value;
  }),
  never: app.function(async function never(_n?: number): Promise<void> {
    await new Promise(() => {});
  }),
  /** Throws for odd numbers. */
  even: app.function(async function even(n: number) {
    await null;
    if (n % 2 === 1) throw new QuotaError(`${n} is odd`);
    return n;
  }),
  unserialisable: app.function(function unserialisable() {
    return { callback: () => 1 } as unknown;
  }),
  echo: app.function(function echo(...args: unknown[]) {
    return args;
  }),
  /** Writes "y" for each yield and "f" at the end into the file, when it is given one. */
  count: app.function(async function* count(to: number, failAt?: number, file?: string) {
    try {
      for (let n = 0; n < to; n++) {
        if (n === failAt) throw new RangeError(`at ${n}`);
        if (file) appendFileSync(file, "y");
        yield n;
      }
    } finally {
      if (file) appendFileSync(file, "f");
    }
  }),
  /** Goes on for ever. */
  trickle: app.function(async function* trickle() {
    for (let n = 0; ; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield n;
    }
  }),
  /** Sums its inputs; fails for those that are named, by the value of the first. */
  sum: app.function(async function sum(failing: number[], delays: number[], ...values: number[]) {
    const delay = delays[values[0]! % delays.length]!;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (failing.includes(values[0]!)) throw new QuotaError(`${values[0]} fails`);
    return values.reduce((total, value) => total + value, 0);
  }),
};

let home: TemporaryHome;
let real: Engine;

/** Call it once per test file: deploys the app to the file's own engine. */
export function useEngine(): void {
  beforeAll(async () => {
    home = await temporaryHome();
    real = localEngine(home.url);
    // All of an app's inputs at a time, so that those that never end hold nobody up.
    const options = { concurrency: { maxInputs: 2_000 }, maxContainers: 1 };
    const functions = definitionsOf(app, {}).map(({ name, mode, fn }) => ({ name, mode, code: String(fn) }));
    const body = [
      'import { appendFileSync } from "node:fs";',
      String(QuotaError).replace(/^class \w+/, "class QuotaError"),
      ...functions.map(({ name, code }) => `export const ${name} = app.function(${code});`),
      'export const page = app.web(function page() { return new Response("<p>"); });',
    ].join("\n");
    await real.deployer!.deploy(
      deployment("work", body, {
        ...Object.fromEntries(functions.map(({ name, mode }) => [name, { mode, options }])),
        page: { mode: "web" },
      }),
    );
  });

  afterAll(async () => {
    await real.close();
    await home[Symbol.asyncDispose]();
  });
}

/** A separate connection to the file's engine. */
export function watched(options: WatchOptions = {}): WatchedEngine {
  return new WatchedEngine(localEngine(home.url), options);
}

export function start(options: WatchOptions = {}) {
  const engine = new WatchedEngine(real, options);
  const client = new Client({ engine });
  const named = {
    double: Function.fromName<[n: number], number>("work", "double"),
    add: Function.fromName<[a: number, b?: number], number>("work", "add"),
    count: Function.fromName<[n: number], number>("work", "count"),
    page: Function.fromName<[], string>("work", "page"),
    missing: Function.fromName<[n: number], number>("work", "missing"),
    gen: GeneratorFunction.fromName<[to: number], number>("work", "count"),
  };
  return {
    engine,
    client,
    defined: withClient(client, defined),
    /** Known by name only. */
    named: withClient(client, named),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
