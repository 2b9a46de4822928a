/** Apps: their names and options, and what a deploy sees. */
import { describe, expect, test } from "vitest";
import { App, definitionsOf, InvalidError, loadedApps } from "../../src/runtime/index.ts";

const attempt = (make: () => unknown): InvalidError => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError);
    return error as InvalidError;
  }
  throw new Error("nothing was thrown");
};

describe("names", () => {
  test("come from the option, else the function, else the export", () => {
    const app = new App("names");
    const exports = {
      first: app.function(function own() {}),
      second: app.function(function own2() {}, { name: "given" }),
      third: app.function(async () => 1),
      fourth: app.function(async function* () {}),
      other: 5,
    };
    const names = definitionsOf(app, exports).map(({ name, mode }) => [name, mode]);
    expect(names).toEqual([
      ["own", "unary"],
      ["given", "unary"],
      ["third", "unary"],
      ["fourth", "generator"],
    ]);
    expect(exports.third.name).toBe("third");
    expect(definitionsOf(app, exports).map(({ name }) => name)).toEqual(["own", "given", "third", "fourth"]);
    expect(loadedApps()).toContain(app);
  });

  test("a function without a name is refused, and the error shows its source", () => {
    const app = new App("nameless");
    app.function(async () => "hidden");
    expect(attempt(() => definitionsOf(app, {})).message).toContain('async () => "hidden"');
    expect(attempt(() => definitionsOf(app, { default: 1 })).hint).toContain("export what app.function() returns");
  });

  test("the same name twice is refused", () => {
    const app = new App("twice");
    app.function(function same() {});
    expect(attempt(() => app.function(() => 1, { name: "same" })).message).toContain('two functions named "same"');
  });

  test.each(["", "a b", "a/b", "1a", "a\nb", "__proto__.x"])("an app cannot be named %j", (name) => {
    attempt(() => new App(name));
  });

  test("an error about a dot explains the rule", () => {
    expect(attempt(() => new App("a.b")).hint).toContain("no dots");
  });
});

describe("options", () => {
  const app = new App("options", { timeoutMs: 1000, retries: 1 });
  const optionsOf = (name: string) => definitionsOf(app, {}).find((definition) => definition.name === name)!.options;

  test("have defaults, which the app can change", () => {
    app.function(function plain() {});
    expect(optionsOf("plain")).toEqual({
      retries: { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 1000, maxDelayMs: 60_000 },
      timeoutMs: 1000,
      startupTimeoutMs: 60_000,
      minContainers: 0,
      maxContainers: 0,
      bufferContainers: 0,
      scaledownWindowMs: 60_000,
      concurrency: { maxInputs: 1 },
      secrets: [],
      env: {},
      memoryMiB: 0,
      validate: true,
    });
  });

  test("of the function take precedence over the app's; undefined counts as absent", () => {
    app.function(function own() {}, {
      timeoutMs: 5,
      retries: { maxRetries: 2, maxDelayMs: 10 },
      ...({ minContainers: undefined } as object),
      secrets: ["TOKEN"],
      env: { A: "b" },
    });
    expect(optionsOf("own")).toMatchObject({
      timeoutMs: 5,
      retries: { maxRetries: 2, backoffCoefficient: 2, initialDelayMs: 1000, maxDelayMs: 10 },
      minContainers: 0,
      secrets: ["TOKEN"],
      env: { A: "b" },
    });
  });

  test.each<[object, string]>([
    [{ retrys: 2 }, 'unknown option "retrys"'],
    [{ retries: -1 }, "retries must be a whole number, 0 or more, not -1"],
    [{ retries: { maxRetry: 1 } }, 'unknown part of retries "maxRetry"'],
    [{ retries: { backoffCoefficient: 0 } }, "retries.backoffCoefficient must be a number of 1 or more"],
    [{ timeoutMs: 0 }, "timeoutMs must be milliseconds from 1"],
    [{ timeoutMs: "5s" }, 'not "5s"'],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, "timeoutMs"],
    [{ maxContainers: 0 }, "maxContainers must be a whole number of 1 or more"],
    [{ minContainers: 3, maxContainers: 2 }, "minContainers (3) is more than maxContainers (2)"],
    [{ minContainers: 1.5 }, "minContainers must be a whole number"],
    [{ concurrency: 4 }, "concurrency must be an object"],
    [{ concurrency: { maxInputs: 0 } }, "concurrency.maxInputs must be a whole number of 1 or more"],
    [{ concurrency: { perKey: 2 } }, "concurrency needs both key and perKey, or neither"],
    [{ concurrency: { key: "id", perKey: 2 } }, "concurrency.key must be a function"],
    [{ limit: 5 }, "limit must be an object"],
    [{ limit: { count: 5 } }, "limit needs both count and perMs"],
    [{ limit: { count: 0, perMs: 10 } }, "limit.count must be a whole number of 1 or more"],
    [{ limit: { count: 1e6, perMs: 10 } }, "limit.count must be at most 100000"],
    [{ limit: { count: 5, perMs: 2 ** 31 } }, "limit.perMs must be milliseconds from 1 to 2147483647"],
    [{ limit: { count: 5, perMs: 10 }, batch: { maxSize: 2, waitMs: 1 } }, "a batched function cannot have limit"],
    [{ secrets: "TOKEN" }, "secrets must be a list of names"],
    [{ env: { A: 1 } }, "env must be an object of strings"],
    [{ memoryMiB: 1 }, "memoryMiB must be a whole number of 32 or more"],
    [{ validate: 1 }, "validate must be true or false"],
    [{ name: "a.b" }, "name must be a name"],
  ])("%j is refused when the function is defined", (options, message) => {
    const error = attempt(() => new App("refusing").function(function f() {}, options));
    expect(error.message).toContain(message);
  });

  test("a key is stored as paths into the arguments", () => {
    const places = (key: (...args: never[]) => unknown) => {
      const name = `f${Math.random().toString(36).slice(2)}`;
      app.function(function f() {}, { name, limit: { count: 1, perMs: 1, key: key as () => string } });
      return optionsOf(name).limit?.key;
    };
    expect(places((user: { id: string }) => user.id)).toEqual([[0, "id"]]);
    expect(places((_: unknown, { org }: { org: string }) => org)).toEqual([[1, "org"]]);
    expect(places((tenant: string, [, second]: { id: number }[]) => [tenant, second?.id])).toEqual([[0], [1, 1, "id"]]);
    expect(places((user?: { address?: { city: string } }) => user?.address?.city)).toEqual([[0, "address", "city"]]);
    expect(places((...all: string[]) => all[2])).toEqual([[2]]);
  });

  // Looks like a separate key, but would be taken for another one.
  test.each<[string, (order: { id: string; org?: string; items: string[] }, b?: string) => unknown, string]>([
    ["joined", (order, b) => `${order.id}/${b}`, "it computes with argument 1.id"],
    ["falls back", (order) => order.org ?? order.id, "it does not return undefined where argument 1.org is undefined"],
    ["has a default", ({ org = "none" }) => org, "it returns something of its own where argument 1.org is undefined"],
    ["chooses", (order) => (order.org ? order.id : "none"), "it reads argument 1.org beside what it returns"],
    ["calls a method", (order) => order.id.toLowerCase(), "it throws TypeError"],
    ["counts", (order) => order.items.length, "it computes with argument 1.items"],
    ["is constant", () => "all", "it returns something of its own"],
    ["is nothing", () => undefined, "it returns undefined"],
    ["is empty", () => [], "it returns an empty list"],
    ["lists", (order) => Object.keys(order), "it lists the properties of argument 1"],
  ])("a key that %s is refused when the function is defined", (_, key, message) => {
    const options = { concurrency: { key: key as () => string, perKey: 1 } };
    const error = attempt(() => new App("keys").function(function f() {}, options));
    expect(error.message).toContain('function "f": concurrency.key must return arguments as they are');
    expect(error.message).toContain(message);
    expect(error.hint).toContain("(order) => order.customer");
  });

  test("a key is refused where inputs cannot have one, or would have two", () => {
    const key = (a: string) => a;
    const keyed = { concurrency: { maxInputs: 2, key, perKey: 1 } };
    const refusal = (define: (app: App) => unknown) => attempt(() => define(new App("keyless"))).message;
    expect(refusal((app) => app.function(function f(_a: string) {}, { ...keyed, web: true }))).toContain(
      "a function that answers HTTP cannot have concurrency.key",
    );
    expect(refusal((app) => app.web(() => new Response(), keyed as object))).toContain("cannot have a key");
    expect(refusal((app) => app.class(class A {}, keyed as object))).toContain("not an option of app.class()");
    expect(refusal((app) => app.class(class A {}, { limit: { count: 1, perMs: 1 } } as object))).toContain(
      "limit is not an option of app.class()",
    );
    expect(refusal(() => new App("keyless", keyed as object))).toContain("concurrency.key is an option of a function");
    const limit = { count: 1, perMs: 1, key: (_: string, b: string) => b };
    expect(refusal((app) => app.function(function f(_a: string, _b: string) {}, { ...keyed, limit }))).toContain(
      "concurrency.key and limit.key are not the same",
    );
  });

  test("a misspelt option gets the nearest name as a hint", () => {
    expect(attempt(() => new App("near").function(function f() {}, { timeoutMS: 5 } as object)).hint).toBe(
      'Did you mean "timeoutMs"?',
    );
  });

  test("anything but a function is refused", () => {
    attempt(() => new App("odd").function(5 as never));
    attempt(() => new App("odd2", { name: "x" } as object));
  });
});
