/** Functions with keyword arguments (Python's): the calls that compilers accept and refuse, and what is sent. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import { Client, callOptions, Function, GeneratorFunction, type Keywords, kwargs } from "../../src/index.ts";
import { decodeArguments } from "../../src/runtime/index.ts";
import type { TypeSchema } from "../../src/schema/index.ts";
import { COMPILERS } from "../support/compile.ts";
import {
  type Draft,
  fn,
  manifest,
  nothing,
  number,
  Project,
  parameter,
  type Registry,
  registry,
  text,
} from "./support.ts";

const flag: TypeSchema = { kind: "primitive", name: "boolean" };
const list = (element: TypeSchema): TypeSchema => ({ kind: "array", element });
const union = (...values: string[]): TypeSchema => ({
  kind: "union",
  members: values.map((value) => ({ kind: "literal", value })),
});
const T: TypeSchema = { kind: "typeParameter", name: "T" };
const named = { keywords: true } as const;

const functions: readonly Draft[] = [
  // def tokenize(text: str, language: str = "en", *, lower: bool = False) -> list[str]
  fn(
    "tokenize",
    [
      parameter("text", text),
      parameter("language", text, { default: '"en"' }),
      parameter("lower", flag, { default: "False", keywordOnly: true }),
    ],
    list(text),
    named,
  ),
  // def train(data: list[float], rate: float, *, epochs: int) -> float
  fn(
    "train",
    [parameter("data", list(number)), parameter("rate", number), parameter("epochs", number, { keywordOnly: true })],
    number,
    named,
  ),
  // def chunks(text: str, size: int = 10) -> Iterator[str]
  fn("chunks", [parameter("text", text), parameter("size", number, { default: "10" })], text, {
    mode: "generator",
    ...named,
  }),
  // def log(*, level: str, message: str = "") -> None
  fn(
    "log",
    [
      parameter("level", text, { keywordOnly: true }),
      parameter("message", text, { optional: true, keywordOnly: true }),
    ],
    nothing,
    named,
  ),
  // def total(label: str, *values: float, scale: float = 1) -> float
  fn(
    "total",
    [
      parameter("label", text),
      parameter("values", list(number), { rest: true }),
      parameter("scale", number, { default: "1", keywordOnly: true }),
    ],
    number,
    named,
  ),
  // def first[T](items: list[T], fallback: T = None, *, reverse: bool = False, by: Literal[…], only: list[str]) -> T
  fn(
    "first",
    [
      parameter("items", list(T)),
      parameter("fallback", T, { default: "None" }),
      parameter("reverse", flag, { default: "False", keywordOnly: true }),
      parameter("by", union("size", "name"), { optional: true, keywordOnly: true }),
      parameter("only", list(text), { optional: true, keywordOnly: true }),
    ],
    T,
    { typeParameters: [{ name: "T" }], ...named },
  ),
  // def steps[T](start: T, count: int, *, by: T) -> Iterator[T]
  fn("steps", [parameter("start", T), parameter("count", number), parameter("by", T, { keywordOnly: true })], T, {
    mode: "generator",
    typeParameters: [{ name: "T" }],
    ...named,
  }),
  // @overload def parse(text: str, *, strict: bool = False) -> float
  // @overload def parse(text: str, many: bool, *, sep: str) -> list[float]
  fn("parse", [parameter("text", text)], number, {
    overloads: [
      {
        parameters: [parameter("text", text), parameter("strict", flag, { default: "False", keywordOnly: true })],
        returns: number,
      },
      {
        parameters: [parameter("text", text), parameter("many", flag), parameter("sep", text, { keywordOnly: true })],
        returns: list(number),
      },
    ],
    ...named,
  }),
  // def weigh(label: str, *values: float, unit: str) -> float
  fn(
    "weigh",
    [
      parameter("label", text),
      parameter("values", list(number), { rest: true }),
      parameter("unit", text, { keywordOnly: true }),
    ],
    number,
    named,
  ),
  // def place(x: float, y: float = 0, /, label: str = "") -> float
  fn(
    "place",
    [
      parameter("x", number, { positionalOnly: true }),
      parameter("y", number, { default: "0", positionalOnly: true }),
      parameter("label", text, { default: '""' }),
    ],
    number,
    named,
  ),
  // def configure(name: str, *, retries: int = 0, **settings: bool) -> None
  fn(
    "configure",
    [
      parameter("name", text),
      parameter("retries", number, { default: "0", keywordOnly: true }),
      parameter("settings", flag, { keywordRest: true }),
    ],
    nothing,
    named,
  ),
  // def tag(value: str, /, **tags: str) -> str
  fn(
    "tag",
    [parameter("value", text, { positionalOnly: true }), parameter("tags", text, { keywordRest: true })],
    text,
    named,
  ),
  // def gather(*items: float, **names: float) -> float
  fn(
    "gather",
    [parameter("items", list(number), { rest: true }), parameter("names", number, { keywordRest: true })],
    number,
    named,
  ),
];

const code = `
import { App } from "farcall";
export const app = new App("words");
app.function(function tokenize(text, language = "en", lower = false) { return [text, language, lower].map(String); });
app.function(function* chunks(text) { yield* text; });
`;

const use = `
import { callOptions, kwargs, repeat, type FunctionCall } from "farcall";
import { words } from "./generated/index.ts";

const { tokenize, train, chunks, log, total, weigh, first, steps, parse, place, configure, tag, gather } = words;
const limits = callOptions({ timeoutMs: 5 });

export async function right(): Promise<void> {
  (await tokenize.remote("a")) satisfies string[];
  tokenize.remote("a", "en");
  tokenize.remote("a", undefined, limits);
  tokenize.remote("a", "en", kwargs({ lower: true }), limits);
  tokenize.remote("a", kwargs({ language: "en", lower: true }));
  tokenize.remote(kwargs({ text: "a" }), limits);
  (await tokenize.spawn(kwargs({ text: "a", lower: true }))) satisfies FunctionCall<string[]>;
  for await (const tokens of tokenize.map(["a"], ["en"], { kwargs: { lower: true } })) tokens satisfies string[];
  tokenize.map(["a"], repeat("en"));
  tokenize.map(["a"], { kwargs: { language: "en" }, orderOutputs: false });
  tokenize.starmap([["a"], ["b"]], { kwargs: { language: "en", lower: true } });
  tokenize.starmap([["a", "en"]], { kwargs: { lower: true } });
  tokenize.forEach(["a"], { kwargs: { lower: true }, ignoreExceptions: true });
  (await tokenize.spawnMap(["a"], ["en"], { kwargs: { lower: true } })) satisfies FunctionCall<string[]>;

  train.remote([1], 2, kwargs({ epochs: 3 }));
  train.remote(kwargs({ epochs: 3, rate: 2, data: [1] }), limits);
  train.spawn([1], kwargs({ epochs: 3, rate: 2 }));
  train.map([[1]], [2], { kwargs: { epochs: 3 } });
  train.map([[1]], { kwargs: { epochs: 3, rate: 2 } });
  train.starmap([[[1], 2]], { kwargs: { epochs: 3 } });
  train.forEach([[1]], [2], { kwargs: { epochs: 3 } });
  train.spawnMap([[1]], { kwargs: { epochs: 3, rate: 2 } });

  for await (const chunk of chunks.remoteGen("a", kwargs({ size: 3 }), limits)) chunk satisfies string;
  chunks.remoteGen("a");
  chunks.remoteGen(kwargs({ text: "a" }));

  log.remote(kwargs({ level: "info" }));
  log.remote(kwargs({ level: "info", message: "m" }), limits);

  total.remote("a");
  total.remote("a", 1, 2, kwargs({ scale: 2 }));
  total.remote("a", 1, 2, limits);
  total.remote("a", kwargs({ scale: 2 }), limits);
  total.map(["a"], [1], { kwargs: { scale: 2 } });
  for await (const item of total.map(["a"], [1], { returnExceptions: true })) item satisfies number | Error;
  total.map(["a"], [1], repeat(2));
  weigh.remote("a", 1, 2, kwargs({ unit: "kg" }));
  weigh.map(["a"], [1], { kwargs: { unit: "kg" } });
  weigh.starmap([["a", 1, 2]], { kwargs: { unit: "kg" } });
  weigh.remote("a", kwargs({ unit: "kg" }), limits);

  (await first.remote([1])) satisfies number;
  (await first.remote(["a"], "b", limits)) satisfies string;
  (await first.remote(["a"], undefined, limits)) satisfies string;
  (await first.remote([1], kwargs({ fallback: 2, reverse: true }), limits)) satisfies number;
  (await first.remote(kwargs({ items: [1] }))) satisfies number;
  (await first.remote(["a"], kwargs({ fallback: "b", by: "size", only: ["a", "b"] }))) satisfies string;
  (await first.spawn([1], kwargs({ reverse: true }))) satisfies FunctionCall<number>;
  for await (const item of first.map([[1]], [2])) item satisfies number;
  for await (const item of first.map([["a"]], repeat("b"), { kwargs: { reverse: true } })) item satisfies string;
  for await (const item of first.map([[1]], { kwargs: { fallback: 2 }, returnExceptions: true })) item satisfies number | Error;
  for await (const item of first.starmap([[["a"], "b"]], { kwargs: { reverse: true } })) item satisfies string;
  first.forEach([[1]], { kwargs: { fallback: 2 }, ignoreExceptions: true });
  (await first.spawnMap([[1]], [2], { kwargs: { reverse: true } })) satisfies FunctionCall<number>;
  for await (const step of steps.remoteGen(1, 2, kwargs({ by: 3 }), limits)) step satisfies number;
  for await (const step of steps.remoteGen("a", kwargs({ by: "b", count: 2 }))) step satisfies string;
  first.local satisfies <T>(items: T[], fallback?: T) => T | Promise<T>;

  (await parse.remote("a")) satisfies number;
  (await parse.remote("a", kwargs({ strict: true }))) satisfies number;
  (await parse.remote("a", true, kwargs({ sep: "," }))) satisfies number[];
  (await parse.remote(kwargs({ text: "a", many: true, sep: "," }), limits)) satisfies number[];
  (await parse.spawn("a", kwargs({ many: true, sep: "," }))) satisfies FunctionCall<number[]>;
  for await (const item of parse.map(["a"], { kwargs: { strict: true } })) item satisfies number;
  for await (const item of parse.starmap([["a", true]], { kwargs: { sep: "," } })) item satisfies number[];
  parse.forEach(["a"], [true], { kwargs: { sep: "," } });
  (await parse.spawnMap(["a"], { kwargs: { many: true, sep: "," } })) satisfies FunctionCall<number[]>;

  (await place.remote(1)) satisfies number;
  place.remote(1, 2, kwargs({ label: "a" }), limits);
  place.remote(1, kwargs({ label: "a" }));
  place.map([1], [2], { kwargs: { label: "a" } });
  place.starmap([[1, 2]], { kwargs: { label: "a" } });
  configure.remote("a");
  configure.remote("a", limits);
  configure.remote("a", kwargs({ retries: 3, fast: true, safe: false }), limits);
  configure.remote(kwargs({ name: "a", fast: true }));
  configure.spawn("a", kwargs({ fast: true }));
  configure.map(["a"], { kwargs: { fast: true } });
  (await tag.remote("a", kwargs({ value: "b", colour: "red" }))) satisfies string;
  tag.starmap([["a"]], { kwargs: { colour: "red" } });
  gather.remote(1, 2, kwargs({ three: 3 }), limits);
  gather.remote(1, 2);
}

export function wrong(): void {
  // ---- missing ----
  // @ts-expect-error
  tokenize.remote();
  // @ts-expect-error
  tokenize.remote(kwargs({ lower: true }));
  // @ts-expect-error
  tokenize.spawn(kwargs({ language: "en" }));
  // @ts-expect-error
  train.remote([1], 2);
  // @ts-expect-error
  train.remote([1], kwargs({ epochs: 3 }));
  // @ts-expect-error
  train.map([[1]], [2]);
  // @ts-expect-error
  train.map([[1]], { kwargs: { epochs: 3 } });
  // @ts-expect-error
  train.starmap([[[1], 2]]);
  // @ts-expect-error
  train.forEach([[1]], [2]);
  // @ts-expect-error
  train.spawnMap([[1]], [2]);
  // @ts-expect-error
  chunks.remoteGen(kwargs({ size: 3 }));
  // @ts-expect-error
  log.remote();
  // @ts-expect-error
  weigh.remote("a", 1, 2);
  // @ts-expect-error
  weigh.remote("a", 1, limits);
  // @ts-expect-error
  weigh.map(["a"], [1]);
  // @ts-expect-error
  weigh.starmap([["a", 1]]);

  // @ts-expect-error: there is no iterable of arguments to call it with
  tokenize.map({ kwargs: { text: "a" } });
  // @ts-expect-error
  train.spawnMap({ kwargs: { data: [1], rate: 2, epochs: 3 } });

  // ---- by position and by name ----
  // @ts-expect-error
  tokenize.remote("a", kwargs({ text: "b" }));
  // @ts-expect-error
  tokenize.remote("a", "en", kwargs({ language: "de" }));
  // @ts-expect-error
  tokenize.map(["a"], ["en"], { kwargs: { language: "de" } });
  // @ts-expect-error
  tokenize.map(["a"], { kwargs: { text: "b" } });
  // @ts-expect-error
  tokenize.forEach(["a"], { kwargs: { text: "b" } });
  // @ts-expect-error
  tokenize.spawnMap(["a"], { kwargs: { text: "b" } });
  // @ts-expect-error
  tokenize.starmap([["a", "en"]], { kwargs: { language: "de" } });
  // @ts-expect-error
  chunks.remoteGen("a", 3, kwargs({ size: 3 }));
  // @ts-expect-error
  total.remote("a", kwargs({ label: "b" }));

  // ---- by name only ----
  // @ts-expect-error
  tokenize.remote("a", "en", true);
  // @ts-expect-error
  tokenize.map(["a"], ["en"], [true]);
  // @ts-expect-error
  train.spawn([1], 2, 3);
  // @ts-expect-error
  log.remote("info");

  // ---- unknown names, wrong types, wrong order ----
  // @ts-expect-error
  tokenize.remote("a", kwargs({ lowr: true }));
  // @ts-expect-error
  tokenize.remote("a", kwargs({ lower: "yes" }));
  // @ts-expect-error
  tokenize.map(["a"], { kwargs: { lower: "yes" } });
  // @ts-expect-error
  tokenize.starmap([["a"]], { kwargs: { lowr: true } });
  // @ts-expect-error
  tokenize.remote("a", limits, kwargs({ lower: true }));
  // @ts-expect-error
  tokenize.remote(kwargs({ text: "a" }), "en");
  // @ts-expect-error
  tokenize.map(["a"], kwargs({ lower: true }));
  // @ts-expect-error
  total.remote("a", 1, "2");
  // @ts-expect-error
  total.remote("a", kwargs({ values: [1] }));
  // @ts-expect-error
  weigh.remote("a", 1, kwargs({ unit: 1 }));
  // @ts-expect-error
  total.remote("a", kwargs({ scale: 2 }), 1);
  // @ts-expect-error
  total.spawn("a", limits, 1);
  // @ts-expect-error
  total.map(["a"], { kwargs: { scale: 2 } }, [1]);

  // ---- by position only, and by any name ----
  // @ts-expect-error
  place.remote(kwargs({ x: 1 }));
  // @ts-expect-error
  place.remote(1, kwargs({ y: 2 }));
  // @ts-expect-error
  configure.remote();
  // @ts-expect-error
  configure.remote("a", true);
  // @ts-expect-error
  configure.remote("a", kwargs({ retries: "many" }));
  // @ts-expect-error
  configure.remote("a", kwargs({ fast: { yes: true } }));
  // @ts-expect-error
  tag.remote(kwargs({ value: "a" }));
  // @ts-expect-error
  tag.remote("a", kwargs({ colour: 1 }));
  // @ts-expect-error
  gather.remote(1, kwargs({ three: "3" }));

  // ---- generic and overloaded ----
  // @ts-expect-error
  first.remote();
  // @ts-expect-error
  first.remote([1], 2, true);
  // @ts-expect-error
  first.remote([1], kwargs({ items: [1] }));
  // @ts-expect-error
  first.spawn([1], kwargs({ revers: true }));
  // @ts-expect-error
  first.spawn([1], kwargs({ fallback: "a" }));
  // @ts-expect-error
  first.spawn([1], kwargs({ by: "age" }));
  // @ts-expect-error
  first.map([[1]], [2], [true]);
  // @ts-expect-error
  first.map([[1]], [2], { kwargs: { fallback: 2 } });
  // @ts-expect-error
  first.starmap([[[1], 2]], { kwargs: { fallback: 2 } });
  // @ts-expect-error
  first.forEach([[1]], { kwargs: { items: [1] } });
  // @ts-expect-error
  first.spawnMap({ kwargs: { items: [1] } });
  // @ts-expect-error
  steps.remoteGen(1, 2);
  // @ts-expect-error
  steps.remoteGen(1, 2, 3);
  // @ts-expect-error
  steps.remoteGen(1, 2, kwargs({ by: "a" }));
  // @ts-expect-error
  parse.remote("a", true);
  // @ts-expect-error
  parse.remote("a", true, ",");
  // @ts-expect-error
  parse.remote("a", true, kwargs({ sep: ",", strict: true }));
  // @ts-expect-error
  parse.spawn(kwargs({ sep: "," }));
  // @ts-expect-error
  parse.map(["a"], [true]);
  // @ts-expect-error
  parse.starmap([["a", true]], { kwargs: { strict: true } });
  // @ts-expect-error
  parse.forEach(["a"], { kwargs: { sep: "," } });
  // @ts-expect-error
  parse.spawnMap(["a"], [true], { kwargs: { sep: 1 } });
}
`;

let deployed: Registry;
beforeAll(async () => {
  deployed = await registry();
  await deployed.deploy(manifest("words", functions, []), code);
});
afterAll(() => deployed[Symbol.asyncDispose]());

test("compilers accept each argument by position or by name, but only once", async () => {
  using project = new Project({ "src/use.ts": use });
  await generate({ apps: ["words"] }, { cwd: project.path, engine: deployed.engine });
  for (const compiler of COMPILERS) expect.soft(await project.check(compiler), compiler).toBe("");
});

test("arguments by name go over the wire as a record after those by position, for each input of a map", async () => {
  const client = new Client({ engine: deployed.engine });
  const tokenize = Function.fromName<
    [text: string, language?: string],
    string[],
    Keywords<["text", "language"], { lower?: boolean }>
  >("words", "tokenize", { client });
  const one = await tokenize.spawn("a", kwargs({ lower: true }), callOptions({ idempotencyKey: "one" }));
  const many = await tokenize.spawnMap(["a", "b"], { kwargs: { language: "de" } });
  const plain = await tokenize.spawn("a", "en");
  expect(await inputsOf(one.id)).toEqual([{ args: ["a"], kwargs: { lower: true } }]);
  expect(await inputsOf(many.id)).toEqual([
    { args: ["a"], kwargs: { language: "de" } },
    { args: ["b"], kwargs: { language: "de" } },
  ]);
  expect(await inputsOf(plain.id)).toEqual([{ args: ["a", "en"], kwargs: undefined }]);
});

async function inputsOf(id: string) {
  const records = await deployed.engine.monitor!.inputs(id, {});
  return records.map(({ payload }) => payload && decodeArguments(payload));
}

test("a container whose functions have no names for arguments says so, for each way to call", async () => {
  const client = new Client({ engine: deployed.engine });
  const tokenize = Function.fromName<[text: string], string[], Keywords<["text"], { lower?: boolean }>>(
    "words",
    "tokenize",
    { client },
  );
  const chunks = GeneratorFunction.fromName<[text: string], string, Keywords<["text"]>>("words", "chunks", { client });
  expect(await tokenize.remote("a")).toEqual(["a", "en", "false"]);
  const refusal = {
    code: "FARCALL_INVALID",
    message: "tokenize takes no arguments by name, received lower",
    hint: "Pass them by position: TypeScript functions have no keyword arguments.",
  };
  await expect(tokenize.remote("a", kwargs({ lower: true }))).rejects.toMatchObject(refusal);
  await expect(tokenize.map(["a"], { kwargs: { lower: true } }).next()).rejects.toMatchObject(refusal);
  await expect(tokenize.starmap([["a"]], { kwargs: { lower: true } }).next()).rejects.toMatchObject(refusal);
  await expect(tokenize.forEach(["a"], { kwargs: { lower: true } })).rejects.toMatchObject(refusal);
  const spawned = await tokenize.spawn("a", kwargs({ lower: true }));
  await expect(spawned.get()).rejects.toMatchObject(refusal);
  await expect(chunks.remoteGen(kwargs({ text: "a" })).next()).rejects.toMatchObject({
    message: "chunks takes no arguments by name, received text",
  });
});
