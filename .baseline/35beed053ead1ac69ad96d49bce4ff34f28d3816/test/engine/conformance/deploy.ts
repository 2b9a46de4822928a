/** What an engine with a deployer does with what it is given. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DeployEvent } from "../../../src/engine/index.ts";
import { CancelledError, InvalidError, NotFoundError } from "../../../src/runtime/errors.ts";
import { deployment } from "../deployment.ts";
import { Driver } from "../drive.ts";
import { type EngineUnderTest, patient, type Suite } from "./suite.ts";

export function deploy(suite: Suite): void {
  suite.describe("deploy", ["deploy"], () => {
    let under: EngineUnderTest;
    beforeAll(async () => {
      under = await suite.create();
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("lists nothing before the first deploy, then each app with its newest version", async () => {
      const { registry } = under.engine;
      expect(await registry.listApps()).toEqual([]);
      const first = await under.engine.deployer!.deploy(
        deployment("letters", "export const a = app.function(function a() {});", { a: {} }),
      );
      expect(first).toMatchObject({ version: 1, changed: true, manifest: { app: "letters", version: 1 } });
      expect(Date.parse(first.manifest.deployedAt)).toBeGreaterThan(0);
      const second = await under.engine.deployer!.deploy(
        deployment("letters", "export const b = app.function(function b() {});", { b: {} }),
      );
      expect(second).toMatchObject({ version: 2, changed: true, previous: { version: 1 } });
      expect(await registry.listApps()).toMatchObject([
        { app: "letters", environment: "main", version: 2, functions: 1 },
      ]);
      expect(await registry.listApps({ environment: "other" })).toEqual([]);
    });

    test("registers nothing when what is deployed has not changed", async () => {
      const request = deployment("same", "export const a = app.function(function a() {});", { a: {} });
      const first = await under.engine.deployer!.deploy(request);
      const again = await under.engine.deployer!.deploy(request);
      expect(again).toMatchObject({ version: first.version, changed: false });
      const other = deployment(
        "same",
        "export const a = app.function(function a() {});",
        { a: {} },
        { secrets: { TOKEN: "2" } },
      );
      expect(await under.engine.deployer!.deploy(other)).toMatchObject({ version: 2, changed: true });
    });

    test("notifies watchers of each deploy and removal, also of those that they missed", async () => {
      const { registry } = under.engine;
      const seen: DeployEvent[] = [];
      const stop = new AbortController();
      const { promise: ready, resolve: onReady } = Promise.withResolvers<number>();
      const watching = (async () => {
        for await (const event of registry.watchDeploys({ signal: stop.signal, onReady })) {
          seen.push(event);
          if (event.kind === "removed") stop.abort();
        }
      })();
      const start = await ready;
      const other = under.another();
      await other.deployer!.deploy(deployment("watched", "export const a = app.function(function a() {});", { a: {} }));
      await other.deployer!.remove({ app: "watched", environment: "main" });
      await watching;
      expect(seen).toMatchObject([
        { kind: "deployed", app: "watched", version: 1 },
        { kind: "removed", app: "watched" },
      ]);
      const missed: DeployEvent[] = [];
      const late = new AbortController();
      for await (const event of registry.watchDeploys({ after: start, signal: late.signal })) {
        missed.push(event);
        if (missed.length === 2) late.abort();
      }
      expect(missed).toEqual(seen);
      await other.close();
    });

    test("remembers where each version came from", async () => {
      const { registry, deployer } = under.engine;
      const request = deployment("owned", "export const a = app.function(function a() {});", { a: {} });
      const origin = {
        project: "@acme/shop",
        folder: "/projects/shop",
        user: "ada@laptop",
        revision: "0123abc",
        repository: { folder: "/projects/.git", path: "shop", remote: "github.com/acme/shop" },
      };
      await deployer!.deploy(request);
      await deployer!.deploy({ ...request, secrets: { TOKEN: "1" }, origin });
      const [second, first] = await registry.history({ app: "owned", environment: "main" });
      expect(second).toMatchObject({ version: 2, origin });
      expect(first).not.toHaveProperty("origin");
      const [summary] = (await registry.listApps()).filter(({ app }) => app === "owned");
      expect(summary).toMatchObject({ version: 2, origin });
    });

    test("rolls back to an earlier version by registering it again", async () => {
      const { registry, deployer } = under.engine;
      const version = (n: number) =>
        deployment("returning", `export const f = app.function(function f() { return ${n}; });`, { f: {} });
      const origin = { project: "shop", user: "ada@laptop" };
      await deployer!.deploy({ ...version(1), origin });
      await deployer!.deploy(version(2));
      await deployer!.deploy(version(3));
      const ref = { app: "returning", environment: "main" };
      const returning = new Driver(under.engine, "returning");
      expect(await returning.remote("f")).toBe(3);

      const back = await deployer!.rollback({ ...ref, user: "bob@desk" });
      expect(back).toMatchObject({ version: 4, changed: true, manifest: { version: 4 }, previous: { version: 3 } });
      expect(await returning.remote("f")).toBe(2);
      // Again goes further back, not to what was rolled back from.
      expect(await deployer!.rollback(ref)).toMatchObject({ version: 5, changed: true });
      expect(await returning.remote("f")).toBe(1);
      await expect(deployer!.rollback(ref)).rejects.toThrow(InvalidError);
      expect(await deployer!.rollback({ ...ref, version: 3 })).toMatchObject({ version: 6, changed: true });
      expect(await returning.remote("f")).toBe(3);
      expect(await deployer!.rollback({ ...ref, version: 6 })).toMatchObject({ version: 6, changed: false });
      await expect(deployer!.rollback({ ...ref, version: 60 })).rejects.toThrow(NotFoundError);
      await expect(deployer!.rollback({ ...ref, app: "returned" })).rejects.toThrow(NotFoundError);

      expect(await registry.history(ref)).toMatchObject([
        { version: 6, rollbackOf: 3 },
        { version: 5, rollbackOf: 1, origin },
        { version: 4, rollbackOf: 2, origin: { user: "bob@desk" } },
        { version: 3 },
        { version: 2 },
        { version: 1, origin },
      ]);
      // What was rolled back to is what is deployed.
      expect(await deployer!.deploy(version(3))).toMatchObject({ version: 6, changed: false });
    });

    test("forgets a removed app", async () => {
      const { registry } = under.engine;
      await under.engine.deployer!.deploy(
        deployment("gone", "export const a = app.function(function a() {});", { a: {} }),
      );
      await under.engine.deployer!.remove({ app: "gone", environment: "main" });
      await expect(registry.getManifest({ app: "gone", environment: "main" })).rejects.toThrow(NotFoundError);
      await expect(under.engine.deployer!.remove({ app: "gone", environment: "main" })).rejects.toThrow(NotFoundError);
    });
  });

  suite.describe("deploys and calls", ["deploy"], () => {
    let under: EngineUnderTest;
    beforeAll(async () => {
      under = await suite.create();
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("finishes a call on the version that it was opened on", async () => {
      const version = (n: number) =>
        deployment(
          "moving",
          `export const f = app.function(async function f(ms) { await new Promise((r) => setTimeout(r, ms)); return ${n}; });`,
          { f: {} },
        );
      await under.engine.deployer!.deploy(version(1));
      const moving = new Driver(under.engine, "moving");
      const { handle, outcomes } = moving.call("f", [[100], [100], [100], [100]]);
      await expect.poll(async () => (await under.engine.invoker.call(handle.id)).numInputs, patient).toBe(4);
      await under.engine.deployer!.deploy(version(2));
      expect(await moving.remote("f", 1)).toBe(2);
      expect((await outcomes).map((outcome) => outcome.value)).toEqual([1, 1, 1, 1]);
      expect(await moving.remoteWith("f", [1], { ref: { version: 1 } })).toBe(1);
    });

    test("applies autoscaler settings until the next deploy", async () => {
      const version = (n: number) =>
        deployment("scaled", `export const f = app.function(function f() { return ${n}; });`, { f: {} });
      const { invoker } = under.engine;
      await under.engine.deployer!.deploy(version(1));
      const ref = { app: "scaled", environment: "main", name: "f" };
      const runners = async () => (await invoker.stats(ref)).numTotalRunners;
      expect(await runners()).toBe(0);
      await invoker.updateAutoscaler(ref, { minContainers: 2 });
      await expect.poll(runners, patient).toBe(2);
      await expect(invoker.updateAutoscaler(ref, { maxContainers: 1 })).rejects.toThrow(InvalidError);
      await expect(invoker.updateAutoscaler(ref, { minContainers: 1.5 })).rejects.toThrow(InvalidError);
      await invoker.updateAutoscaler(ref, { minContainers: 0, scaledownWindowMs: 50 });
      await expect.poll(runners, patient).toBe(0);
      await invoker.updateAutoscaler(ref, { maxContainers: 2, minContainers: 2 });
      await expect.poll(runners, patient).toBe(2);
      // Also one that changes nothing.
      expect(await under.engine.deployer!.deploy(version(1))).toMatchObject({ changed: false });
      await expect(invoker.updateAutoscaler(ref, { maxContainers: 1 })).resolves.not.toThrow();
      await invoker.updateAutoscaler(ref, { minContainers: 0, scaledownWindowMs: 50 });
      await expect.poll(runners, patient).toBe(0);
      await under.engine.deployer!.deploy(version(2));
      await new Driver(under.engine, "scaled").remote("f");
      expect(await runners()).toBe(1);
    });

    test("cancels the calls of an app that is removed", async () => {
      await under.engine.deployer!.deploy(
        deployment("leaving", "export const f = app.function(function f() { return new Promise(() => {}); });", {
          f: {},
        }),
      );
      const leaving = new Driver(under.engine, "leaving");
      const id = await leaving.spawn("f", [[]]);
      const { outcomes } = leaving.call("f", [[]]);
      await expect
        .poll(async () => (await under.engine.invoker.stats(leaving.ref("f"))).numRunningInputs, patient)
        .toBe(2);
      await under.engine.deployer!.remove({ app: "leaving", environment: "main" });
      await expect(outcomes).rejects.toThrow(CancelledError);
      await expect(leaving.get(id)).rejects.toThrow(CancelledError);
    });

    test("reports why an app cannot be loaded", async () => {
      await under.engine.deployer!.deploy(deployment("broken", 'throw new Error("no licence");', { f: {} }));
      await expect(new Driver(under.engine, "broken").remote("f")).rejects.toThrow(/no licence/);
    });

    test("reports that a container did not start in time", async () => {
      await under.engine.deployer!.deploy(
        deployment("sleepy", "await new Promise(() => setInterval(() => {}, 1000));", {
          f: { options: { startupTimeoutMs: 300 } },
        }),
      );
      await expect(new Driver(under.engine, "sleepy").remote("f")).rejects.toThrow(/300 ms/);
    });
  });
}
