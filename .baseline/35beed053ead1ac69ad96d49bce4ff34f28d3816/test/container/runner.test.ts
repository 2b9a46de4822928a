/** What a function does in a container, seen from the engine: every input ends exactly once, whatever user code does. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apps, type Fixture, fixture, inlineFixture, type Received, TestContainer } from "./driver.ts";

let arithmetic: Fixture;
beforeAll(async () => {
  arithmetic = await fixture(`${apps}/arithmetic.ts`);
});
afterAll(async () => {
  await arithmetic[Symbol.asyncDispose]();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("an input", () => {
  test("of a synchronous function gives its result", async () => {
    await using container = await TestContainer.start(arithmetic, "add");
    expect(await container.run(0, 2, 3)).toMatchObject({ type: "result", call: 1, index: 0, value: 5 });
  });

  test("gives an exception with the author's lines, own properties and causes", async () => {
    await using container = await TestContainer.start(arithmetic, "fail");
    const { type, value } = await container.run(0, "wrong: 42");
    expect(type).toBe("exception");
    expect(value).toMatchObject({ name: "BrokenNumber", message: "wrong: 42", digits: 2 });
    expect(value.cause).toBeInstanceOf(RangeError);
    expect(value.stack).toMatch(/at fail \(.*test\/support\/apps\/arithmetic\.ts:\d+:\d+\)/);
    expect(value.stack).not.toMatch(/artifact\.mjs|src\/container/);
  });

  test("carries every type there and back", async () => {
    const everything = {
      text: "ä😀",
      number: Number.NaN,
      big: 2n ** 70n,
      flag: true,
      nothing: null,
      at: new Date(0),
      map: new Map([["a", [1, 2]]]),
      set: new Set(["x"]),
      pattern: /a+/giu,
      link: new URL("https://example.org/?q=1"),
      bytes: new Uint8Array([1, 2, 3]),
      floats: new Float64Array([1.5, -0]),
      buffer: new Uint8Array([9]).buffer,
      error: new TypeError("as a value"),
      tuple: [1, "a"],
      kind: { type: "circle", radius: 2 },
    };
    await using container = await TestContainer.start(arithmetic, "echo");
    expect((await container.run(0, everything)).value).toEqual(everything);
  });

  test("that arrives before the app is loaded waits for it", async () => {
    await using container = new TestContainer();
    container.load({ artifact: arithmetic.artifact, function: "add" });
    container.call(1);
    expect((await container.run(0, 1, 1)).value).toBe(2);
  });

  test("of a call that was not announced fails, and others go on", async () => {
    await using container = await TestContainer.start(arithmetic, "add");
    container.input(99, 0, [1, 2]);
    expect(await container.outcome(99, 0)).toMatchObject({ type: "failure", value: { code: "INTERNAL_FAILURE" } });
    expect((await container.run(0, 1, 2)).value).toBe(3);
  });

  test("whose result cannot cross the wire fails with its place", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const broken = app.function(() => ({ users: [{ greet() {} }] }));
    `);
    await using container = await TestContainer.start(app, "broken");
    const { type, value } = await container.run(0);
    expect(type).toBe("failure");
    expect(value).toMatchObject({ code: "SERIALIZATION", message: expect.stringContaining("result.users[0].greet") });
    expect(value.message).toContain("broken");
  });

  test("whose payload is no arguments fails", async () => {
    await using container = await TestContainer.start(arithmetic, "add");
    container.json(3, 1, 0, { not: "cbor" });
    expect(await container.outcome(1, 0)).toMatchObject({ type: "failure", value: { code: "SERIALIZATION" } });
  });
});

describe("inputs", () => {
  test("run one at a time in the order in which they came, unless more are allowed", async () => {
    await using container = await TestContainer.start(arithmetic, "slow");
    for (let i = 0; i < 5; i++) container.input(1, i, [`v${i}`, 20 - i * 4]);
    await container.outcome(1, 4);
    expect(container.all("result").map(({ value }) => value)).toEqual(["v0", "v1", "v2", "v3", "v4"]);
  });

  test("run side by side up to maxInputs, each with a context of its own", async () => {
    await using app = await inlineFixture(`
      import { App, context } from "farcall";
      const app = new App("arithmetic");
      let running = 0;
      export const meet = app.function(async () => {
        const most = ++running;
        await new Promise((resolve) => setTimeout(resolve, 30));
        running--;
        return [most, context().inputId];
      });
    `);
    await using container = await TestContainer.start(app, "meet", { maxInputs: 2 });
    for (let i = 0; i < 4; i++) container.input(1, i, []);
    const values = await Promise.all([0, 1, 2, 3].map(async (index) => (await container.outcome(1, index)).value));
    expect(Math.max(...values.map(([most]) => most))).toBe(2);
    expect(values.map(([, id]) => id)).toEqual(["fc-1:0", "fc-1:1", "fc-1:2", "fc-1:3"]);
  });

  test("of a synchronous function leave while later ones still run", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const busy = app.function((ms: number) => { for (const end = Date.now() + ms; Date.now() < end; ); return ms; });
    `);
    await using container = await TestContainer.start(app, "busy");
    container.input(1, 0, [1]);
    container.input(1, 1, [50]);
    container.input(1, 2, [50]);
    await container.outcome(1, 0);
    expect(container.all("result").length).toBeLessThan(3);
    // Seen although the function never waits.
    container.send("cancel", 1, 2);
    expect(await container.outcome(1, 2)).toMatchObject({ type: "failure", value: { code: "CANCELLED" } });
  });

  test("that have not started are given back when recalled", async () => {
    await using container = await TestContainer.start(arithmetic, "slow");
    for (let i = 0; i < 3; i++) container.input(1, i, ["x", 100]);
    container.send("recall");
    expect((await container.outcome(1, 1)).type).toBe("returned");
    expect((await container.outcome(1, 2)).type).toBe("returned");
    expect((await container.outcome(1, 0)).type).toBe("result");
  });

  test("are all finished before a container stops", async () => {
    await using container = await TestContainer.start(arithmetic, "slow", { maxInputs: 2 });
    for (let i = 0; i < 5; i++) container.input(1, i, [`v${i}`, 10]);
    container.send("stop");
    await container.outcome(1, 4);
    expect(await container.exited).toEqual({ code: 0, signal: null });
    expect(container.all("result").length).toBe(5);
  });
});

describe("cancelling", () => {
  test("a running input aborts its signal and ends it as cancelled", async () => {
    await using container = await TestContainer.start(arithmetic, "slow");
    container.input(1, 0, ["x", 60_000]);
    await sleep(20);
    container.send("cancel", 1, 0);
    expect(await container.outcome(1, 0)).toMatchObject({ type: "failure", value: { code: "CANCELLED" } });
    expect((await container.run(1, "next", 1)).value).toBe("next");
  });

  test("a waiting input ends it without running it", async () => {
    await using container = await TestContainer.start(arithmetic, "print");
    container.input(1, 0, ["first"]);
    container.input(1, 1, ["second"]);
    container.send("cancel", 1, 1);
    expect((await container.outcome(1, 1)).value.code).toBe("CANCELLED");
    await container.run(2, "third");
    expect(container.all("log").map(({ value }) => value.text)).not.toContain("second\n");
  });

  test("an input that is about to run in a batch ends it without running it", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const app = new App("batches");
      export const doubled = app.function((xs: number[]) => (console.log(xs.join()), xs.map((x) => 2 * x)), {
        name: "doubled", batch: { maxSize: 3, waitMs: 10 },
      });
    `);
    await using container = await TestContainer.start(app, "doubled", { app: "batches", batched: true });
    for (const index of [0, 1, 2]) container.input(1, index, [index]);
    container.send("together", 0, 3);
    // In the same chunk.
    container.send("cancel", 1, 1);
    container.input(1, 3, [3]);
    container.send("together", 0, 1);
    container.send("cancel", 1, 3);
    for (const index of [1, 3])
      expect(await container.outcome(1, index)).toMatchObject({ type: "failure", value: { code: "CANCELLED" } });
    for (const index of [0, 2]) expect(await container.outcome(1, index)).toMatchObject({ value: 2 * index });
    expect(container.all("log").map(({ value }) => value.text)).toEqual(["0,2\n"]);
  });

  test("what has ended, and what never was, is no error", async () => {
    await using container = await TestContainer.start(arithmetic, "add");
    await container.run(0, 1, 2);
    container.send("cancel", 1, 0);
    container.send("cancel", 7, 7);
    expect((await container.run(1, 1, 2)).value).toBe(3);
  });
});

describe.each(["countTo", "countToNow"])("the generator %s", (name) => {
  const yields = (container: TestContainer) => container.all("yield").map(({ value }) => value);

  test("sends as much as it is granted and not more", async () => {
    await using container = await TestContainer.start(arithmetic, name, { mode: "generator" });
    container.input(1, 0, [5]);
    await sleep(20);
    expect(yields(container)).toEqual([]);
    container.credit(1, 0, 2);
    await container.next(({ value }) => value === 2);
    await sleep(20);
    expect(yields(container)).toEqual([1, 2]);
    container.credit(1, 0, 10);
    expect((await container.outcome(1, 0)).type).toBe("end");
    expect(yields(container)).toEqual([1, 2, 3, 4, 5]);
  });

  test("runs its finally when it is cancelled, and then ends as cancelled", async () => {
    await using container = await TestContainer.start(arithmetic, name, { mode: "generator" });
    container.input(1, 0, [1_000_000]);
    container.credit(1, 0, 3);
    await container.next(({ value }) => value === 3);
    container.send("cancel", 1, 0);
    expect(await container.outcome(1, 0)).toMatchObject({ type: "failure", value: { code: "CANCELLED" } });
    expect(container.all("log").map(({ value }) => value.text)).toEqual([`${name}(1000000) left\n`]);
  });
});

describe("a generator", () => {
  test("can be cancelled while it produces without pause", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const flood = app.function(function* () { try { for (let i = 0; ; i++) yield i; } finally { console.log("left"); } });
    `);
    await using container = await TestContainer.start(app, "flood", { mode: "generator" });
    container.input(1, 0, []);
    container.credit(1, 0, 0xffff_ffff);
    await container.next(({ value }) => value === 1_000);
    container.send("cancel", 1, 0);
    expect((await container.outcome(1, 0)).value.code).toBe("CANCELLED");
    expect(container.all("log").map(({ value }) => value.text)).toEqual(["left\n"]);
  });

  test("that throws ends with the exception after what it yielded", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const half = app.function(async function* () { yield 1; throw new Error("half way"); });
    `);
    await using container = await TestContainer.start(app, "half", { mode: "generator" });
    container.input(1, 0, []);
    container.credit(1, 0, 10);
    const end = await container.outcome(1, 0);
    expect(end).toMatchObject({ type: "exception", value: { message: "half way" } });
    expect(container.all("yield").map(({ value }) => value)).toEqual([1]);
  });

  test("that fails by an unhandled rejection is left", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const stray = app.function(async function* () {
        try { void Promise.reject(new Error("stray")); yield 1; yield 2; } finally { console.log("left"); }
      });
    `);
    await using container = await TestContainer.start(app, "stray", { mode: "generator" });
    container.input(1, 0, []);
    container.credit(1, 0, 1);
    expect(await container.outcome(1, 0)).toMatchObject({ type: "exception", value: { message: "stray" } });
    await container.next(({ type, value }) => type === "log" && value.text === "left\n");
    expect(container.all("end")).toEqual([]);
  });

  test("that yields what cannot cross the wire is left, and fails with the place", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const odd = app.function(function* () { try { yield { f: () => {} }; } finally { console.log("left"); } });
    `);
    await using container = await TestContainer.start(app, "odd", { mode: "generator" });
    container.input(1, 0, []);
    container.credit(1, 0, 10);
    expect((await container.outcome(1, 0)).value.message).toContain("yielded value.f");
    await container.next(({ type, value }) => type === "log" && value.text === "left\n");
  });
});

describe("user code that breaks the rules", () => {
  test("an unhandled rejection fails its own input, and the container goes on", async () => {
    await using container = await TestContainer.start(arithmetic, "forget");
    const end = await container.run(0);
    expect(end).toMatchObject({ type: "exception", value: { message: "nobody handles this" } });
    await sleep(100);
    expect(container.all("result")).toEqual([]); // "went on" came after the input had ended
    expect((await container.run(1)).type).toBe("exception");
  });

  test("an exception in a timer fails its own input, and the container ends", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const mixed = app.function(async (explode: boolean) => {
        if (explode) setTimeout(() => { throw new Error("thrown in a timer"); }, 5);
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });
    `);
    await using container = await TestContainer.start(app, "mixed", { maxInputs: 2 });
    container.input(1, 0, [false]);
    container.input(1, 1, [true]);
    container.input(1, 2, [false]);
    expect(await container.outcome(1, 1)).toMatchObject({ type: "exception", value: { message: "thrown in a timer" } });
    expect((await container.outcome(1, 2)).type).toBe("returned");
    expect(await container.exited).toEqual({ code: 1, signal: null });
    await expect(container.outcome(1, 0)).rejects.toThrow("the container went");
  });

  test("process.exit loses nothing that was finished", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const last = app.function((code: number) => { if (code > 0) { console.log("bye"); process.exit(code); } return "done"; });
    `);
    await using container = await TestContainer.start(app, "last");
    container.input(1, 0, [0]);
    container.input(1, 1, [7]);
    expect(await container.exited).toEqual({ code: 7, signal: null });
    await container.next(({ type, value }) => type === "log" && value.text === "bye\n");
    expect(container.received.map(({ type }) => type)).toEqual(["ready", "result", "log"]);
  });

  test("a thrown value that is no error, or that cannot be encoded, is still an exception", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const app = new App("arithmetic");
      export const odd = app.function((kind: number) => { throw kind === 0 ? "just text" : kind === 1 ? undefined : () => 1; });
    `);
    await using container = await TestContainer.start(app, "odd");
    expect(await container.run(0, 0)).toMatchObject({ type: "exception", value: "just text" });
    expect(await container.run(1, 1)).toMatchObject({ type: "exception", value: undefined });
    expect((await container.run(2, 2)).type).toBe("exception");
  });
});

describe("output", () => {
  test("of console and streams is sent with the input that wrote it", async () => {
    await using container = await TestContainer.start(arithmetic, "print", { maxInputs: 2 });
    container.call(2);
    container.input(1, 0, ["one"]);
    container.input(2, 5, ["two"]);
    await Promise.all([container.outcome(1, 0), container.outcome(2, 5)]);
    const lines = container.all("log").map(({ value }) => value);
    expect(lines).toContainEqual({ stream: "stdout", text: "one\n", call: 1, index: 0 });
    expect(lines).toContainEqual({ stream: "stderr", text: "again: one\n", call: 1, index: 0 });
    expect(lines).toContainEqual({ stream: "stderr", text: "again: two\n", call: 2, index: 5 });
  });

  test("leaves at once, as progress does, when the function does not pause", async () => {
    await using app = await inlineFixture(`
      import { App, context } from "farcall";
      export const busy = new App("arithmetic").function(function busy() {
        context().progress(0.1);
        for (const until = performance.now() + 100; performance.now() < until; ) context().progress(0.2);
        console.log("one");
        console.log("two");
        for (;;) {}
      });
    `);
    await using container = await TestContainer.start(app, "busy");
    container.input(1, 0, []);
    await container.next(({ type, value }) => type === "log" && value.text === "two\n");
    const [first, ...rest] = container.all("progress").map(({ value }) => value.fraction);
    expect(first).toBe(0.1);
    expect(rest).toContain(0.2);
  });

  test("of the module's own loading has no input", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      process.stdout.write(Buffer.from("loading ä"));
      export const f = new App("arithmetic").function(function f() {});
    `);
    await using container = await TestContainer.start(app, "f");
    expect(container.all("log").map(({ value }) => value)).toEqual([{ stream: "stdout", text: "loading ä" }]);
  });
});

test("context() tells about the call, and progress reaches the engine before the result", async () => {
  await using container = await TestContainer.start(arithmetic, "where");
  container.input(1, 4, [], 2);
  expect((await container.outcome(1, 4)).value).toEqual({
    remote: true,
    callId: "fc-1",
    inputId: "fc-1:4",
    attempt: 2,
    function: "where",
  });
  const order = container.received.map(({ type }) => type);
  expect(order).toEqual(["ready", "progress", "result"]);
  expect(container.all("progress")[0]!.value).toEqual({ fraction: 0.5, message: "half way" });
});

describe("loading", () => {
  const failure = async (source: string, name = "f"): Promise<Received> => {
    await using app = await inlineFixture(source);
    await using container = await TestContainer.start(app, name);
    expect((await container.exited).code).toBe(1);
    return container.received.at(-1)!;
  };

  test("fails with the author's line when the module throws", async () => {
    const { type, value } = await failure('\n\nthrow new Error("no key");');
    expect(type).toBe("loadFailed");
    expect(value.message).toBe("Error: no key");
    expect(value.stack).toMatch(/app\.ts:3:7/);
  });

  test("fails when a callback throws before the app is loaded", async () => {
    const { value } = await failure(
      'setTimeout(() => { throw new Error("early"); }, 1); await new Promise((r) => setTimeout(r, 1000));',
    );
    expect(value.message).toBe("Error: early");
  });

  test("names the function, or the app, that the module does not register", async () => {
    const app = 'import { App } from "farcall"; const app = new App("arithmetic"); app.function(function g() {});';
    expect((await failure(app)).value.message).toContain("does not register a function f");
    expect((await failure(app.replace("arithmetic", "other"))).value.message).toContain(
      "does not register an app arithmetic",
    );
  });

  test("gives the app its environment first", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      const mode = process.env.MODE;
      export const f = new App("arithmetic").function(function f() { return mode; });
    `);
    await using container = await TestContainer.start(app, "f", { env: { MODE: "late" } });
    expect((await container.run(0)).value).toBe("late");
  });

  test("tells modules their place in the project, and makes its folder the working directory", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const f = new App("arithmetic").function(function f() { return [import.meta.url, import.meta.dirname]; });
      export const cwd = new App("other").function(() => process.cwd());
    `);
    await using container = await TestContainer.start(app, "f");
    expect((await container.run(0)).value).toEqual([`file://${app.root}/app.ts`, app.root]);
    await using project = await fixture(`${apps}/arithmetic.ts`);
    await using other = await TestContainer.start(app, "cwd", { app: "other", root: project.folder });
    expect((await other.run(0)).value).toBe(project.folder);
  });

  test("finds packages that were left out in the project, imported or required", async () => {
    await using app = await inlineFixture(
      `
      import { createRequire } from "node:module";
      import { App } from "farcall";
      import imported from "native-one";
      import viaRequire from "plain";
      export const f = new App("arithmetic").function(function f() { return [imported, viaRequire]; });
    `,
      {
        "node_modules/native-one/package.json": '{ "name": "native-one", "main": "index.js", "gypfile": true }',
        "node_modules/native-one/index.js": 'module.exports = "from " + __dirname;',
        "node_modules/plain/package.json": '{ "name": "plain", "main": "index.js" }',
        "node_modules/plain/index.js": 'module.exports = require("native-one") + " and " + require("path").sep;',
      },
    );
    await using container = await TestContainer.start(app, "f");
    const place = `from ${app.root}/node_modules/native-one`;
    expect((await container.run(0)).value).toEqual([place, `${place} and /`]);
  });
});

describe("arguments", () => {
  const schema = {
    functions: [
      {
        name: "add",
        mode: "unary",
        parameters: [
          { name: "a", type: { kind: "primitive", name: "number" } },
          { name: "b", type: { kind: "primitive", name: "number" } },
        ],
        returns: { kind: "primitive", name: "number" },
      },
    ],
    declarations: [],
  } as never; // what validation reads of a manifest

  test("are checked against the deployed schema", async () => {
    await using container = await TestContainer.start(arithmetic, "add", { manifestJson: schema });
    expect(await container.run(0, 1, "2")).toMatchObject({
      type: "failure",
      value: { code: "INVALID", message: "add(b): expected number, received string" },
    });
    expect((await container.run(1, 1, 2)).value).toBe(3);
  });

  test("are not checked when the function says so", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const add = new App("arithmetic").function(function add(a: number, b: number) { return a + b; }, { validate: false });
    `);
    await using container = await TestContainer.start(app, "add", { manifestJson: schema });
    expect((await container.run(0, 1, "2")).value).toBe("12");
  });
});
