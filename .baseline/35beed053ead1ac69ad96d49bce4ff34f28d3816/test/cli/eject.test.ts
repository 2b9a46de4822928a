/** Templates copied out of the package, to be changed. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bins, farcall } from "../support/cli.ts";

const shipped = resolve(import.meta.dirname, "../../templates");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "eject-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const eject = (...args: string[]) => farcall(["codegen", "eject", ...args], { cwd: folder });
const config = (text: object) => writeFile(join(folder, "farcall.config.json"), JSON.stringify(text));
const read = (path: string) => readFile(path, "utf8");

test("lists what can be copied", async () => {
  await config({});
  const { stdout } = await eject();
  expect(stdout.split("\n")).toEqual(expect.arrayContaining(["app", "index", "stub", "header"]));
  expect(JSON.parse((await eject("--json")).stdout)).toEqual(stdout.trim().split("\n"));
});

test("copies templates as they are, and says what the config still needs", async () => {
  await config({});
  const { code, stdout, stderr } = await eject("app", "stub");
  expect(code, stderr).toBe(0);
  expect(stdout).toBe("wrote codegen-templates/app.hbs\nwrote codegen-templates/partials/stub.hbs\n");
  expect(stderr).toBe('Set templates: "codegen-templates" in farcall.config.json.\n');
  for (const path of ["app.hbs", "partials/stub.hbs"])
    expect(await read(join(folder, "codegen-templates", path))).toBe(await read(join(shipped, path)));
});

test("writes to the folder that the config names, also through the bin codegen", async () => {
  await writeFile(join(folder, "other.json"), JSON.stringify({ templates: "mine" }));
  const args = ["eject", "header", "-c", "other.json", "--json"];
  const { code, stdout, stderr } = await farcall(args, { cwd: folder, bin: bins.codegen });
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ folder: join(folder, "mine"), written: ["partials/header.hbs"] });
});

test("names the config by its path, which may lie above", async () => {
  await writeFile(join(folder, "package.json"), JSON.stringify({ farcall: {} }));
  await mkdir(join(folder, "inner"));
  const { stderr } = await farcall(["codegen", "eject", "stub"], { cwd: join(folder, "inner") });
  expect(stderr).toBe('Set templates: "codegen-templates" in ../package.json.\n');
});

test("never overwrites a changed template", async () => {
  await config({ templates: "mine" });
  await eject("stub");
  const file = join(folder, "mine/partials/stub.hbs");
  await writeFile(file, "changed");
  const { code, stderr } = await eject("app", "stub");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error\[FARCALL_INVALID\]: mine already has a template stub\n {2}hint: /);
  expect(await read(file)).toBe("changed");
});

test("suggests the nearest name for a wrong one", async () => {
  await config({});
  const { code, stderr } = await eject("stubb");
  expect(code).toBe(1);
  expect(stderr).toContain("hint: Did you mean stub?");
});
