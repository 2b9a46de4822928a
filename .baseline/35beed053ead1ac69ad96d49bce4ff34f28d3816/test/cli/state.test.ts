/** Backup, restoration and repair on the command line. */
import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { install } from "../support/blocks.ts";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const entry = resolve(import.meta.dirname, "../support/apps/arithmetic.ts");
let home: TemporaryHome;
let folder: string;

beforeAll(async () => {
  home = await temporaryHome();
  folder = await mkdtemp(join(tmpdir(), "cli-"));
  await install(folder, []);
  expect((await cli("deploy", entry)).code).toBe(0);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const cli = (...args: string[]) => farcall(args, { env: home.env, cwd: folder });

test("`host restore` restores what `host backup` wrote", async () => {
  const backup = await cli("host", "backup", "state.backup");
  expect(backup.stdout).toMatch(/^Wrote .*state\.backup\. It contains the values of secrets/);
  expect(backup.code).toBe(0);
  const again = await cli("host", "backup", "state.backup");
  expect(again.stderr).toMatch(/^error\[FARCALL_INVALID\]: .*state\.backup exists/);
  expect(again.code).toBe(1);
  expect((await cli("remove", "arithmetic")).code).toBe(0);
  expect((await cli("host", "restore", "state.backup")).stdout).toMatch(/^Restored\.\nThe previous data is .*replaced/);
  expect(JSON.parse((await cli("apps", "--json")).stdout)).toMatchObject([{ app: "arithmetic", version: 1 }]);
});

test("`doctor --repair` says what it has repaired, or that nothing was wrong", async () => {
  const [hash] = await readdir(join(home.path, "artifacts"));
  await truncate(join(home.path, "artifacts", hash!, "app.mjs"), 5);
  expect((await cli("doctor", "--repair")).stdout).toMatch(
    /^ok\s+repair\s+wrote the missing files of arithmetic \(main\) version 1/,
  );
  expect((await cli("doctor", "--repair")).stdout).toMatch(/^ok\s+repair\s+the engine's files are in order/);
});
