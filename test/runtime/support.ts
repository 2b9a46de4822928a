/** An app of small functions, and stubs of it that call an engine in this process. */
import { App, Client, Function, GeneratorFunction, withClient } from "../../src/runtime/index.ts";
import { InProcessEngine, type InProcessOptions } from "../support/in-process-engine.ts";

export const app = new App("work");

/** What user code has done, for tests to look at. */
export const seen = { ran: [] as number[], finallyRan: 0, yielded: 0 };

class QuotaError extends Error {
  override name = "QuotaError";
  limit = 3;
}

const defined = {
  double: app.function(function double(n: number) {
    seen.ran.push(n);
    return n * 2;
  }),
  add: app.function(function add(a: number, b = 10) {
    return a + b;
  }),
  nothing: app.function(function nothing(_n?: number): void {}),
  /** Answers after so many milliseconds. */
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
  count: app.function(async function* count(to: number, failAt?: number) {
    try {
      for (let n = 0; n < to; n++) {
        if (n === failAt) throw new RangeError(`at ${n}`);
        seen.yielded++;
        yield n;
      }
    } finally {
      seen.finallyRan++;
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
  page: app.function(function page() {
    return "<p>";
  }),
};

export function start(options: InProcessOptions = {}) {
  const engine = new InProcessEngine(app, {}, { modes: { page: "web" }, ...options });
  const client = new Client({ engine });
  seen.ran = [];
  seen.finallyRan = 0;
  seen.yielded = 0;
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
