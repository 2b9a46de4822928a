/** What an engine does whose functions run in processes of their own, which it scales, times, and finds dead. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FunctionTimeoutError, InternalFailure, NotFoundError } from "../../../src/runtime/errors.ts";
import { Driver } from "../drive.ts";
import { kept, work } from "./apps.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

export function containers(suite: Suite): void {
  suite.describe("containers", ["containers"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const stats = (name: string) => under.engine.invoker.stats(app.ref(name));
    const file = () => suite.file();
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(work);
      app = new Driver(under.engine, "work");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("gives a container its env and the secrets that the function names, and no others", async () => {
      expect(await app.remote("environment")).toEqual(["green", "t", undefined]);
    });

    test("spreads inputs over containers up to the maximum", async () => {
      const gate = file();
      const { outcomes } = app.call(
        "apart",
        Array.from({ length: 9 }, () => [gate]),
      );
      await expect.poll(() => stats("apart"), patient).toEqual({ backlog: 6, numTotalRunners: 3, numRunningInputs: 3 });
      writeFileSync(gate, "");
      expect(new Set((await outcomes).map((outcome) => outcome.value)).size).toBe(3);
    });

    test("runs as many inputs in one container as concurrency allows", async () => {
      const gate = file();
      const { outcomes } = app.call(
        "together",
        Array.from({ length: 10 }, () => [gate]),
      );
      await expect
        .poll(() => stats("together"), patient)
        .toEqual({ backlog: 2, numTotalRunners: 1, numRunningInputs: 8 });
      writeFileSync(gate, "");
      expect(new Set((await outcomes).map((outcome) => outcome.value)).size).toBe(1);
    });

    test("ends an attempt that takes too long, and retries it", async () => {
      expect(await app.remote("late", file())).toBe(2);
    });

    test("does not mistake a late answer of an attempt for the outcome of the next", async () => {
      const tries = file();
      expect(await app.map("lateBeside", [[tries], [tries]])).toEqual([
        { index: 0, value: 1 },
        { index: 1, value: 1 },
      ]);
      expect(readFileSync(tries).length).toBe(4);
    });

    test("kills a container that is stuck in a loop", async () => {
      await expect(app.remote("spin")).rejects.toThrow(FunctionTimeoutError);
    });

    test("runs an input again whose container died", async () => {
      expect(await app.remote("crashOnce", file(), "value")).toBe("value");
    });

    test("counts runs whose container died as attempts", async () => {
      expect(await app.remote("survivor")).toBe(2);
    });

    test("gives up on an input that kills every container", async () => {
      const tries = file();
      await expect(app.remote("crash", tries)).rejects.toThrow(InternalFailure);
      expect(readFileSync(tries).length).toBe(9);
    });

    test("finds the one input of a map that kills containers; the others have their results", async () => {
      const outcomes = await app.map(
        "mixed",
        Array.from({ length: 40 }, (_, i) => [i]),
      );
      expect(outcomes.filter((outcome) => outcome.error).map((outcome) => outcome.index)).toEqual([13]);
      expect(outcomes[13]?.error).toBeInstanceOf(InternalFailure);
    });

    test("reports that a container ran out of memory", async () => {
      await expect(app.remote("hog")).rejects.toThrow(/out of memory.*32/s);
    });
  });

  suite.describe("stats", ["containers"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    const file = () => suite.file();
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(kept);
      app = new Driver(under.engine, "kept");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("stats are of one version or of all; an unknown function is not found", async () => {
      const gate = file();
      const { handle } = app.call(
        "apart",
        Array.from({ length: 4 }, () => [gate]),
      );
      const { invoker } = under.engine;
      const all = { backlog: 1, numTotalRunners: 3, numRunningInputs: 3 };
      await expect.poll(() => invoker.stats(app.ref("apart")), patient).toEqual(all);
      expect(await invoker.stats(app.ref("apart", { version: 1 }))).toEqual(all);
      handle.cancel();
      const none = { backlog: 0, numRunningInputs: 0 };
      await expect.poll(() => invoker.stats(app.ref("apart")), patient).toMatchObject(none);
      await expect(invoker.stats(app.ref("nothing"))).rejects.toThrow(NotFoundError);
      await expect(invoker.updateAutoscaler(app.ref("nothing"), {})).rejects.toThrow(NotFoundError);
    });
  });
}
