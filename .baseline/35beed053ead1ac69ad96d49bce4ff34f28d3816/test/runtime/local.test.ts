/** Unit tests of calling programs: their stubs run definitions in this process, without an engine. */
import { afterEach, describe, expect, test } from "vitest";
import {
  App,
  callOptions,
  configure,
  type Function,
  FunctionCall,
  type GeneratorFunction,
  NotFoundError,
  repeat,
  SerializationError,
  stubs,
  withLocal,
} from "../../src/index.ts";
import { MemoryWorld, memoryEngine } from "../engine/memory/engine.ts";

interface Options {
  width?: number;
}

const shop = stubs({ app: "shop", environment: "main" });

/** As generated code has them. */
const images = {
  resize: shop.function<Function<[image: Uint8Array, options?: Options], number>>("resize", "s1"),
  add: shop.function<Function<[a: number, b: number], number>>("add", "s2"),
  frames: shop.generator<GeneratorFunction<[count: number], number>>("frames", "s3"),
  echo: shop.function<Function<[value: unknown], unknown>>("echo", "s4"),
  Model: shop.class<new (name: string) => { readonly predict: Function<[text: string], string> }>("Model", [
    ["predict", "function", "s5"],
  ]),
};

/** The program under test. */
async function total(pairs: [number, number][]): Promise<number> {
  let sum = 0;
  for await (const item of images.add.starmap(pairs)) sum += item;
  return sum;
}

const app = new App("shop");
const defined = {
  resize: app.function(async function resize(image: Uint8Array, options?: Options) {
    return image.length * (options?.width ?? 1);
  }),
  add: app.function(
    function add(as: readonly number[], bs: readonly number[]) {
      return as.map((a, index) => a + bs[index]!);
    },
    { batch: { maxSize: 8, waitMs: 1 } },
  ),
  frames: app.function(function* frames(count: number) {
    for (let n = 0; n < count; n++) yield n;
  }),
  Model: app.class(
    class Model {
      readonly #name: string;
      #entered = 0;
      constructor(name: string) {
        this.#name = name;
      }
      enter(): void {
        this.#entered++;
      }
      predict(text: string): string {
        return `${this.#name}${this.#entered}: ${text}`;
      }
    },
  ),
};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}

afterEach(() => configure({ engine: undefined }));

test("each way to call runs the definition", async () => {
  using _ = withLocal(images, defined);
  const bytes = new Uint8Array(3);
  expect(await images.resize.remote(bytes, { width: 2 })).toBe(6);
  expect(await images.resize.remote(bytes, callOptions({ timeoutMs: 10_000 }))).toBe(3);
  expect(await all(images.resize.map([bytes, bytes], repeat({ width: 5 })))).toEqual([15, 15]);
  expect(
    await total([
      [1, 2],
      [3, 4],
    ]),
  ).toBe(10);
  await images.add.forEach([1], [2]);
  const call = await images.add.spawn(1, 2);
  expect([await call.get(), await call.get({ timeoutMs: 0 }), await call.numInputs()]).toEqual([3, 3, 1]);
  const many = await images.resize.spawnMap([bytes, new Uint8Array(4)]);
  expect(await all(many.iter())).toEqual([3, 4]);
  expect(await FunctionCall.gather(call, many)).toEqual([3, 3]);
  await expect(many.get({ index: 2 })).rejects.toThrow("has 2 inputs");
  expect(await all(images.frames.remoteGen(3))).toEqual([0, 1, 2]);
  const model = new images.Model("m");
  expect([await model.predict.remote("a"), await model.predict.remote("b")]).toEqual(["m1: a", "m1: b"]);
  expect((await images.add.hydrate()).name).toBe("add");
  expect((await images.add.getCurrentStats()).numRunningInputs).toBe(0);
});

test("a definition is a plain function, generator or class, and may be a spy", async () => {
  const seen: unknown[] = [];
  using _ = withLocal(images, {
    add: (a, b) => {
      seen.push([a, b]);
      return a + b;
    },
    async *frames(count) {
      yield count;
    },
    Model: class {
      readonly name: string;
      constructor(name: string) {
        this.name = name;
      }
      predict(text: string) {
        return this.name + text;
      }
    },
  });
  expect(await images.add.remote(1, 2)).toBe(3);
  expect(seen).toEqual([[1, 2]]);
  expect(await all(images.frames.remoteGen(7))).toEqual([7]);
  expect(await new images.Model("a").predict.remote("b")).toBe("ab");
});

test("thrown errors, and values that cannot be sent, behave as on an engine", async () => {
  class Own extends Error {
    override name = "Own";
    limit = 3;
  }
  using _ = withLocal(images, {
    add: () => {
      throw new RangeError("too much");
    },
    resize: () => {
      throw new Own("mine");
    },
    echo: (value) => value ?? { callback: () => 1 },
  });
  await expect(images.add.remote(1, 2)).rejects.toThrow(RangeError);
  await expect(images.resize.remote(new Uint8Array())).rejects.toMatchObject({
    name: "Own",
    message: "mine",
    limit: 3,
  });
  await expect(images.echo.remote(() => 1)).rejects.toThrow(SerializationError);
  await expect(images.echo.remote(undefined)).rejects.toThrow(SerializationError);
  const value = { list: [1] };
  const back = (await images.echo.remote(value)) as typeof value;
  expect(back).toEqual(value);
  expect(back.list).not.toBe(value.list);
  const items = await all(images.add.map([1], [2], { returnExceptions: true }));
  expect((items[0] as Error).cause).toBeInstanceOf(RangeError);
});

test("leaving a generator's loop, or cancelling a call, stops it", async () => {
  let ended = 0;
  using _ = withLocal(images, {
    *frames() {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        ended++;
      }
    },
    add: () => new Promise<number>(() => {}),
  });
  for await (const frame of images.frames.remoteGen(1)) if (frame === 2) break;
  await expect.poll(() => ended).toBe(1);
  const call = await images.add.spawn(1, 2);
  await call.cancel();
  await expect(call.get()).rejects.toThrow("cancelled");
  await expect(images.add.remote(1, 2, callOptions({ timeoutMs: 5 }))).rejects.toThrow("within 5 ms");
});

test("a stub without a definition is refused without asking an engine", async () => {
  using _ = withLocal(images, { add: (a, b) => a + b });
  const refused = await images.resize.remote(new Uint8Array()).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(NotFoundError);
  expect(refused).toMatchObject({
    message: "shop/resize has no definition in this process",
    hint: "Add resize to the definitions of withLocal().",
  });
  await expect(images.resize.hydrate()).rejects.toThrow(NotFoundError);
  await expect(new images.Model("m").predict.remote("a")).rejects.toThrow(NotFoundError);
});

describe("afterwards the stubs", () => {
  test("go to their engine again, and the innermost definitions go first", async () => {
    const world = new MemoryWorld();
    configure({ engine: memoryEngine(world) });
    await expect(images.add.remote(1, 2)).rejects.toThrow("no app shop");
    const outer = withLocal(images, { add: () => 1 });
    {
      using _ = withLocal(images, { add: () => 2 });
      expect(await images.add.remote(1, 2)).toBe(2);
    }
    expect(await images.add.remote(1, 2)).toBe(1);
    outer.restore();
    outer.restore();
    await expect(images.add.remote(1, 2)).rejects.toThrow("no app shop");
    await expect(new images.Model("m").predict.remote("a")).rejects.toThrow("no app shop");
  });
});

test("anything that is not a stub or a definition is refused", () => {
  expect(() => withLocal({}, {})).toThrow("without stubs");
  expect(() => withLocal(images, { add: 5 as never })).toThrow("the definition of add is not a function");
  expect(() => withLocal(images, { Model: 5 as never })).toThrow("the definition of Model is not a class");
});
