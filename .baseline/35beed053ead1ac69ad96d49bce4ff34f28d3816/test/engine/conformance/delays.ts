/** Durable calls that are made for later. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CancelledError } from "../../../src/runtime/errors.ts";
import { Driver } from "../drive.ts";
import type { TestApp } from "./apps.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

const DAY_MS = 86_400_000;

const later: TestApp = {
  name: "later",
  body: `
import { writeFileSync } from "node:fs";
export const now = app.function(function now() { return Date.now(); });
export const mark = app.function(function mark(file) { writeFileSync(file, ""); return Date.now(); });
`,
  functions: { now: {}, mark: {} },
};

export function delays(suite: Suite): void {
  suite.describe("calls for later", ["durable", "delays"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const file = () => suite.file();
    const info = (id: string) => under.engine.invoker.call(id);
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(later);
      app = new Driver(under.engine, "later");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("the inputs begin at their time and not before", async () => {
      const dueAt = Date.now() + 400;
      const one = await app.spawn("now", [[]], { dueAt });
      const many = await app.spawn("now", [[], [], []], { dueAt: dueAt + 100 });
      expect(await info(one)).toMatchObject({ dueAt: new Date(dueAt).toISOString(), numInputs: 1 });
      for (const { value } of await app.get(one)) expect(value).toBeGreaterThanOrEqual(dueAt);
      for (const { value } of await app.get(many, 3)) expect(value).toBeGreaterThanOrEqual(dueAt + 100);
    });

    test("a call whose time has passed runs at once", async () => {
      const id = await app.spawn("now", [[]], { dueAt: Date.now() - DAY_MS });
      expect(await app.get(id)).toHaveLength(1);
      expect(await info(id)).toMatchObject({ numEnded: 1 });
    });

    test("a call that waits for its time holds up nothing, takes no container and counts as no backlog", async () => {
      const marked = file();
      const id = await app.spawn("mark", [[marked]], { dueAt: Date.now() + DAY_MS });
      expect(await app.remote("mark", file())).toEqual(expect.any(Number));
      // An engine of many machines may hear of the end a moment later.
      await expect
        .poll(() => under.engine.invoker.stats(app.ref("mark")), patient)
        .toMatchObject({ backlog: 0, numRunningInputs: 0 });
      expect(await info(id)).toMatchObject({ numInputs: 1, numEnded: 0, cancelled: false });
      expect(existsSync(marked)).toBe(false);
    });

    test("it can be cancelled before its time, and then never runs", async () => {
      const marked = file();
      const id = await app.spawn("mark", [[marked]], { dueAt: Date.now() + 500 });
      await under.engine.invoker.cancel(id);
      await expect(app.get(id)).rejects.toThrow(CancelledError);
      // Once a call that was due later has run, this one would have.
      await app.get(await app.spawn("now", [[]], { dueAt: Date.now() + 800 }));
      expect(existsSync(marked)).toBe(false);
      expect(await info(id)).toMatchObject({ cancelled: true });
    });

    suite.needing(["idempotency"])("the same key finds the call with the time that it was made for", async () => {
      const dueAt = Date.now() + DAY_MS;
      const idempotencyKey = "reminder";
      const id = await app.spawn("now", [[]], { dueAt, idempotencyKey });
      expect(await app.spawn("now", [[]], { dueAt: Date.now(), idempotencyKey })).toBe(id);
      expect(await app.spawn("now", [[]], { idempotencyKey })).toBe(id);
      expect(await info(id)).toMatchObject({ dueAt: new Date(dueAt).toISOString(), numEnded: 0 });
    });

    suite.needing(["monitor"])("it is listed with its time", async () => {
      const dueAt = Date.now() + DAY_MS;
      const id = await app.spawn("now", [[]], { dueAt });
      const listed = await under.engine.monitor!.calls({ app: "later", limit: 5 });
      expect(listed.find((call) => call.id === id)).toMatchObject({ dueAt: new Date(dueAt).toISOString() });
    });

    suite.needing(["interruption"])("it is kept across an interruption, and runs once that is over", async () => {
      const [soonMarked, laterMarked] = [file(), file()];
      const dueAt = Date.now() + 1_000;
      const soon = await app.spawn("mark", [[soonMarked]], { dueAt });
      const far = await app.spawn("mark", [[laterMarked]], { dueAt: Date.now() + DAY_MS });
      await under.interrupt();
      await under.engine.registry.listApps();
      const [outcome] = await app.get(soon);
      expect(outcome?.value).toBeGreaterThanOrEqual(dueAt);
      expect(await info(far)).toMatchObject({ numEnded: 0, cancelled: false });
      await under.engine.invoker.cancel(far);
      await expect.poll(async () => (await info(far)).cancelled, patient).toBe(true);
      expect(existsSync(laterMarked)).toBe(false);
    });
  });
}
