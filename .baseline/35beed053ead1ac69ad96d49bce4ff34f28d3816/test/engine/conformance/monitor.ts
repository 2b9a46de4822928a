/** What an engine that keeps a record of calls answers about them. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { InputQuery, LogEntry, LogFilter } from "../../../src/engine/index.ts";
import { InternalFailure, NotFoundError } from "../../../src/runtime/errors.ts";
import { Driver } from "../drive.ts";
import { kept, work } from "./apps.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

export function monitor(suite: Suite): void {
  suite.describe("monitor", ["monitor"], () => {
    let under: EngineUnderTest;
    let app: Driver;
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(work);
      app = new Driver(under.engine, "work");
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    suite.needing(["inputIndex"])("keeps a container's output as logs, with call and input", async () => {
      const { handle, outcomes } = app.call("say", [["first"], ["second"]]);
      await outcomes;
      const logs: LogEntry[] = [];
      await expect
        .poll(async () => {
          logs.length = 0;
          for await (const entry of under.engine.monitor!.logs({ callId: handle.id })) logs.push(entry);
          return logs.map(({ text, inputIndex, stream }) => `${inputIndex} ${stream} ${text.trim()}`).sort();
        }, patient)
        .toEqual(["0 stdout first", "1 stdout second"]);
      expect(logs[0]).toMatchObject({ app: "work", function: "say" });
    });

    test("follows logs until the signal aborts", async () => {
      const stop = new AbortController();
      const texts: string[] = [];
      const following = (async () => {
        for await (const entry of under.engine.monitor!.logs({
          function: "say",
          limit: 0,
          follow: true,
          signal: stop.signal,
        })) {
          texts.push(entry.text.trim());
        }
      })();
      await expect
        .poll(async () => {
          await app.remote("say", "followed");
          return texts.length;
        }, patient)
        .toBeGreaterThan(0);
      stop.abort();
      await following;
      expect(texts).toContain("followed");
    });

    suite.needing(["arguments"])("remembers the inputs of a durable call with their outcomes", async () => {
      const id = await app.spawn("mixed", [[1], [2]]);
      await app.get(id, 2);
      const failing = await app.spawn("fail", [["no"]]);
      await app.get(failing);
      const records = await under.engine.monitor!.inputs(id, {});
      expect(records.map((record) => app.record(record))).toEqual([
        { args: [1], outcomes: [{ index: 0, value: 1 }] },
        { args: [2], outcomes: [{ index: 1, value: 2 }] },
      ]);
      expect(
        (await under.engine.monitor!.inputs(id, { start: 1, end: 2 })).map((record) => app.record(record)),
      ).toHaveLength(1);
      expect((await under.engine.monitor!.inputs(failing, {})).map((record) => app.record(record))).toMatchObject([
        { args: ["no"], outcomes: [{ error: { name: "RangeError", message: "no" } }] },
      ]);
    });

    suite.needing(["arguments"])("remembers the first inputs of a map and those that failed, for a while", async () => {
      const { handle, outcomes } = app.call(
        "mixed",
        Array.from({ length: 40 }, (_, i) => [i]),
      );
      await outcomes;
      const records = (await under.engine.monitor!.inputs(handle.id, {})).map((record) => app.record(record));
      expect(records[0]).toEqual({ args: [0], outcomes: [{ index: 0, value: 0 }] });
      expect(records).toContainEqual({ args: [13], outcomes: [{ index: 13, error: expect.any(InternalFailure) }] });
      expect(records.length).toBeLessThan(40);
    });

    suite.needing(["results"])("remembers what a generator has yielded so far", async () => {
      const { handle, outcomes } = app.call("count", [[3]], { method: "remoteGen" });
      handle.credit(10);
      await outcomes;
      expect((await under.engine.monitor!.inputs(handle.id, {})).map((record) => app.record(record))).toEqual([
        { args: [3], outcomes: [...[0, 1, 2].map((value) => ({ index: 0, value })), { index: 0, end: true }] },
      ]);
    });

    suite.needing(["results"])("leaves out arguments that are large", async () => {
      const large = "x".repeat(1_000_000);
      const id = await app.spawn("identity", [[large]]);
      await app.get(id);
      const { handle, outcomes } = app.call("say", [[large]], { method: "remote" });
      await outcomes;
      for (const call of [id, handle.id]) {
        const [record] = await under.engine.monitor!.inputs(call, {});
        expect(record).toMatchObject({ index: 0, outputs: [{ kind: "result" }] });
        expect(record).not.toHaveProperty("payload");
      }
    });

    test("lists calls, newest first", async () => {
      const id = await app.spawn("add", [[1, 1]]);
      await app.get(id);
      const { handle, outcomes } = app.call("add", [[1, 1]]);
      await outcomes;
      const calls = await under.engine.monitor!.calls({ function: "add", limit: 50 });
      expect(calls.map((call) => call.id)).toEqual(expect.arrayContaining([id, handle.id]));
      expect(calls.length).toBeLessThanOrEqual(50);
      expect(calls.map((call) => call.createdAt)).toEqual(
        calls
          .map((call) => call.createdAt)
          .toSorted()
          .reverse(),
      );
    });
  });

  suite.describe("counts, progress and logs", ["monitor"], () => {
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

    test("a call says how many of its inputs failed, kept on disk or not", async () => {
      const { invoker } = under.engine;
      const counts = { numInputs: 4, numEnded: 4, numFailed: 3 };
      const { handle, outcomes } = app.call("halve", [[1], [2], [3], [5]]);
      await outcomes;
      expect(await invoker.call(handle.id)).toMatchObject(counts);
      const id = await app.spawn("halve", [[1], [2], [3], [5]]);
      await app.get(id, 4);
      expect(await invoker.call(id)).toMatchObject(counts);
      const listed = new Map((await under.engine.monitor!.calls({ function: "halve" })).map((call) => [call.id, call]));
      expect([listed.get(handle.id), listed.get(id)]).toMatchObject([counts, counts]);
      const fine = await app.spawn("halve", [[2]]);
      await app.get(fine);
      expect(await invoker.call(fine)).toMatchObject({ numEnded: 1, numFailed: 0 });
    });

    test("gives only the inputs that failed, and as many as are wanted, kept on disk or not", async () => {
      const { handle, outcomes } = app.call("halve", [[1], [2], [3], [5]]);
      await outcomes;
      const id = await app.spawn("halve", [[1], [2], [3], [5]]);
      await app.get(id, 4);
      for (const call of suite.lacks("results") ? [id] : [handle.id, id]) {
        const indices = async (query: InputQuery) =>
          (await under.engine.monitor!.inputs(call, query)).map(({ index }) => index);
        expect(await indices({ failed: true })).toEqual([0, 2, 3]);
        expect(await indices({ failed: true, limit: 2 })).toEqual([0, 2]);
        expect(await indices({ failed: true, start: 1 })).toEqual([2, 3]);
        expect(await indices({ limit: 1 })).toEqual([0]);
      }
    });

    suite.needing(["arguments"])(
      "remembers the arguments of a durable call's first inputs, and of those that failed",
      async () => {
        const inputs = Array.from({ length: 400 }, (_, i) => [i === 333 ? 333 : 2 * i]);
        const id = await app.spawn("halve", inputs);
        await app.get(id, inputs.length);
        const records = await under.engine.monitor!.inputs(id, {});
        expect(records.length).toBe(inputs.length);
        const args = (index: number) => {
          const { payload } = records[index]!;
          return payload && app.codec.decodeArguments(payload).args;
        };
        expect([args(0), args(9), args(333)]).toEqual([[0], [18], [333]]);
      },
    );

    suite.needing(["progress"])(
      "the newest progress of each input is reported, and followed to the end of the call",
      async () => {
        const gate = file();
        const { handle, outcomes } = app.call("steps", [[gate], [gate]]);
        const latest = async () => {
          const seen: string[] = [];
          for await (const { index, fraction, message } of under.engine.monitor!.progress(handle.id)) {
            seen.push(`${index} ${fraction} ${message}`);
          }
          return seen.sort();
        };
        await expect.poll(latest, patient).toEqual(["0 0.5 half", "1 0.5 half"]);
        const fractions = new Set<number>();
        const following = (async () => {
          for await (const { fraction } of under.engine.monitor!.progress(handle.id, { follow: true }))
            fractions.add(fraction);
        })();
        await expect.poll(() => fractions.size, patient).toBeGreaterThan(0);
        writeFileSync(gate, "");
        await outcomes;
        await following;
        expect([...fractions]).toContain(1);
        expect(await latest()).toEqual([]);
        await expect(under.engine.monitor!.progress("fc-nothing")[Symbol.asyncIterator]().next()).rejects.toThrow(
          NotFoundError,
        );
      },
    );

    test("logs are filtered by app, environment, function and call, from a sequence on, in order", async () => {
      const say = async (text: string): Promise<string> => {
        const { handle, outcomes } = app.call("say", [[text]]);
        await outcomes;
        return handle.id;
      };
      const ids = [await say("one"), await say("two"), await say("three")];
      const entries = async (filter: LogFilter) => {
        const found: LogEntry[] = [];
        for await (const entry of under.engine.monitor!.logs(filter)) if (entry.stream === "stdout") found.push(entry);
        return found;
      };
      const words = async (filter: LogFilter) => (await entries(filter)).map(({ text }) => text.trim());
      await expect.poll(() => words({ app: "kept" }), patient).toEqual(["one", "two", "three"]);
      expect(await words({ app: "other" })).toEqual([]);
      expect(await words({ app: "kept", function: "add" })).toEqual([]);
      expect(await words({ app: "kept", environment: "staging" })).toEqual([]);
      expect(await words({ callId: ids[1] })).toEqual(["two"]);
      const all = await entries({ app: "kept", environment: "main", function: "say" });
      const sequences = all.map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
      expect(await words({ app: "kept", function: "say", after: sequences[0] })).toEqual(["two", "three"]);
      expect(await words({ app: "kept", function: "say", limit: 1 })).toEqual(["three"]);
    });
  });
}
