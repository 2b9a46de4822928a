/** Replicas that are behind, and notices that get lost: nothing may be wrong for longer than it takes to look again. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { streams, subjects } from "../../../src/engines/nats/names.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import type { Proxy } from "./proxy.ts";
import { LEFT_OUT } from "./server.ts";

const name = { app: "behind", environment: "main" };
const version = (n: number) =>
  deployment(
    "behind",
    `export const number = app.function(function number() { console.log("called"); return ${n}; });
     export const never = app.function(function never() { return new Promise(() => {}); });`,
    { number: {}, never: {} },
  );

describe.skipIf(LEFT_OUT)(`replicas and notices${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  /** From the worker to the server. */
  let road: Proxy;
  let operator: Connection;
  let engine: ReturnType<Cluster["engine"]>;
  let driver: Driver;
  beforeAll(async () => {
    cluster = await Cluster.start({ through: true });
    road = cluster.roads[0]!;
    operator = new Connection(parseAddress(cluster.url), "test");
    engine = cluster.engine();
    driver = new Driver(engine, "behind");
  });
  afterAll(async () => {
    await engine.close();
    await operator.close();
    await cluster[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await engine.deployer!.deploy(version(1));
  });

  /** A mirror answers direct gets like a replica; what it does not copy it will never have. */
  const mirror = (stream: string, filter?: string) =>
    operator.ask(({ jsm }) =>
      jsm.streams.add({
        name: `BEHIND_${stream}`,
        mirror: { name: stream, ...(filter !== undefined && { filter_subject: filter }) },
        mirror_direct: true,
        num_replicas: 1,
        storage: "memory",
      } as Parameters<typeof jsm.streams.add>[0]),
    );
  const drop = (stream: string) => operator.ask(({ jsm }) => jsm.streams.delete(`BEHIND_${stream}`));

  test("what a replica does not have yet is found at the leader", patient, async () => {
    const all = Object.values(streams);
    for (const stream of all) {
      const [subject = ""] = await operator.ask(
        async ({ jsm }) => (await jsm.streams.info(stream)).config.subjects ?? [],
      );
      await mirror(stream, subject.replaceAll("*", "none").replace(">", "none.none"));
    }
    // Whom a question goes to is chance.
    for (let round = 0; round < 15; round++) {
      const after = await engine.registry.listApps();
      expect(after.map(({ app }) => app)).toEqual(["behind"]);
      await using fresh = { engine: cluster.engine(), [Symbol.asyncDispose]: () => fresh.engine.close() };
      const other = new Driver(fresh.engine, "behind");
      expect(await other.remote("number")).toBe(1);
      const id = await other.spawn("number", [[], [], []]);
      expect((await driver.get(id, 3)).map(({ value }) => value)).toEqual([1, 1, 1]);
      expect(await fresh.engine.invoker.poll(id, {})).toHaveLength(3);
      // Its end follows its last outcome.
      await expect
        .poll(() => fresh.engine.invoker.call(id))
        .toMatchObject({ numEnded: 3, endedAt: expect.any(String) });
      expect((await engine.monitor!.calls({ app: "behind" })).map((call) => call.id)).toContain(id);
      expect(await engine.monitor!.inputs(id, {})).toHaveLength(3);
      const never = await other.spawn("never", [[]]);
      await engine.invoker.cancel(never);
      await expect(other.get(never)).rejects.toMatchObject({ code: "FARCALL_CANCELLED" });
    }
    const lines: string[] = [];
    await expect
      .poll(async () => {
        lines.length = 0;
        for await (const { text } of engine.monitor!.logs({ app: "behind" })) lines.push(text);
        return lines.filter((text) => text.includes("called")).length;
      }, patient)
      .toBe(60);
    for (const stream of all) await drop(stream);
  });

  test("what is out of date at a replica is not taken for what is deployed", patient, async () => {
    await engine.deployer!.deploy(version(2));
    await mirror(streams.apps);
    const { seq } = (await operator.readNewest(streams.apps, { last_by_subj: subjects.app(name) }))!;
    const behind = `BEHIND_${streams.apps}`;
    await expect.poll(() => operator.lastSequence(behind), patient).toBe(seq);
    await operator.ask(({ jsm }) => jsm.streams.deleteMessage(behind, seq));
    for (let round = 0; round < 10; round++) {
      await using fresh = { engine: cluster.engine(), [Symbol.asyncDispose]: () => fresh.engine.close() };
      expect(await new Driver(fresh.engine, "behind").remote("number")).toBe(2);
    }
    // Version 1 again: the replica says that it is the newest, so that nothing would change.
    expect(await engine.deployer!.deploy(version(1))).toMatchObject({ changed: true });
    expect(await driver.remote("number")).toBe(1);
    await drop(streams.apps);
  });

  // Servers do not let clients into the group of the replicas; partition.test.ts has a real one.
  test("a replica that does not answer is not asked again at once", patient, async () => {
    const reader = new Connection(parseAddress(cluster.url), "test");
    const { replicas, transport } = await reader.link();
    let asked = 0;
    replicas.getMessage = async () => {
      asked++;
      throw new transport.TimeoutError();
    };
    for (let round = 0; round < 5; round++) {
      expect(await reader.read(streams.apps, { last_by_subj: subjects.app(name) })).toBeDefined();
    }
    expect(asked).toBe(1);
    await reader.close();
  });

  test("a deploy whose notice is lost runs on workers all the same", patient, async () => {
    await engine.deployer!.deploy(version(2));
    await driver.remote("number");
    const { json, seq } = await stored();
    const lastVersion = json.versions.at(-1)!.version + 1;
    const again = { ...json.versions[0], version: lastVersion };
    await operator.append(
      subjects.app(name),
      JSON.stringify({ ...json, lastVersion, versions: [...json.versions, again] }),
      { lastSubjectSequence: seq },
    );
    await setMinContainers(seq + 1);
    await expect
      .poll(
        async () => (await engine.invoker.stats(driver.ref("number", { version: lastVersion }))).numTotalRunners,
        patient,
      )
      .toBe(1);
  });

  test("settings whose notice is lost are applied, and those of an earlier deploy are not", patient, async () => {
    const { seq } = await stored();
    // The worker has heard of the deploy.
    await driver.remote("number");
    await setMinContainers(seq);
    const runners = async () => (await engine.invoker.stats(driver.ref("number"))).numTotalRunners;
    await expect.poll(runners, patient).toBeGreaterThan(0);
    await engine.deployer!.deploy(version(5));
    // Nothing has reset them but the deploy itself.
    expect((await operator.readNewest(streams.scale, { last_by_subj: subjects.scale(name) }))!.json()).toMatchObject({
      of: seq,
    });
    await expect(engine.invoker.updateAutoscaler(driver.ref("number"), { maxContainers: 1 })).resolves.not.toThrow();
    await engine.deployer!.deploy(version(6));
    await engine.invoker.updateAutoscaler(driver.ref("never"), { minContainers: 1 });
    await expect(engine.invoker.updateAutoscaler(driver.ref("never"), { maxContainers: 1 })).resolves.not.toThrow();
    const scale = await operator.readNewest(streams.scale, { last_by_subj: subjects.scale(name) });
    expect(scale!.json<{ overrides: object }>().overrides).toEqual({ never: { minContainers: 1, maxContainers: 1 } });
  });

  test("a cancel whose notice is lost stops the call", patient, async () => {
    const id = await driver.spawn("never", [[]]);
    await expect
      .poll(async () => (await engine.invoker.stats(driver.ref("never"))).numRunningInputs, patient)
      .toBeGreaterThan(0);
    road.cut();
    await engine.invoker.cancel(id);
    road.mend();
    await expect.poll(async () => (await engine.invoker.stats(driver.ref("never"))).numRunningInputs, patient).toBe(0);
  });

  const stored = async () => {
    const message = (await operator.readNewest(streams.apps, { last_by_subj: subjects.app(name) }))!;
    return { seq: message.seq, json: message.json<{ versions: { version: number }[] }>() };
  };
  const setMinContainers = (of: number) =>
    operator.append(subjects.scale(name), JSON.stringify({ of, overrides: { number: { minContainers: 1 } } }));
});
