/** Functions called by name or through an old stub while their app is deployed again. */
import { expect, test } from "vitest";
import { localEngine } from "../../src/engines/local/index.ts";
import { Client, Function, GeneratorFunction, NotFoundError } from "../../src/runtime/index.ts";
import { deployment } from "../engine/deployment.ts";
import { program } from "../engines/local/program.ts";
import { temporaryHome } from "../support/home.ts";

const unary = deployment("work", "export const f = app.function(function f(n) { return n; });", { f: {} });
const generator = deployment("work", "export const f = app.function(function* f(n) { yield n; });", {
  f: { mode: "generator" },
});

test("the mode of a function called by name is looked up again once a method does not fit", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const client = new Client({ engine });
  const f = Function.fromName<[n: number], number>("work", "f", { client });
  const g = GeneratorFunction.fromName<[n: number], number>("work", "f", { client });
  // The same stub under both types, as one that is only named may turn out to be either.
  const both = f as unknown as typeof f & typeof g;
  await engine.deployer!.deploy(unary);
  expect(await both.remote(1)).toBe(1);
  await expect(both.remoteGen(1).next()).rejects.toThrow(/is not a generator/);
  await engine.deployer!.deploy(generator);
  expect((await both.remoteGen(2).next()).value).toBe(2);
  await expect(both.remote(1)).rejects.toThrow(/is a generator/);
  await engine.deployer!.deploy(unary);
  expect(await both.remote(3)).toBe(3);
  const outputs: number[] = [];
  for await (const output of both.map([4])) outputs.push(output);
  expect(outputs).toEqual([4]);
  await engine.close();
});

test("stubs still work after their app was removed and a compatible one deployed", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const f = Function.fromName<[n: number], number>("work", "f", { client: new Client({ engine }) });
  await engine.deployer!.deploy(unary);
  expect(await f.remote(1)).toBe(1);
  await engine.deployer!.remove({ app: "work", environment: "main" });
  await expect(f.remote(1)).rejects.toThrow(NotFoundError);
  await engine.deployer!.deploy(unary);
  expect(await f.remote(2)).toBe(2);
  expect(await (await f.spawn(3)).get()).toBe(3);
  await engine.close();
});

test("a program that ends with a map that nobody read says so", async () => {
  await using home = await temporaryHome();
  const { stderr, code } = await program(
    `const { Function } = await import(${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)});
    globalThis.kept = Function.fromName("work", "f").map([1]);
    await Function.fromName("work", "f").map([1]).return();`,
    home.env,
  ).finished;
  expect(code).toBe(0);
  expect(stderr.match(/f\.map\(…\) was never iterated, so it never ran/g)).toHaveLength(1);
});
