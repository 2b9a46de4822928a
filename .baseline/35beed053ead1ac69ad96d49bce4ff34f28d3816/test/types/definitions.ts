/** The producer's side: what `app.function` returns. */
import { type AnyFunction, App, Function, type GeneratorFunction, type StubFactory, stubs } from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";

const app: App = new App("defs", { retries: 2 });

const length = app.function(async function length(text: string, scale?: number): Promise<number> {
  return text.length * (scale ?? 1);
});
const sync = app.function((a: number) => String(a), { name: "sync", timeoutMs: 5 });
const gen = app.function(function* gen(n: number) {
  yield n;
});
const asyncGen = app.function(async function* asyncGen(n: number) {
  yield String(n);
});
const generic = app.function(function first<T>(items: T[]): T | undefined {
  return items[0];
});
const untyped = app.function(function untyped(text: string) {
  return JSON.parse(text);
});
const list = app.function(function list(): string[] {
  return [];
});
const never = app.function(function never(): never {
  throw new Error();
});

// Written in place, a function's own defaults give its types, and what helpers return stays generic.
const defaults = app.function(({ width = 100, title = "x" } = {}) => `${title}${width}`, { name: "defaults" });
export const rendered: string = defaults.local() + defaults.local({ width: 5 });
// @ts-expect-error
defaults.local({ width: "5" });
function logged<F extends (...args: never[]) => unknown>(f: F): F {
  return f;
}
const helped = app.function(
  logged(<T>(items: T[]): T | undefined => items[0]),
  { name: "helped" },
);
const constant = app.function(() => 1, { name: "constant" });
expectType<Equal<ReturnType<typeof constant.remote>, Promise<number>>>(true);
export const helpedOne: number | undefined = helped.local([1]);

const localLength = length.local("a");
expectType<Equal<typeof localLength, Promise<number>>>(true);
expectType<Equal<ReturnType<typeof length.remote>, Promise<number>>>(true);
const localSync = sync.local(1);
expectType<Equal<typeof localSync, string>>(true);
expectType<Equal<ReturnType<typeof sync.remote>, Promise<string>>>(true);
expectType<Equal<ReturnType<typeof list.remote>, Promise<string[]>>>(true);
expectType<Equal<ReturnType<typeof never.remote>, Promise<never>>>(true);
const rawLength = length.getRawF();
expectType<Equal<typeof rawLength, (text: string, scale?: number) => Promise<number>>>(true);
export const one: number | undefined = generic.local([1]);
export const steps: Generator<number> = gen.local(1);
gen.remoteGen(1);
asyncGen.remoteGen(1);
untyped.remote("1");
export const asFunction: Function<[text: string, scale?: number], number> = length;
export const asGenerator: GeneratorFunction<[n: number], number> = gen;
export const any: AnyFunction = length;
export const anys: AnyFunction[] = [length, sync];

// @ts-expect-error a generator has no remote
gen.remote(1);
// @ts-expect-error a function has no remoteGen
length.remoteGen("a");
// @ts-expect-error wrong type
length.local(1);
// @ts-expect-error wrong type
length.remote(1);
// @ts-expect-error unknown option
app.function(() => 1, { name: "a", retrys: 2 });
// @ts-expect-error not a function
app.function(1);
// @ts-expect-error an app's defaults have no name
new App("x", { name: "y" });

// ---- by name ----

const named: Function<[text: string], number> = Function.fromName<[text: string], number>("text", "count");
named.remote("a");
export const inferred: Function<[text: string], number> = Function.fromName("text", "count");
// @ts-expect-error neither generated nor given types
Function.fromName("text", "count").remote("a");

declare module "../../src/runtime/apps.ts" {
  interface Apps {
    images: typeof import("./stubs.ts");
  }
}

const resize = Function.fromName("images", "resize");
expectType<Equal<typeof resize, typeof import("./stubs.ts").resize>>(true);
const frames = Function.fromName("images", "frames", { environment: "prod", version: 3 });
expectType<Equal<typeof frames, typeof import("./stubs.ts").frames>>(true);
// @ts-expect-error no such function
Function.fromName("images", "resise");
// @ts-expect-error no such app
Function.fromName("imags", "resize");
// @ts-expect-error an unknown option
Function.fromName("images", "resize", { env: "prod" });

// ---- assignability ----

const factory: StubFactory = stubs({ app: "a", environment: "main" });
const wide: Function<[value: string | number], "a"> = factory.function("wide", "s");
export const narrow: Function<[value: string], string> = wide;
// @ts-expect-error it would be called with numbers
export const widened: Function<[value: string | number | boolean], string> = wide;
// @ts-expect-error its result is wider
export const narrowed: Function<[value: string], "a"> = narrow;

declare const value: unknown;
if (value instanceof Function) {
  expectType<Equal<typeof value, AnyFunction>>(true);
}

// Batched: arrays where it is defined, items where it is called.
const embed = app.function(
  async (texts: readonly string[], widths: number[]): Promise<Date[]> => texts.map(() => new Date(widths[0]!)),
  {
    name: "embed",
    batch: { maxSize: 4, waitMs: 5 },
  },
);
expectType<Equal<ReturnType<typeof embed.remote>, Promise<Date>>>(true);
const embedded = embed.local(["a"], [1]);
expectType<Equal<typeof embedded, Promise<Date[]>>>(true);
embed.remote("a", 1);
embed.map(["a", "b"], [1, 2]);
export const asItems: Pick<Function<[texts: string, widths: number], Date>, "remote" | "spawn" | "map"> = embed;
export const batchedToo: AnyFunction = embed;
// @ts-expect-error an array where an item is due
embed.remote(["a"], [1]);
// @ts-expect-error an option of a function
new App("defaults", { batch: { maxSize: 4, waitMs: 5 } });
