/** The runtime with an engine that lacks roles and features and has its own codec. */
import { beforeEach, expect, test } from "vitest";
import type { OpenCall } from "../../src/engine/index.ts";
import {
  Class,
  Client,
  callOptions,
  codecOf,
  deployerOf,
  Function,
  type FunctionCall,
  GeneratorFunction,
  kwargs,
  monitorOf,
  RemoteFunction,
  RemoteGenerator,
  registerEngine,
  SerializationError,
  UnsupportedError,
  withClient,
} from "../../src/runtime/index.ts";
import type { TestApp } from "../engine/conformance/index.ts";
import { MemoryWorld, memoryEngine } from "../engine/memory/engine.ts";
import { WatchedEngine } from "../support/watched-engine.ts";
import { collect } from "./support.ts";

const app: TestApp = {
  name: "2.small",
  body: `
export const add = app.function(function add(a, b) { return a + b; });
export const fail = app.function(function fail(text) { throw new RangeError(text); });
export const give = app.function(function give() { return new Map(); });
export const count = app.function(async function* count(n) { for (let i = 0; i < n; i++) yield i; });
export const Greeter = app.class(class Greeter {
  constructor(word, options = {}) { this.word = word; this.mark = options.mark ?? "."; }
  greet(name) { return this.word + " " + name + this.mark; }
});`,
  functions: { add: {}, fail: {}, give: {}, count: { mode: "generator" }, "Greeter.greet": {} },
  classes: [{ name: "Greeter", constructors: [{ parameters: [] }], signature: "signature of Greeter" }],
};

let engine: WatchedEngine;
let client: Client;

beforeEach(() => {
  const world = new MemoryWorld();
  world.install(app);
  engine = new WatchedEngine(memoryEngine(world));
  client = new Client({ engine });
});

const opened = (): OpenCall["method"][] => engine.observed.opened.map(({ method }) => method);
const add = () => Function.fromName<[a: unknown, b?: unknown], number>("2.small", "add", { client });
const count = () => GeneratorFunction.fromName<[n: unknown], number>("2.small", "count", { client });

test("every way to call works with the engine's own codec, and with an app's name that the engine allows", async () => {
  expect(await add().remote(1, 2)).toBe(3);
  expect(await collect(add().map([1, 2], [3, 4]))).toEqual([4, 6]);
  expect(await collect(add().starmap([[1, 2]]))).toEqual([3]);
  await add().forEach([1], [2]);
  const call = await add().spawn(2, 2);
  expect(call.id).toMatch(/^fc-memory-/);
  expect(await call.get()).toBe(4);
  expect(await call.get({ timeoutMs: 0 })).toBe(4);
  const many = await add().spawnMap([1, 2], [3, 4]);
  expect(await collect(many.iter())).toEqual([4, 6]);
  expect(await collect(count().remoteGen(3))).toEqual([0, 1, 2]);
  const fail = Function.fromName<[text: string], number>("2.small", "fail", { client });
  await expect(fail.remote("too far")).rejects.toThrow(new RangeError("too far"));
  await expect(collect(fail.map(["a"]))).rejects.toThrow(RangeError);
});

test("arguments that the engine's codec refuses are never sent", async () => {
  await expect(add().remote(new Date(), 1)).rejects.toThrow("arguments[0] cannot be written as JSON: Date");
  await expect(add().spawn(1n, 1)).rejects.toThrow(SerializationError);
  await expect(collect(count().remoteGen(1n))).rejects.toThrow(SerializationError);
  expect(engine.observed.put).toBe(0);
  await expect(collect(add().map([1, new Date()], [1, 1]))).rejects.toThrow("input 1: arguments[0]");
  await expect(add().spawnMap([new Date()], [1])).rejects.toThrow("input 0: arguments[0]");
});

test("a result that the engine's codec refuses fails its input", async () => {
  const give = Function.fromName<[], unknown>("2.small", "give", { client });
  await expect(give.remote()).rejects.toThrow("result cannot be written as JSON: Map");
});

test("a class's instance is named in the engine's codec, with arguments by name", async () => {
  type Greeter = new (...args: unknown[]) => { greet: Function<[name: string], string> };
  const Greeter = Class.fromName<Greeter>("2.small", "Greeter", { client });
  expect(await new Greeter("Hello").greet.remote("Ada")).toBe("Hello Ada.");
  const loud = new Greeter("Hello", kwargs({ mark: "!" }));
  expect(await loud.greet.remote("Ada")).toBe("Hello Ada!");
  expect(await loud.greet.getCurrentStats()).toMatchObject({ numRunningInputs: 0 });
  const instances = engine.observed.opened.map(({ function: { instance } }) =>
    codecOf(engine).decodeInstance(instance!),
  );
  expect(instances).toEqual([
    { args: ["Hello"], kwargs: undefined },
    { args: ["Hello"], kwargs: { mark: "!" } },
  ]);
  await expect(new Greeter(new Date()).greet.remote("Ada")).rejects.toThrow(SerializationError);
});

test("an idempotency key is refused before anything is sent", async () => {
  const key = callOptions({ idempotencyKey: "order 1" });
  await expect(add().remote(1, 2, key)).rejects.toThrow(UnsupportedError);
  await expect(add().spawn(1, 2, key)).rejects.toThrow("memory: does not support idempotency keys");
  expect(opened()).toEqual([]);
});

test("a call for later is refused before anything is sent", async () => {
  const later = callOptions({ delayMs: 5 });
  await expect(add().spawn(1, 2, later)).rejects.toThrow("memory: does not support calls that begin later");
  await expect(add().spawnMap([1], [2], { at: new Date() })).rejects.toThrow(UnsupportedError);
  expect(opened()).toEqual([]);
});

test("progress is refused before anything is sent", async () => {
  const onProgress = () => {};
  await expect(add().remote(1, 2, callOptions({ onProgress }))).rejects.toThrow(UnsupportedError);
  await expect(collect(add().map([1], [2], { onProgress }))).rejects.toThrow(UnsupportedError);
  await expect(add().forEach([1], [2], { onProgress })).rejects.toThrow(UnsupportedError);
  await expect(collect(count().remoteGen(3, callOptions({ onProgress })))).rejects.toThrow(UnsupportedError);
  expect(opened()).toEqual([]);
  const call: FunctionCall<number> = await add().spawn(1, 2);
  await expect(call.progress().latest()).rejects.toThrow(UnsupportedError);
  await expect(collect(call.progress())).rejects.toThrow("memory: does not support progress reports");
  expect(await call.get()).toBe(3);
});

test("the error for a missing role says what to do instead", () => {
  expect(() => deployerOf(engine)).toThrow(
    expect.objectContaining({ code: "FARCALL_UNSUPPORTED", hint: "Call MemoryWorld.install with the app." }),
  );
  expect(() => monitorOf(engine)).toThrow(UnsupportedError);
});

test("arguments are captured at the moment of the call, even while the engine is still being opened", async () => {
  registerEngine("test-roles", async () => () => engine);
  const slow = new Client({ engine: "test-roles:" });
  const list = [1];
  const sum = withClient(slow, Function.fromName<[a: number[], b: string], string>("2.small", "add"));
  const result = sum.remote(list, "");
  list.push(2);
  expect(await result).toBe("1");
});

test("the main names are those that shadow nothing", () => {
  const found: RemoteFunction<[], number> = RemoteFunction.fromName<[], number>("2.small", "add");
  expect(found).toBeInstanceOf(RemoteFunction);
  const items: RemoteGenerator<[], number> = RemoteGenerator.fromName<[], number>("2.small", "count");
  expect(items.name).toBe("count");
  expect(RemoteFunction).toBe(Function);
  expect(RemoteGenerator).toBe(GeneratorFunction);
});
