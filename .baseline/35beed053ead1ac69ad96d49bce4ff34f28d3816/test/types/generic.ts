/** Generic functions and overloads: their stubs spell each method, since no type can be computed from a generic signature. */
import {
  type AnyIterable,
  type CallOptions,
  type Function,
  type FunctionCall,
  type MapItem,
  type MapOptions,
  type StubFactory,
  stubs,
} from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";

const app: StubFactory = stubs({ app: "lists", environment: "main" });

export interface First extends Function<[items: unknown[]], unknown> {
  remote<T>(items: T[], callOptions?: CallOptions): Promise<T | undefined>;
  local<T>(items: T[]): T | undefined;
  spawn<T>(items: T[], callOptions?: CallOptions): Promise<FunctionCall<T | undefined>>;
  map<T, X extends boolean = false, W extends boolean = true>(
    items: AnyIterable<T[]>,
    options?: MapOptions<X, W>,
  ): AsyncIterableIterator<MapItem<T | undefined, X, W>, undefined, void>;
  starmap<T, X extends boolean = false, W extends boolean = true>(
    inputs: AnyIterable<readonly [items: T[]]>,
    options?: MapOptions<X, W>,
  ): AsyncIterableIterator<MapItem<T | undefined, X, W>, undefined, void>;
}
export const first: First = app.function("first", "s");

export interface Parse extends Function<[text: string, many: true], number[]> {
  remote(text: string, callOptions?: CallOptions): Promise<number>;
  remote(text: string, many: true, callOptions?: CallOptions): Promise<number[]>;
  local(text: string): number;
  local(text: string, many: true): number[];
}
export const parse: Parse = app.function("parse", "s");

export const found: Promise<string | undefined> = first.remote(["a"]);
export const inner: number | undefined = first.local([1]);
const calls = first.spawn([true]);
expectType<Equal<typeof calls, Promise<FunctionCall<boolean | undefined>>>>(true);
const items = first.map([["a"]]);
export const check: AsyncIterable<string | undefined> = items;
export const single: Promise<number> = parse.remote("1");
export const many: Promise<number[]> = parse.remote("1", true);
// @ts-expect-error a number is not a list
first.remote(1);
