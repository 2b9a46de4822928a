/** Fake timers of a user's test never hold up a call, as with the local engine. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Client, callOptions, Function } from "../../../src/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Cluster } from "./cluster.ts";
import { LEFT_OUT } from "./server.ts";

const app = deployment(
  "fake",
  `export const double = app.function(function double(n) { return n * 2; });
   export const gen = app.function(function* gen(n) { for (let i = 0; i < n; i++) yield i; });
   export const stuck = app.function(async function stuck() { await new Promise(() => {}); });`,
  { double: {}, gen: { mode: "generator" }, stuck: {} },
);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe.skipIf(LEFT_OUT)(`fake timers${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
    const engine = cluster.engine();
    await engine.deployer!.deploy(app);
    await engine.close();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());
  afterEach(() => {
    vi.useRealTimers();
  });

  test("every way to call works while all timers are fake, from the first call on", async () => {
    await using client = new Client({ engine: cluster.url });
    const double = Function.fromName<[n: number], number>("fake", "double", { client });
    const stuck = Function.fromName<[], void>("fake", "stuck", { client });
    vi.useFakeTimers();
    expect(await double.remote(2)).toBe(4);
    expect(await all(double.map(Array.from({ length: 300 }, (_, n) => n)))).toHaveLength(300);
    await double.forEach([1, 2]);
    const call = await double.spawn(4);
    expect(await call.get()).toBe(8);
    expect(await all((await double.spawnMap([1, 2])).iter())).toEqual([2, 4]);
    await expect(stuck.remote(callOptions({ timeoutMs: 100 }))).rejects.toThrow("100 ms");
    vi.useRealTimers();
  });
});
