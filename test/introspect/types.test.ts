/** Types from real programs: kept as their authors mean them, or refused with one reason for one cause. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { fixtures, printed, problemsOf } from "./support/printed.ts";

test("types from @typedef and @overload in JavaScript are supported; optional parameters stay optional", () => {
  expect(printed("types/javascript.ts")).toEqual([
    "items: (item: Item) => Page<Item>",
    "over: (a: string) => string",
    "over: (a: number, b?: boolean) => number",
    "ids: (all: Item[]) => string[]",
    "export type Item = { id: string; tags?: string[]; at: Date };",
    "export type Page<T> = { items: T[]; next?: string };",
  ]);
});

test("recursive types, computed keys, Node's types, assertions and odd names are kept as they are meant", () => {
  expect(printed("types/carried.ts")).toEqual([
    "byAlias: (category: Category) => number",
    "byInterface: (category: Named) => number",
    'byOp: <K extends "name" | Op.Add | Op.Remove>(key: K, of: ByOp) => ByOp[K]',
    'part: <K extends "name" | "root" | "dir" | "base" | "ext", P extends ParsedPath>(path: P, key: K) => P[K]',
    "cpu: <T extends CpuInfo>(info: T) => T",
    "narrowed: (a: string) => [string, number]",
    "text: (value: unknown) => string",
    "same: <T>(value: T) => T",
    "odd: <out_>(value: out_, more: arguments_) => out_",
    'brands: (cents: Cents, id: string & $brand<"UserId">, metres: Metres, name: Title) => { x: number } & $brand<"Point">',
    'tagOf: <T extends number & Tagged<string>>(of: T) => T["__brand"]',
    "export type Category = { name: string; kids: Category[] };",
    "export interface Named { name: string; kids: Named[]; }",
    "export enum Op { Add = 8, Remove = 9, }",
    'export interface ByOp { 8: { x: 1 }; 9?: "b"; name: string; }',
    "export interface arguments_ { a: 1; }",
    'export type Cents = number & { readonly __brand: "Cents" };',
    "export type Metres = number & { readonly __unit: symbol };",
    "export type Title = string & { readonly __real: true };",
    "export type Tagged<Tag> = { readonly __brand: Tag };",
    "export interface CpuInfo { model: string; speed: number; times: { user: number; nice: number; sys: number; idle: number; irq: number }; }",
    "export interface ParsedPath { root: string; dir: string; base: string; ext: string; name: string; }",
    "export type $brand<T extends string | number | symbol = string | number | symbol> = { __$brand: { [k in T]: true } };",
  ]);
});

test("schemas that use each other by their place in one interface are named after their properties", () => {
  expect(printed("types/openapi.ts")).toEqual([
    "pet: (leaf: { value: string }) => Pet",
    "readonlyMaps: (map: Readonly<ReadonlyMap<string, Readonly<Set<number>>>>) => number",
    "export interface Pet { id: number; owner?: PetOwner & { [key: string]: unknown }; }",
    "export interface PetOwner { pets: Pet[]; }",
  ]);
});

test("a date without the methods that change it crosses as a Date; a part of one does not", () => {
  expect(printed("types/readonly-date.ts")).toEqual([
    "frozen: (post: { readonly title: string; readonly joined: ReadonlyDate }) => ReadonlyDate",
    "export type ReadonlyDate = Date;",
  ]);
  expect(problemsOf("types/part-of-date.ts").filter((line) => !line.startsWith(" "))).toEqual([
    expect.stringMatching(/: error: part\(at\.getTime\): a function cannot cross the wire$/),
  ]);
});

test("a recursive type that a package infers is one problem where no alias names it", () => {
  expect(problemsOf("types/unnamed-recursive.ts").filter((line) => !line.startsWith(" "))).toEqual([
    expect.stringMatching(/: error: inline\(of\): a type that contains itself needs a name$/),
  ]);
});

test("types whose values would not arrive as declared are refused, each with one reason", () => {
  const lines = problemsOf("types/refused.ts");
  expect(lines.filter((line) => !line.startsWith(" ")).map((line) => line.replace(/^\S+: /, ""))).toEqual([
    "error: withThis needs a `this`, which a remote call does not have",
    "error: hidden(value): Hidden is a class with private or protected members, which callers cannot know",
    "error: hidden(value): Hidden is a class with private or protected members, which callers cannot know",
    "error: getting(value): Getting is a class with behaviour: its instances lose it on the wire",
    "error: accessing(): Accessing is a class with behaviour: its instances lose it on the wire",
    "error: page(): the property next of an array would be lost on the wire",
    "error: dated(): the property zone of a Date would be lost on the wire",
    "error: bytes(value): the property type of a Uint8Array would be lost on the wire",
    "error: found(): RegExpMatchArray is an array with properties of its own, which would be lost: it cannot cross the wire",
    "error: chained(chain.next): `this` stands for the type of whatever extends this type, which callers cannot name",
    "error: kinds() → type[]: `this` stands for the type of whatever extends this type, which callers cannot name",
    "error: talk(): this generator needs what next(string) sends, and callers cannot send it anything",
    "error: nameless() → kids[]: a type that contains itself needs a name",
    "error: modules(of.normalize): PlatformPath is an object with methods: it cannot cross the wire",
    "error: symbols(of): a property that is named by a symbol cannot cross the wire",
    "warning: talk(): callers do not get the string that this generator returns in the end, only what it yields",
    "warning: counted(): callers do not get the number that this generator returns in the end, only what it yields",
  ]);
});

test("an app compiled without strictNullChecks deploys with a warning", () => {
  const { problems } = introspect(join(fixtures, "types/loose/app.ts"), { root: fixtures });
  expect(problems).toEqual([
    expect.objectContaining({
      severity: "warning",
      file: "types/loose/tsconfig.json",
      message: "strictNullChecks is off, so that callers' types do not show where null and undefined can occur",
    }),
  ]);
});
