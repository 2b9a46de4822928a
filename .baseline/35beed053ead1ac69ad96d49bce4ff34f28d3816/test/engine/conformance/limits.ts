/** Limits of a function over all its containers: how many inputs of one key run at a time, and how many start in a span of time. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Driver } from "../drive.ts";
import type { TestApp } from "./apps.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

const DAY_MS = 86_400_000;

const limited: TestApp = {
  name: "limited",
  body: `
import { appendFileSync, existsSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const gate = async (file) => { while (!existsSync(file)) await sleep(5); };
const run = async (key, file) => { await gate(file); return key; };
export const byKey = app.function(run, { name: "byKey" });
export const byTwo = app.function(async function byTwo(tenant, user, file) { await gate(file); return tenant + user.id; });
export const noted = app.function(async function noted(key, file, ms) {
  appendFileSync(file, "+" + key);
  await sleep(ms);
  appendFileSync(file, "-" + key);
  return key;
});
export const flaky = app.function(function flaky(key, file) { appendFileSync(file, key); throw new Error(key); });
export const crashing = app.function(async function crashing(key, file, ms) {
  appendFileSync(file, "+" + key);
  await sleep(ms);
  if (key === "b") process.exit(1);
  appendFileSync(file, "-" + key);
  return key;
});
export const rated = app.function(function rated(file) { appendFileSync(file, "x"); return "ran"; });
export const ratedByKey = app.function(function ratedByKey({ key }, file) { appendFileSync(file, key); return key; });
export const brisk = app.function(function brisk(n) { return n; });
`,
  functions: {
    byKey: { options: { maxContainers: 2, concurrency: { maxInputs: 4, key: [[0]], perKey: 2 } } },
    byTwo: { options: { maxContainers: 1, concurrency: { maxInputs: 8, key: [[0], [1, "id"]], perKey: 1 } } },
    noted: { options: { maxContainers: 2, concurrency: { maxInputs: 8, key: [[0]], perKey: 1 } } },
    flaky: {
      options: {
        concurrency: { maxInputs: 4, key: [[0]], perKey: 1 },
        retries: { maxRetries: 2, backoffCoefficient: 1, initialDelayMs: 5, maxDelayMs: 5 },
      },
    },
    crashing: { options: { maxContainers: 2, concurrency: { maxInputs: 8, key: [[0]], perKey: 1 } } },
    rated: { options: { maxContainers: 8, limit: { count: 2, perMs: DAY_MS } } },
    ratedByKey: { options: { maxContainers: 2, limit: { count: 2, perMs: DAY_MS, key: [[0, "key"]] } } },
    brisk: { options: { maxContainers: 2, limit: { count: 3, perMs: 50 } } },
  },
};

export function limits(suite: Suite): void {
  suite.describe("limits", ["limits"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const stats = (name: string) => under.engine.invoker.stats(app.ref(name));
    const file = () => suite.file();
    const content = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(limited);
      app = new Driver(under.engine, "limited");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("as many inputs of one key run at a time as perKey says, and those of other keys overtake the rest", async () => {
      const gate = file();
      const keys = ["a", "a", "a", "a", "a", "b", "c"];
      const { outcomes } = app.call(
        "byKey",
        keys.map((key) => [key, gate]),
      );
      await expect
        .poll(() => stats("byKey"), patient)
        .toMatchObject({ backlog: 3, numRunningInputs: 4, numHeldBack: 3, numTotalRunners: 1 });
      writeFileSync(gate, "");
      expect((await outcomes).map(({ value }) => value).sort()).toEqual(keys);
      await expect.poll(async () => (await stats("byKey")).numHeldBack, patient).toBeUndefined();
    });

    test("a key is made of several arguments, properties among them; what is missing is a key too", async () => {
      const gate = file();
      const users = [{ id: 1 }, { id: 2, name: "x" }, { name: "y", id: 2 }, {}, {}, { id: 1, name: "z" }];
      const { outcomes } = app.call(
        "byTwo",
        users.map((user) => ["t", user, gate]),
      );
      await expect.poll(() => stats("byTwo"), patient).toMatchObject({ numRunningInputs: 3, numHeldBack: 3 });
      writeFileSync(gate, "");
      expect(await outcomes).toHaveLength(6);
    });

    test("no two inputs of a key run at a time, whichever calls they are of", async () => {
      const notes = file();
      const rows = Array.from({ length: 24 }, (_, i) => ["abcd"[i % 4], notes, i % 3]);
      const ids = await Promise.all([app.spawn("noted", rows.slice(0, 8)), app.spawn("noted", [rows[8]!])]);
      await Promise.all([app.map("noted", rows.slice(9)), app.get(ids[0]!, 8), app.get(ids[1]!)]);
      expect(overlaps(content(notes))).toEqual([]);
      expect(content(notes)).toHaveLength(24 * 4);
    });

    test("an input that is tried again, and one whose container died, keep to the limit", async () => {
      const tries = file();
      const outcomes = await app.map("flaky", [
        ["a", tries],
        ["a", tries],
      ]);
      expect(outcomes.every(({ error }) => error instanceof Error)).toBe(true);
      expect(content(tries)).toHaveLength(6);
      const notes = file();
      const rows = ["a", "b", "a", "c", "a", "b"].map((key) => [key, notes, 20]);
      const ended = await app.map("crashing", rows);
      expect(ended.filter(({ error }) => error).map(({ index }) => index)).toEqual([1, 5]);
      expect(content(notes).match(/-a/g)).toHaveLength(3);
    });

    test("a cancelled call leaves its place to others of the key", async () => {
      const gate = file();
      const never = app.call("byKey", [
        ["q", file()],
        ["q", file()],
        ["q", file()],
      ]);
      await expect.poll(() => stats("byKey"), patient).toMatchObject({ numRunningInputs: 2, numHeldBack: 1 });
      const { outcomes } = app.call("byKey", [["q", gate]]);
      await expect.poll(() => stats("byKey"), patient).toMatchObject({ numRunningInputs: 2, numHeldBack: 2 });
      never.handle.cancel();
      writeFileSync(gate, "");
      expect(await outcomes).toEqual([{ index: 0, value: "q" }]);
    });

    test("only so many inputs start in a span of time; for the others no container is started", async () => {
      const ran = file();
      const { handle } = app.call(
        "rated",
        Array.from({ length: 20 }, () => [ran]),
      );
      await expect.poll(() => content(ran), patient).toBe("xx");
      await expect
        .poll(() => stats("rated"), patient)
        .toMatchObject({ backlog: 18, numHeldBack: 18, numRunningInputs: 0 });
      expect((await stats("rated")).numTotalRunners).toBeLessThanOrEqual(2);
      handle.cancel();
      await expect.poll(async () => (await stats("rated")).backlog, patient).toBe(0);
      const id = await app.spawn("rated", [[ran]]);
      await expect.poll(() => stats("rated"), patient).toMatchObject({ backlog: 1, numHeldBack: 1 });
      await under.engine.invoker.cancel(id);
      expect(content(ran)).toBe("xx");
    });

    test("where the limit has a key, each key has a span of its own", async () => {
      const ran = file();
      const { handle } = app.call(
        "ratedByKey",
        ["a", "a", "a", "b", "a", "b", "b"].map((key) => [{ key }, ran]),
      );
      await expect.poll(() => [...content(ran)].sort().join(""), patient).toBe("aabb");
      await expect.poll(() => stats("ratedByKey"), patient).toMatchObject({ backlog: 3, numHeldBack: 3 });
      handle.cancel();
    });

    test("what is held back runs as time passes", async () => {
      const rows = Array.from({ length: 20 }, (_, i) => [i]);
      expect((await app.map("brisk", rows)).map(({ value }) => value)).toEqual(rows.map(([i]) => i));
    });

    test("a new version shares the limit with the old one", async () => {
      const gate = file();
      const old = app.call("byKey", [
        ["v", gate],
        ["v", gate],
      ]);
      await expect.poll(() => stats("byKey"), patient).toMatchObject({ numRunningInputs: 2 });
      await under.prepare(limited);
      const next = app.call("byKey", [["v", gate]]);
      await expect.poll(() => stats("byKey"), patient).toMatchObject({ numRunningInputs: 2, numHeldBack: 1 });
      appendFileSync(gate, "");
      expect([...(await old.outcomes), ...(await next.outcomes)].map(({ value }) => value)).toEqual(["v", "v", "v"]);
    });
  });
}

/** Keys of which a second input began before the first had ended. */
function overlaps(notes: string): string[] {
  const running = new Set<string>();
  const found: string[] = [];
  for (const [, sign, key] of notes.matchAll(/([+-])(\w)/g)) {
    if (sign === "-") running.delete(key!);
    else if (running.has(key!)) found.push(key!);
    else running.add(key!);
  }
  return found;
}
