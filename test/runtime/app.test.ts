/** Apps: names, options, and what the deploy sees of them. */
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
  test("of the option, else of the function, else of the export", () => {
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

  test("of the function win over those of the app, undefined counts as absent", () => {
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
    [{ secrets: "TOKEN" }, "secrets must be a list of names"],
    [{ env: { A: 1 } }, "env must be an object of strings"],
    [{ memoryMiB: 1 }, "memoryMiB must be a whole number of 32 or more"],
    [{ validate: 1 }, "validate must be true or false"],
    [{ name: "a.b" }, "name must be a name"],
  ])("%j is refused when the function is defined", (options, message) => {
    const error = attempt(() => new App("refusing").function(function f() {}, options));
    expect(error.message).toContain(message);
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
