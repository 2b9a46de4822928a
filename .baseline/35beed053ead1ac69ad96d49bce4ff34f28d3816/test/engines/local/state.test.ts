/** What lies in the state directory: lost and damaged files are repaired or told, and nothing grows without end. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Logs } from "../../../src/engines/local/host/storage/index.ts";
import {
  backupState,
  hostStatus,
  localEngine,
  repairState,
  restoreState,
  stopHost,
} from "../../../src/engines/local/index.ts";
import { EngineUnavailableError, InvalidError } from "../../../src/runtime/errors.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";
import { program } from "./program.ts";

const apps = (factor: number) =>
  ["work", "other"].map((name) =>
    deployment(name, `export const double = app.function(async function double(n) { return n * ${factor}; });`, {
      double: {},
    }),
  );

/** Two apps are deployed, and their host is gone again. */
async function deployed(home: TemporaryHome) {
  const engine = localEngine(home.url);
  const deployments = apps(2);
  for (const each of deployments) await engine.deployer!.deploy(each);
  return { deployments, engine, app: new Driver(engine, "work"), other: new Driver(engine, "other") };
}

const artifactFiles = (home: TemporaryHome): string[] =>
  readdirSync(join(home.path, "artifacts")).map((hash) => join(home.path, "artifacts", hash, "app.mjs"));

async function killHost(home: TemporaryHome): Promise<void> {
  const { pid } = (await hostStatus(home.url))!;
  process.kill(pid, "SIGKILL");
  await expect.poll(() => hostStatus(home.url), patient).toBeUndefined();
}

test("code that was cut, emptied or deleted is written again when the host starts", async () => {
  await using home = await temporaryHome();
  const { engine, app, other } = await deployed(home);
  await stopHost(home.url);
  for (const file of artifactFiles(home)) truncateSync(file, 10);
  expect(await app.remote("double", 1)).toBe(2);
  await stopHost(home.url);
  rmSync(join(home.path, "artifacts"), { recursive: true });
  expect(await other.remote("double", 2)).toBe(4);
  expect(await engine.registry.listApps()).toHaveLength(2);
  await engine.close();
});

test("code that was deleted or damaged under a running host is there again for the next container", async () => {
  await using home = await temporaryHome();
  const { engine, app, other } = await deployed(home);
  expect(await app.remote("double", 1)).toBe(2);
  rmSync(join(home.path, "artifacts"), { recursive: true });
  expect(await other.remote("double", 2)).toBe(4);
  await engine.close();
});

test("an app whose code is lost for good does not stop the others, says so, and runs again once it is deployed again", async () => {
  await using home = await temporaryHome();
  const { deployments, engine, app, other } = await deployed(home);
  await stopHost(home.url);
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(join(home.path, "state.db"));
  database.exec("DELETE FROM artifacts WHERE hash = (SELECT artifact FROM versions WHERE app = 'work')");
  database.close();
  rmSync(join(home.path, "artifacts"), { recursive: true });
  expect(await other.remote("double", 2)).toBe(4);
  expect((await engine.registry.listApps()).map((each) => each.app)).toEqual(["other", "work"]);
  const error = (await app.remote("double", 1).catch((thrown: unknown) => thrown)) as EngineUnavailableError;
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect(`${error.message} ${error.hint}`).toMatch(/missing or damaged.*Deploy the app again/);
  for (const again of deployments) expect((await engine.deployer!.deploy(again)).changed).toBe(false);
  expect(await app.remote("double", 1)).toBe(2);
  await engine.close();
});

test("a repair writes lost code again without running anything", async () => {
  await using home = await temporaryHome();
  const { engine } = await deployed(home);
  const files = artifactFiles(home);
  rmSync(files[0]!);
  const { repairedVersions, lostVersions } = await repairState(home.url);
  expect(repairedVersions).toHaveLength(1);
  expect(lostVersions).toEqual([]);
  expect(existsSync(files[0]!)).toBe(true);
  await engine.close();
});

test("a log of the database that was lost is told, and never taken for an empty registry", async () => {
  await using home = await temporaryHome();
  const { engine, app } = await deployed(home);
  await killHost(home);
  const wal = join(home.path, "state.db-wal");
  expect(statSync(wal).size).toBeGreaterThan(0);
  rmSync(wal);
  const error = (await engine.registry.listApps().catch((thrown: unknown) => thrown)) as EngineUnavailableError;
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect(`${error.message} ${error.hint}`).toMatch(/has lost its last.*state\.db-wal is missing.*--repair/);
  expect((await repairState(home.url)).lostTransactions).toBeGreaterThan(0);
  for (const again of apps(2)) await engine.deployer!.deploy(again);
  expect(await app.remote("double", 4)).toBe(8);
  await engine.close();
});

test("a log of the database that was damaged is told", async () => {
  await using home = await temporaryHome();
  const { engine } = await deployed(home);
  await killHost(home);
  const wal = join(home.path, "state.db-wal");
  const bytes = readFileSync(wal);
  bytes.fill(0x5a, bytes.length / 2, bytes.length / 2 + 64);
  writeFileSync(wal, bytes);
  await expect(engine.registry.listApps()).rejects.toThrow(/has lost its last/);
  await engine.close();
});

test("what is deployed is in the database itself soon after, and its log is empty", async () => {
  await using home = await temporaryHome();
  const { engine } = await deployed(home);
  await expect.poll(() => statSync(join(home.path, "state.db-wal")).size, patient).toBe(0);
  await killHost(home);
  expect(await engine.registry.listApps()).toHaveLength(2);
  await engine.close();
});

test("a repair makes a damaged database usable and keeps what can be read", async () => {
  await using home = await temporaryHome();
  const { engine, app, other } = await deployed(home);
  await stopHost(home.url);
  const file = join(home.path, "state.db");
  const bytes = readFileSync(file);
  // All that a page of `calls` or `versions` may hold, without the tables' definitions.
  bytes.fill(0xff, 2 * 4096, 3 * 4096);
  writeFileSync(file, bytes);
  const { problem, aside } = await repairState(home.url);
  expect(problem).toBeDefined();
  expect(existsSync(aside!)).toBe(true);
  for (const again of apps(2)) await engine.deployer!.deploy(again);
  expect(await app.remote("double", 4)).toBe(8);
  expect(await other.remote("double", 4)).toBe(8);
  await engine.close();
});

test("a backup holds apps, code, calls and results, and can be restored where nothing is or over something else", async () => {
  await using home = await temporaryHome();
  await using elsewhere = await temporaryHome();
  const { engine, app } = await deployed(home);
  const id = await app.spawn("double", [[1], [2]]);
  const outcomes = await app.get(id, 2);
  const file = join(home.path, "state.backup");
  await backupState(home.url, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(backupState(home.url, file)).rejects.toThrow(InvalidError);
  for (const changed of apps(3)) await engine.deployer!.deploy(changed);
  expect(await app.remote("double", 4)).toBe(12);

  const { aside } = await restoreState(home.url, file);
  expect(existsSync(aside!)).toBe(true);
  expect(await app.remote("double", 4)).toBe(8);
  expect(await app.get(id, 2)).toEqual(outcomes);

  expect(await restoreState(elsewhere.url, file)).toEqual({});
  const copy = localEngine(elsewhere.url);
  expect(await new Driver(copy, "work").get(id, 2)).toEqual(outcomes);
  expect(await new Driver(copy, "other").remote("double", 5)).toBe(10);
  await copy.close();
  await engine.close();
});

test("what is not a backup is refused and changes nothing", async () => {
  await using home = await temporaryHome();
  const { engine, app } = await deployed(home);
  const file = join(home.path, "state.backup");
  writeFileSync(file, "not a database");
  await expect(restoreState(home.url, file)).rejects.toThrow(/damaged/);
  await expect(restoreState(home.url, join(home.path, "none"))).rejects.toThrow(InvalidError);
  expect(await app.remote("double", 4)).toBe(8);
  await engine.close();
});

test("of an app the newest twenty versions are kept, with older ones go their secrets", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const version = (n: number) => ({
    ...deployment("work", `export const n = app.function(async function n() { return ${n}; });`, { n: {} }),
    secrets: { TOKEN: `secret-of-version-${n}-` },
  });
  for (let n = 1; n <= 22; n++) await engine.deployer!.deploy(version(n));
  const history = await engine.registry.history!({ app: "work", environment: "main" });
  expect(history.map((each) => each.version)).toEqual(Array.from({ length: 20 }, (_, n) => 22 - n));
  expect(artifactFiles(home)).toHaveLength(20);
  await expect(engine.registry.resolve(new Driver(engine, "work").ref("n", { version: 1 }))).rejects.toThrow(/version/);
  await stopHost(home.url);
  const bytes = readFileSync(join(home.path, "state.db"), "latin1");
  expect(bytes).toContain("secret-of-version-22-");
  expect(bytes).not.toContain("secret-of-version-1-");
  await engine.close();
});

test("logs are bounded by what they take on disk, and the newest are kept", async () => {
  await using home = await temporaryHome();
  const file = join(home.path, "logs.db");
  const logs = new Logs(file, (problem) => expect.unreachable(problem));
  const entry = { app: "a", environment: "main", function: "f", container: "c", stream: "stdout" } as const;
  const line = "x".repeat(60_000);
  for (let n = 0; n < 1_600; n++) logs.append({ ...entry, text: `${n} ${line}` });
  const kept = logs.newest({ follow: false }, 10_000);
  expect(kept.at(-1)!.text).toMatch(/^1599 /);
  expect(kept.length).toBeGreaterThan(500);
  const sizes = [file, `${file}-wal`].map((each) => statSync(each).size);
  expect(sizes[0]! + sizes[1]!).toBeLessThan(90e6);
  logs.close();
});

test("host.log is put aside when it is large", async () => {
  await using home = await temporaryHome();
  const { engine } = await deployed(home);
  await stopHost(home.url);
  const log = join(home.path, "host.log");
  writeFileSync(log, `${"x".repeat(5e6)}\n`);
  expect(await engine.registry.listApps()).toHaveLength(2);
  expect(statSync(log).size).toBeLessThan(1e6);
  expect(statSync(`${log}.1`).size).toBeGreaterThan(5e6);
  await engine.close();
});

test("a host that hangs at its start is stopped, and its clients learn why", async () => {
  await using home = await temporaryHome();
  const module = join(home.path, "hang.mjs");
  writeFileSync(module, `console.error("this hangs"); setInterval(() => {}, 1000); await new Promise(() => {});`);
  const { finished } = program("await engine.registry.listApps().catch((e) => console.log(e.message, e.hint));", {
    ...home.env,
    FARCALL_OTEL: module,
    FARCALL_HOST_START_MS: "8000",
  });
  expect((await finished).stdout).toMatch(/did not start within 8 s and was stopped.*this hangs/s);
  expect(await localEngine(home.url).registry.listApps()).toEqual([]);
});
