/** A container under attack: by its peer, by size, by depth, by what goes away. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ToContainer } from "../../src/wire/container-protocol.ts";
import { HEADER_BYTES } from "../../src/wire/frames.ts";
import { apps, type Fixture, fixture, inlineFixture, TestContainer } from "./driver.ts";

let arithmetic: Fixture;
beforeAll(async () => {
  arithmetic = await fixture(`${apps}/arithmetic.ts`);
});
afterAll(async () => {
  await arithmetic[Symbol.asyncDispose]();
});

describe("a container exits", () => {
  test("when its engine closes the stream", async () => {
    await using container = await TestContainer.start(arithmetic, "add");
    container.socket.end();
    expect((await container.exited).code).toBe(0);
  });

  test("when its engine goes away before the app was named", async () => {
    await using container = new TestContainer();
    container.socket.destroy();
    expect((await container.exited).signal).toBeNull();
  });

  test("when its engine is gone and the function still writes", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const noise = new App("arithmetic").function(async function noise() {
        for (;;) { console.log("x".repeat(100_000)); await new Promise((resolve) => setTimeout(resolve, 1)); }
      });
    `);
    await using container = await TestContainer.start(app, "noise");
    container.input(1, 0, []);
    await container.next(({ type }) => type === "log");
    container.socket.destroy();
    expect((await container.exited).signal).toBeNull();
  });

  test("when it is asked to stop before it is told what to load", async () => {
    await using container = new TestContainer();
    container.send("stop");
    expect((await container.exited).code).toBe(0);
  });

  test("with code 1 on a frame longer than any may be", async () => {
    await using container = await TestContainer.start(arithmetic, "add");
    container.socket.write(Buffer.alloc(HEADER_BYTES, 0xff));
    expect((await container.exited).code).toBe(1);
  });

  test("with a reason on a load message that is none", async () => {
    await using container = new TestContainer();
    container.writer.write(ToContainer.load, 0, 0, Buffer.from("{ nonsense"));
    expect((await container.next(({ type }) => type === "loadFailed")).value.message).toContain("JSON");
    expect((await container.exited).code).toBe(1);
  });
});

test("whatever well-formed frames arrive, a container answers what it understands", async () => {
  await using container = await TestContainer.start(arithmetic, "add");
  const frame = fc.tuple(
    fc.integer({ min: 0, max: 255 }).filter((type) => type !== ToContainer.stop && type !== ToContainer.call),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 3 }),
    fc.uint8Array({ maxLength: 60 }),
    fc.integer({ min: 0, max: 255 }),
  );
  let round = 1_000;
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 50 }), async (frames) => {
      for (const [type, call, index, payload, flags] of frames)
        container.writer.write(type, call, index, payload, flags);
      container.call(1);
      expect((await container.run(round++, 1, 2)).value).toBe(3);
    }),
    { numRuns: 200 },
  );
});

test("whatever bytes arrive, a container ends or goes on, and never hangs", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      await using container = await TestContainer.start(arithmetic, "add");
      container.socket.write(bytes);
      container.socket.end();
      expect((await container.exited).signal).toBeNull();
    }),
    { numRuns: 10 },
  );
});

describe("size", () => {
  test("an argument and a result of 60 MB arrive whole", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const flip = new App("arithmetic").function(function flip(bytes: Uint8Array) { return bytes.map((b) => b ^ 255); });
    `);
    await using container = await TestContainer.start(app, "flip");
    const bytes = new Uint8Array(60_000_000).map((_, index) => index);
    const { value } = await container.run(0, bytes);
    expect(value.length).toBe(bytes.length);
    expect(value[12_345_678]).toBe((12_345_678 ^ 255) & 255);
  });

  test("data that is nested very deeply fails, if at all, without ending the container", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const deep = new App("arithmetic").function(function deep(levels: number) {
        let value: unknown = "bottom";
        for (let i = 0; i < levels; i++) value = [value];
        return value;
      });
    `);
    await using container = await TestContainer.start(app, "deep");
    expect((await container.run(0, 100)).type).toBe("result");
    expect(await container.run(1, 1_000_000)).toMatchObject({ type: "failure", value: { code: "SERIALIZATION" } });
    expect((await container.run(2, 1)).value).toEqual(["bottom"]);
  });

  test("a function that prints without end does not run out of memory", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const flood = new App("arithmetic").function(function flood(lines: number) {
        for (let i = 0; i < lines; i++) console.log("x".repeat(1_000));
        return Math.round(process.memoryUsage().rss / 1e6);
      });
    `);
    await using container = await TestContainer.start(app, "flood");
    // Nobody reads while it prints 300 MB.
    container.socket.pause();
    container.input(1, 0, [300_000]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    container.socket.resume();
    const { value } = await container.outcome(1, 0);
    expect(value).toBeLessThan(250);
    container.input(1, 1, [1]);
    await container.outcome(1, 1);
    expect(container.all("log").some(({ value: log }) => log.text.includes("were dropped"))).toBe(true);
  });
});

describe("user code that tampers", () => {
  test("with process.stdout, console and process.exit keeps its container speaking", async () => {
    await using app = await inlineFixture(`
      import { App } from "farcall";
      export const tamper = new App("arithmetic").function(function tamper() {
        process.stdout.end(); process.stdout.destroy(); console.log("after");
        process.exit = (() => {}) as never;
        Error.prepareStackTrace = undefined;
        return "survived";
      });
    `);
    await using container = await TestContainer.start(app, "tamper");
    expect((await container.run(0)).value).toBe("survived");
    container.socket.end();
    expect((await container.exited).code).toBe(0);
  });
});
