/** A full disk: nothing that was acknowledged is lost, errors say what is wrong, and everything works again once there is room. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, type TestContext, test } from "vitest";
import { storeError } from "../../../src/engines/local/host/storage/store-error.ts";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { EngineUnavailableError } from "../../../src/runtime/errors.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { type SmallDisk, smallDisk } from "../../support/small-disk.ts";

const work = deployment(
  "work",
  `import { existsSync } from "node:fs";
  export const double = app.function(function double(n) { return n * 2; });
  export const give = app.function(async function give(gate, bytes) {
    while (gate && !existsSync(gate)) await new Promise((done) => setTimeout(done, 10));
    return new Uint8Array(bytes);
  });`,
  { double: {}, give: { options: { maxContainers: 1, concurrency: { maxInputs: 4 } } } },
);

async function withDisk(context: TestContext, mebibytes: number, run: (app: Driver, disk: SmallDisk) => Promise<void>) {
  using disk = smallDisk(mebibytes) ?? context.skip("only root can mount a disk");
  const url = `local:${disk.path}`;
  const engine = localEngine(url);
  try {
    await engine.deployer!.deploy(work);
    await run(new Driver(engine, "work"), disk);
  } finally {
    await engine.close();
    await stopHost(url, { force: true });
  }
}

const failureOf = (promise: Promise<unknown>) => promise.then(String, (error: unknown) => error);

test("calls that cannot be stored fail with a clear error, and others go on", async (context) => {
  await withDisk(context, 12, async (app, disk) => {
    const kept = await app.spawn("double", [[21]]);
    disk.fill(1_000_000);
    const large = Array.from({ length: 40 }, () => ["x".repeat(100_000)]);
    const error = (await failureOf(app.spawn("double", large))) as EngineUnavailableError;
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(error.message).toMatch(/disk is full/);
    expect(error.hint).toMatch(/Free some space/);
    expect(await app.remote("double", 4)).toBe(8);
    disk.free();
    expect(await app.get(await app.spawn("double", [[5]]))).toEqual([{ index: 0, value: 10 }]);
    expect(await app.get(kept)).toEqual([{ index: 0, value: 42 }]);
  });
});

test("results that find no room are stored once there is some, and none is lost when the host is killed meanwhile", async (context) => {
  await withDisk(context, 40, async (app, disk) => {
    const gate = join(tmpdir(), `gate-${process.pid}`);
    const ids = await Promise.all(Array.from({ length: 4 }, () => app.spawn("give", [[gate, 2_000_000]])));
    disk.fill(100_000);
    try {
      writeFileSync(gate, "");
      const url = `local:${disk.path}`;
      const { pid } = (await hostStatus(url))!;
      await expect
        .poll(async () => (await app.engine.invoker.stats(app.ref("give"))).numRunningInputs, patient)
        .toBe(0);
      process.kill(pid, "SIGKILL");
      // No host can start without room, or it starts and the results have to wait: either way it says why.
      const got = Promise.all(ids.map((id) => app.get(id).catch((error: unknown) => error)));
      setTimeout(() => disk.free(), 1_500);
      for (const [at, outcome] of (await got).entries()) {
        if (outcome instanceof Error) expect(outcome.message).toMatch(/no space left|disk is full/);
        else expect(outcome).toMatchObject([{ index: 0, value: { length: 2_000_000 } }]);
        expect(await app.get(ids[at]!)).toMatchObject([{ index: 0, value: { length: 2_000_000 } }]);
      }
    } finally {
      rmSync(gate, { force: true });
    }
  });
});

test("however little room is left, SQLite's error is told as a full disk", (context) => {
  using disk = smallDisk(1) ?? context.skip("only root can mount a disk");
  const codes = new Set<number>();
  const file = join(disk.path, "state.db");
  for (let room = 4_096; room <= 49_152; room += 4_096) {
    for (const name of readdirSync(disk.path)) rmSync(join(disk.path, name));
    disk.fill(room);
    const database = new DatabaseSync(file);
    try {
      database.exec("PRAGMA journal_mode = WAL; CREATE TABLE numbers (n BLOB)");
      for (;;) database.prepare("INSERT INTO numbers VALUES (?)").run(new Uint8Array(3_000));
    } catch (error) {
      codes.add((error as { errcode: number }).errcode & 0xff);
      expect(storeError(error, file).message).toMatch(/cannot grow: the disk is full$/);
    }
    database.close();
  }
  // SQLITE_FULL, and SQLITE_IOERR where the index of the log finds no room.
  expect([...codes].sort()).toEqual([10, 13]);
});
