/** Calls by name whose arguments say little: what may be anything, spread lists, type parameters. They have to choose the right form. */
import {
  type AnyFunction,
  callOptions,
  type Function,
  type GeneratorFunction,
  type Keywords,
  kwargs,
} from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";
import { tokenize, total, type train } from "./stubs.ts";

const limits = callOptions({ timeoutMs: 5 });
// biome-ignore lint/suspicious/noExplicitAny: this is what is tested
declare const anything: any;
declare const nothing: never;

// ---- anything ----

tokenize.remote(anything);
tokenize.remote(anything, "en");
tokenize.remote("a", anything, limits);
tokenize.remote(anything, anything, kwargs({ lower: true }));
tokenize.remote(JSON.parse("1"), kwargs({ language: "en" }));
tokenize.remote(nothing, "en");
tokenize.map(anything, { kwargs: { language: "en" } });
tokenize.map(anything, anything);
tokenize.map(["a"], anything, { kwargs: { lower: true } });
tokenize.starmap(anything, { kwargs: { lower: true } });
total.remote("a", anything, 2);
total.remote(anything, anything, kwargs({ scale: 2 }));

// ---- lists ----

declare const pair: [string, string];
declare const optional: [text: string, language?: string];
declare const numbers: number[];
tokenize.remote(...pair);
tokenize.remote(...pair, kwargs({ lower: true }));
tokenize.remote(...optional);
total.remote("a", ...numbers);
total.remote("a", ...numbers, kwargs({ scale: 2 }));
total.remote("a", ...numbers, limits);
declare const parameters: Parameters<typeof tokenize.remote>;
tokenize.remote(...parameters);
expectType<Equal<Parameters<typeof train.remote>[1], number>>(true);
expectType<Equal<Awaited<ReturnType<typeof tokenize.remote>>, string[]>>(true);

// ---- iterables and options ----

declare const stream: AsyncGenerator<string>;
declare const inputs: AsyncGenerator<[string]>;
declare const options: { kwargs: { lower: boolean } } | undefined;
declare const open: [string, string?][];
declare const cases: readonly (readonly [string, string])[];
tokenize.map(stream, stream);
tokenize.map(new Set(["a"]), { kwargs: { lower: true }, orderOutputs: false });
tokenize.map(["a"], options);
tokenize.map(["a"], undefined);
tokenize.map(["a"], undefined, { kwargs: { lower: true } });
tokenize.starmap([["a"], ["b", "en"]], { kwargs: { lower: true } });
tokenize.starmap(inputs, { kwargs: { language: "en" } });
tokenize.starmap(open);
tokenize.starmap(cases);

// ---- type parameters ----

export function ask<T extends string>(text: T): Promise<string[]> {
  return tokenize.remote(text);
}
export function askLower<T extends string>(text: T): Promise<string[]> {
  return tokenize.remote(text, kwargs({ lower: true }));
}
export function askAll<T extends string>(texts: T[]): AsyncIterable<string[]> {
  return tokenize.map(texts, { kwargs: { lower: true } });
}
export function askEach<T extends Iterable<string> & object>(texts: T): AsyncIterable<string[]> {
  return tokenize.map(texts, texts);
}
export const some: AnyFunction = tokenize;
export const bound: unknown = tokenize.remote.bind(tokenize);

// ---- values keep what the parameters say of them ----

declare const draw: Function<
  [mode: "a" | "b", box: { kind: "x" | "y"; at: [number, number] }, many?: readonly ("p" | "q")[]],
  { ok: true },
  Keywords<["mode", "box", "many"], { size?: "s" | "l" }>
>;
draw.remote("a", { kind: "x", at: [1, 2] });
draw.remote("a", { kind: "x", at: [1, 2] }, ["p", "q"], kwargs({ size: "s" }));
draw.remote("a", kwargs({ box: { kind: "y", at: [1, 2] }, size: "l" }));
draw.remote(kwargs({ mode: "b", box: { kind: "y", at: [1, 2] } }));
draw.map(["a", "b"], [{ kind: "x", at: [1, 2] }]);
draw.map(["a"], { kwargs: { box: { kind: "x", at: [1, 2] } } });
draw.starmap([["a", { kind: "x", at: [1, 2] }]]);
// @ts-expect-error unknown property
draw.remote("a", { kind: "x", at: [1, 2], more: 1 });
// @ts-expect-error unknown mode
draw.remote("c", { kind: "x", at: [1, 2] });
declare const count: GeneratorFunction<[to: number], number, Keywords<["to"]>>;
count.remoteGen(1, limits);
count.remoteGen(kwargs({ to: 1 }));

// ---- parameters that take anything ----

declare const loose: Function<[a: unknown, b?: unknown], unknown, Keywords<["a", "b"]>>;
loose.remote({ x: 1 }, [1]);
loose.remote({}, kwargs({ b: 1 }));
loose.remote(kwargs({ a: 1 }));
loose.map([{ x: 1 }], { kwargs: { b: 1 } });
// @ts-expect-error it has no such argument
loose.remote({}, kwargs({ c: 1 }));
declare const mapped: Function<[rows: Map<string, number>], number, Keywords<["rows"]>>;
mapped.remote(new Map([["a", 1]]));
mapped.map([new Map([["a", 1]])]);
// @ts-expect-error a Map is an iterable, but not of maps
mapped.map(new Map([["a", 1]]));

// ---- empty collections ----

declare const gather: Function<
  [ids: Set<number>, names: Map<string, number>, lists?: number[][], ...rest: Set<string>[]],
  number,
  Keywords<["ids", "names", "lists"], { strict?: boolean }>
>;
gather.remote(new Set(), new Map());
gather.remote(new Set(), new Map(), [], kwargs({ strict: true }));
gather.remote(new Set(), new Map(), [[]], new Set(["a"]));
mapped.remote(new Map());
mapped.spawn(new Map());
// @ts-expect-error a set of something else
gather.remote(new Set(["a"]), new Map());
