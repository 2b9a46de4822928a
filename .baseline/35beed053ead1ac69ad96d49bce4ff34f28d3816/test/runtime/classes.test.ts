/** Classes in the caller's process: registration, handles, and which arguments mean the same instance. */
import { expect, test } from "vitest";
import { localEngine } from "../../src/engines/local/index.ts";
import {
  App,
  Class,
  Client,
  classesOf,
  decodeInstance,
  encodeInstance,
  Function,
  GeneratorFunction,
  InvalidError,
  SerializationError,
  stubs,
  withClient,
} from "../../src/runtime/index.ts";

async function all<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const attempt = (make: () => unknown): Error & { hint?: string } => {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
};

test("local runs a method on one real instance for each handle, made and entered when it is first needed", async () => {
  const app = new App("local-classes");
  const said: string[] = [];
  const Model = app.class(
    class Model {
      readonly #name: string;
      constructor(name: string) {
        this.#name = name;
        said.push(`new ${name}`);
      }
      async enter(): Promise<void> {
        await Promise.resolve();
        said.push(`enter ${this.#name}`);
      }
      greet(greeting: string): string {
        return `${greeting} ${this.#name}`;
      }
      async *letters(): AsyncGenerator<string> {
        yield* this.#name;
      }
    },
  );
  const ada = new Model("Ada");
  expect(said).toEqual([]);
  expect(await Promise.all([ada.greet.local("hi"), ada.greet.local("ho")])).toEqual(["hi Ada", "ho Ada"]);
  expect(await all(ada.letters.local())).toEqual(["A", "d", "a"]);
  expect(await new Model("Ada").greet.local("hi")).toBe("hi Ada");
  expect(said).toEqual(["new Ada", "enter Ada", "new Ada", "enter Ada"]);
  expect(ada).toBeInstanceOf(Model);
  expect(ada.greet.name).toBe("Model.greet");
  expect(ada.letters).toBeInstanceOf(GeneratorFunction);
});

test("an instance that failed to enter is constructed again by the next local call", async () => {
  let times = 0;
  const Model = new App("failing").class(
    class Model {
      enter(): void {
        if (++times === 1) throw new Error("not yet");
      }
      run(): number {
        return times;
      }
    },
  );
  const model = new Model();
  await expect(model.run.local()).rejects.toThrow("not yet");
  expect(await model.run.local()).toBe(2);
});

test("a class without a name is named after its export, and its methods' names begin with that", () => {
  const app = new App("late");
  const Model = app.class(
    class {
      run(): void {}
    },
    { maxContainers: 3, methods: { run: { timeoutMs: 5 } } },
  );
  const [definition] = classesOf(app, { Late: Model });
  expect(definition).toMatchObject({
    name: "Late",
    methods: [{ name: "run", options: { timeoutMs: 5, maxContainers: 3 } }],
  });
  expect(new Model().run.name).toBe("Late.run");
});

test("one container for each set of arguments is the default", () => {
  const app = new App("defaults");
  app.class(
    class One {
      run(): void {}
    },
  );
  app.class(
    class Two {
      run(): void {}
    },
    { minContainers: 2 },
  );
  const most = classesOf(app, {}).map(({ methods }) => methods[0]!.options.maxContainers);
  expect(most).toEqual([1, 2]);
});

test("a registration that is refused says why", () => {
  const app = new App("wrong");
  const One = class One {
    run(): void {}
  };
  expect(attempt(() => app.class((() => {}) as never)).message).toContain("app.class() takes a class");
  expect(attempt(() => app.class(One, { methods: { rum: {} } } as never)).hint).toBe('Did you mean "run"?');
  expect(attempt(() => app.class(One, { methods: { run: { maxContainers: 2 } } } as never)).message).toContain(
    "maxContainers",
  );
  expect(attempt(() => app.class(One, { batch: { maxSize: 1, waitMs: 1 } } as never)).message).toContain("batch");
  expect(
    attempt(() =>
      app.class(
        class Thenable {
          // biome-ignore lint/suspicious/noThenProperty: what is refused
          then(): void {}
        },
      ),
    ).message,
  ).toContain("look like promises");
  app.class(One);
  expect(attempt(() => app.class(One)).message).toContain('two classes named "One"');
  expect(attempt(() => app.function(function One() {})).message).toContain('two classes named "One"');
});

test("equal arguments are the same instance, whatever the order of their properties", () => {
  const same = (a: unknown[], b: unknown[]) => encodeInstance("M", a) === encodeInstance("M", b);
  expect(same([{ a: 1, b: { c: 1, d: 2 } }], [{ b: { d: 2, c: 1 }, a: 1 }])).toBe(true);
  expect(same(["l"], ["l", undefined])).toBe(true);
  expect(same([{ a: 1, b: undefined }], [{ a: 1 }])).toBe(true);
  expect(same([new Map([["k", { a: 1, b: 2 }]])], [new Map([["k", { b: 2, a: 1 }]])])).toBe(true);
  expect(same(["l"], ["s"])).toBe(false);
  expect(same([0], [-0])).toBe(false);
  expect(same([1], ["1"])).toBe(false);
  expect(same([[1, 2]], [[2, 1]])).toBe(false);
  expect(same([new Date(1)], [new Date(1)])).toBe(true);
  expect(same([JSON.parse('{"__proto__":1,"a":2}')], [JSON.parse('{"a":2,"__proto__":1}')])).toBe(true);
});

test("arguments reach the other side as they were", () => {
  const args = [{ z: 1n, a: [new Date(5), new Set(["x"])] }, undefined, new Uint8Array([1, 255]), "é\u0000"];
  expect(decodeInstance(encodeInstance("M", args)).args).toEqual(args);
});

test("arguments that cannot be sent, or are too many, are refused where the instance is made", () => {
  const Model = new App("refusing").class(
    class Model {
      readonly given: unknown;
      constructor(given: unknown) {
        this.given = given;
      }
      run(): void {}
    },
  );
  const refused = attempt(() => new Model({ onProgress: () => {} }));
  expect(refused).toBeInstanceOf(SerializationError);
  expect(refused.message).toContain("arguments[0].onProgress");
  expect(attempt(() => new Model(new Uint8Array(100_000))).message).toContain("constructor arguments of Model");
});

test("a class is found by its name; it has any method that is requested, and await does not take it for a promise", async () => {
  const Model = Class.fromName<new (size: string) => { predict: Function<[text: string], number> }>("ml", "Model", {
    environment: "test",
  });
  const model = await new Model("l");
  expect(model.predict.name).toBe("Model.predict");
  expect(model.predict.environment).toBe("test");
  expect(model.predict).toBe(model.predict);
  expect(`${model} ${JSON.stringify({ ...model })}`).toContain("[object Object]");
  expect(attempt(() => Class.fromName<new () => object>("ml", "Mo.del"))).toBeInstanceOf(InvalidError);
});

test("a method cannot be looked up as a function", () => {
  const error = attempt(() => Function.fromName<[text: string], number>("ml", "Model.predict"));
  expect(error).toBeInstanceOf(InvalidError);
  expect(error.hint).toContain('Class.fromName(app, "Model")');
});

test("a client's classes make instances whose calls go to its engine", () => {
  type Own = new (size: string) => { predict: Function<[text: string], number>; frames: GeneratorFunction<[], number> };
  const app = stubs({ app: "ml", environment: "main" });
  const Model: Own = app.class("Model", [
    ["predict", "function", "s1"],
    ["frames", "generator", "s2"],
  ]);
  const client = new Client({ engine: localEngine("local:") });
  const bound = withClient(client, { Model });
  expect(bound.Model).not.toBe(Model);
  expect(new bound.Model("l").predict.name).toBe("Model.predict");
  expect(new bound.Model("l").frames).toBeInstanceOf(GeneratorFunction);
  expect(Object.keys(withClient(client, new Model("l")))).toEqual(["predict", "frames"]);
});
