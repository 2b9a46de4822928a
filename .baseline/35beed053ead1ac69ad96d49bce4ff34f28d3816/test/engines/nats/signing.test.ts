/** Workers that are told whom to trust run nothing else, whoever may write to the registry; and secrets that they cannot open. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../../src/engine/index.ts";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { newSealKey } from "../../../src/engines/nats/index.ts";
import { streams, subjects } from "../../../src/engines/nats/names.ts";
import type { StoredApp, StoredVersion } from "../../../src/engines/nats/registry/index.ts";
import { runWorker, type WorkerHandle } from "../../../src/engines/nats/worker/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Secured } from "./secured.ts";
import { LEFT_OUT } from "./server.ts";

const name = { app: "signed", environment: "main" };
const numbered = (n: number, app = "signed") =>
  deployment(app, `export const number = app.function(function number() { return ${n}; });`, { number: {} });

describe.skipIf(LEFT_OUT)(`signed deploys${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let secured: Secured;
  let folder: string;
  let producer: Engine;
  let developer: Engine;
  let caller: Engine;
  /** Whoever has got hold of the right to write to the registry. */
  let intruder: Connection;
  const workers: WorkerHandle[] = [];
  const log: string[] = [];
  const start = async (env: Record<string, string> = {}, signers: string[] = []): Promise<WorkerHandle> => {
    const worker = await runWorker({
      url: secured.server.url,
      folder: join(folder, `worker-${workers.length}`),
      log: (line) => log.push(line),
      signers,
      env: { FARCALL_NATS_CREDS: secured.credentials("worker"), ...env },
    });
    workers.push(worker);
    return worker;
  };

  beforeAll(async () => {
    secured = await Secured.start({ workers: 0 });
    folder = mkdtempSync(join(tmpdir(), "fs-"));
    producer = secured.engine("producer");
    developer = secured.engine("developer");
    caller = secured.engine("caller");
    intruder = new Connection(parseAddress(secured.server.url), "test", secured.env("developer"));
    await start({}, [secured.publicKey("producer")]);
  });
  afterAll(async () => {
    for (const each of [producer, developer, caller, intruder]) await each.close();
    for (const worker of workers) await worker.stop(0);
    await secured[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const stored = async (): Promise<{ value: StoredApp; newest: StoredVersion; seq: number }> => {
    const message = (await intruder.readNewest(streams.apps, { last_by_subj: subjects.app(name) }))!;
    const value = message.json<StoredApp>();
    return { value, newest: value.versions.at(-1)!, seq: message.seq };
  };
  /** Writes a next version by hand. */
  const forge = async (change: (newest: StoredVersion) => StoredVersion): Promise<number> => {
    const { value, newest, seq } = await stored();
    const version = { ...change(newest), version: value.lastVersion + 1 };
    await intruder.append(
      subjects.app(name),
      JSON.stringify({ ...value, lastVersion: version.version, versions: [...value.versions, version] }),
      { lastSubjectSequence: seq },
    );
    intruder.publish(subjects.deployed, JSON.stringify({ ...name, sequence: seq + 1 }));
    return version.version;
  };
  /** Both kinds of call, by a process that has not asked before. */
  const expectRefused = async (version: number, why: string) => {
    const fresh = secured.engine("caller");
    try {
      const driver = new Driver(fresh, "signed");
      const refusal = {
        code: "FARCALL_INVALID",
        message: `workers refuse version ${version} of app signed (main): ${why}`,
        hint: expect.stringContaining("farcall worker --signer U…"),
      };
      await expect(driver.remote("number")).rejects.toMatchObject(refusal);
      const id = await driver.spawn("number", [[]]);
      const [outcome] = await driver.get(id);
      expect(outcome!.error).toMatchObject(refusal);
    } finally {
      await fresh.close();
    }
    expect(log.filter((line) => line.includes(`workers refuse version ${version} of app signed`))).not.toEqual([]);
  };

  test("what a trusted producer deploys runs", patient, async () => {
    await producer.deployer!.deploy(numbered(1));
    expect(await new Driver(caller, "signed").remote("number")).toBe(1);
    expect((await stored()).newest.signature).toMatchObject({ by: secured.publicKey("producer") });
  });

  test("what another deploys does not, and what was deployed before still does", patient, async () => {
    const { version } = await developer.deployer!.deploy(numbered(2));
    await expectRefused(version, `it is signed by ${secured.publicKey("developer")}, whom they do not trust`);
    const one = new Driver(caller, "signed").ref("number", { version: 1 });
    expect(await new Driver(caller, "signed").remoteWith("number", [], { ref: one })).toBe(1);
  });

  test("the same deploy of a trusted producer is a new version", patient, async () => {
    expect(await producer.deployer!.deploy(numbered(2))).toMatchObject({ changed: true });
    await expect.poll(() => new Driver(caller, "signed").remote("number").catch(() => undefined), patient).toBe(2);
    expect(await producer.deployer!.deploy(numbered(2))).toMatchObject({ changed: false });
  });

  test("a version that was written to the registry without a signature does not run", patient, async () => {
    const version = await forge(({ signature: _, ...rest }) => rest);
    await expectRefused(version, "nobody has signed it");
  });

  test(
    "nor does one that a caller has had the server write, which answers wherever a request says",
    patient,
    async () => {
      await producer.deployer!.deploy(numbered(3));
      const { value, newest } = await stored();
      const { signature: _, ...rest } = newest;
      const version = value.lastVersion + 1;
      const next = { ...value, lastVersion: version, versions: [...value.versions, { ...rest, version }] };
      const fresh = new Connection(parseAddress(secured.server.url), "test", secured.env("caller"));
      try {
        const { seq } = await fresh.append(subjects.input("fc-1", "n"), JSON.stringify(next));
        const { nc } = await fresh.link();
        const reply = subjects.app(name);
        nc.publish(`$JS.API.DIRECT.GET.${streams.inputs}`, JSON.stringify({ seq }), { reply });
        await nc.flush();
        await expect.poll(async () => (await stored()).value.lastVersion, patient).toBe(version);
      } finally {
        await fresh.close();
      }
      await expectRefused(version, "nobody has signed it");
    },
  );

  test("nor does one with the signature of another, of other code, or of another app", patient, async () => {
    await producer.deployer!.deploy(numbered(3));
    await expectRefused(await forge((newest) => newest), "its signature is not valid");
    await producer.deployer!.deploy(numbered(4));
    const { version: forged } = await developer.deployer!.deploy(numbered(5));
    const { newest } = await stored();
    expect(newest.version).toBe(forged);
    const version = await forge((evil) => ({
      ...evil,
      signature: { by: secured.publicKey("producer"), value: evil.signature!.value },
    }));
    await expectRefused(version, "its signature is not valid");
    await producer.deployer!.deploy(numbered(6, "another"));
    const other = await intruder.readNewest(streams.apps, { last_by_subj: subjects.app({ ...name, app: "another" }) });
    const [theirs] = other!.json<StoredApp>().versions;
    await expectRefused(await forge(() => theirs!), "its signature is not valid");
  });

  test("a rollback is signed by whoever makes it, and only of what that one trusts", patient, async () => {
    await producer.deployer!.deploy(numbered(7));
    await producer.deployer!.deploy(numbered(8));
    const { version } = await producer.deployer!.rollback({ ...name });
    await expect.poll(() => new Driver(caller, "signed").remote("number").catch(() => undefined), patient).toBe(7);
    const bad = await forge(({ signature: _, ...rest }) => rest);
    await producer.deployer!.deploy(numbered(9));
    await expect(producer.deployer!.rollback({ ...name, version: bad })).rejects.toMatchObject({
      message: `version ${bad} of app signed (main) is not signed by you, so you cannot sign it again`,
    });
    expect(await producer.deployer!.rollback({ ...name, version })).toMatchObject({ changed: true });
  });

  test("a worker that refuses leaves the calls to those that do not", patient, async () => {
    await developer.deployer!.deploy(numbered(10));
    const trusting = await start();
    const fresh = secured.engine("caller");
    try {
      const driver = new Driver(fresh, "signed");
      expect(await driver.remote("number")).toBe(10);
      const id = await driver.spawn("number", [[]]);
      expect((await driver.get(id))[0]).toMatchObject({ value: 10 });
    } finally {
      await fresh.close();
      await trusting.stop(0);
    }
  });

  test("signers and seeds that are none are told when the worker starts", patient, async () => {
    await expect(start({ FARCALL_NATS_SIGNERS: "nobody" })).rejects.toMatchObject({
      code: "FARCALL_INVALID",
      message: '"nobody" is not the public nkey of a signer',
    });
    await expect(start({ FARCALL_NATS_SEAL_SEED: join(folder, "missing") })).rejects.toMatchObject({
      message: expect.stringContaining("the file that FARCALL_NATS_SEAL_SEED names cannot be read"),
    });
    await expect(start({ FARCALL_NATS_SEAL_SEED: secured.credentials("caller") })).rejects.toMatchObject({
      message: expect.stringContaining("has no seed to open secrets with"),
    });
  });

  describe("secrets", () => {
    const app = deployment(
      "sealed",
      "export const token = app.function(function token() { return process.env.TOKEN; });",
      { token: { options: { secrets: ["TOKEN"] } } },
      { secrets: { TOKEN: "s3cret" } },
    );
    const other = () => join(folder, "other.seed");

    test("are not stored as they are, and without the workers' key not at all", patient, async () => {
      const unpinned = secured.engine("producer", { FARCALL_NATS_SEAL_KEY: "" });
      await expect(unpinned.deployer!.deploy(app)).rejects.toMatchObject({
        code: "FARCALL_INVALID",
        message: "the secrets of this app cannot be sealed: the workers' key is missing",
        hint: expect.stringContaining("FARCALL_NATS_SEAL_KEY"),
      });
      await unpinned.close();
      await producer.deployer!.deploy(app);
      const message = await intruder.readNewest(streams.apps, {
        last_by_subj: subjects.app({ ...name, app: "sealed" }),
      });
      const text = message!.string();
      const [version] = message!.json<StoredApp>().versions;
      expect(text).not.toContain("s3cret");
      expect(Buffer.from(version!.secrets!.split(".")[1]!, "base64url").toString("latin1")).not.toContain("s3cret");
    });

    test("that no worker can open are told to the caller", patient, async () => {
      const refusal = { code: "FARCALL_ENGINE_UNAVAILABLE", hint: expect.stringContaining("FARCALL_NATS_SEAL_SEED") };
      await expect(new Driver(caller, "sealed").remote("token")).rejects.toMatchObject({
        ...refusal,
        message: "this worker has no key to open the app's secrets with",
      });
    });

    test("are sealed again for another key when the app is deployed again", patient, async () => {
      const { publicKey, seed } = await newSealKey();
      writeFileSync(other(), seed);
      const opening = await start({ FARCALL_NATS_SEAL_SEED: other() });
      await expect(new Driver(caller, "sealed").remote("token")).rejects.toMatchObject({
        code: "FARCALL_ENGINE_UNAVAILABLE",
      });
      const changed = secured.engine("producer", { FARCALL_NATS_SEAL_KEY: publicKey });
      expect(await changed.deployer!.deploy(app)).toMatchObject({ changed: true });
      expect(await changed.deployer!.deploy(app)).toMatchObject({ changed: false });
      await changed.close();
      expect(await new Driver(caller, "sealed").remote("token")).toBe("s3cret");
      await opening.stop(0);
    });
  });
});
