/** The bundled package, in which many modules become a few files: names and stacks stay those of the sources. */
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../scripts/bundle.ts";
import { run } from "../support/cli.ts";
import { temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");

let folder: string;
const fileIn = (path: string) => join(folder, "dist", path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundled-"));
  await symlink(join(repo, "node_modules"), join(folder, "node_modules"), "dir");
  await writeFile(join(folder, "package.json"), '{ "type": "module", "version": "0.0.0" }');
  await bundle(join(repo, "src"), join(folder, "dist"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("classes have their names, and stacks have only the caller's frames", async () => {
  await using home = await temporaryHome();
  const program = join(folder, "program.mjs");
  await writeFile(
    program,
    `import * as farcall from "./dist/index.js";
const { Function, FunctionCall } = farcall;
for (const name of ["App", "Client", "FunctionCall", "InvalidError", "RemoteError"]) console.log(name, farcall[name].name);
async function askForMissing() { await Function.fromName("nothing", "there").remote(1); }
async function mapMissing() { for await (const _ of Function.fromName("nothing", "there").map([1])); }
async function callMissing() { await FunctionCall.fromId("fc-nothing").numInputs(); }
for (const ask of [askForMissing, mapMissing, callMissing]) await ask().catch((error) => console.log(error.stack));
await farcall.disconnect();
`,
  );
  const { code, stdout, stderr } = await run(process.execPath, [program], { cwd: folder, env: home.env });
  expect(code, stderr).toBe(0);
  const lines = stdout.trim().split("\n");
  for (const line of lines.slice(0, 5)) expect(line).toMatch(/^(\w+) \1$/);
  const frames = lines.filter((line) => /^\s+at /.test(line));
  for (const name of ["askForMissing", "mapMissing", "callMissing"]) {
    expect(frames.some((frame) => frame.includes(`at async ${name} `))).toBe(true);
  }
  expect(frames.filter((frame) => !frame.includes("program.mjs"))).toEqual([]);
});

test("a container loads ASCII files only, and no module of Node that it does not need", async () => {
  const files = reach("container/main.js");
  expect(files.size).toBeGreaterThan(1);
  for (const [file, text] of files) {
    // One character more, and V8 keeps the whole file with two bytes each.
    expect(text.match(/[^\0-\x7f].*/g) ?? [], file).toEqual([]);
    expect(text.match(/^(?!const \w+ = \().*"node:(child_process|crypto|os|fs\/promises)"/gm) ?? [], file).toEqual([]);
  }
});

test("no file imports a module of Node, whose properties would all be read", async () => {
  const files = (await readdir(fileIn("."), { recursive: true })).filter((file) => file.endsWith(".js"));
  const imports = files.flatMap((file) => readFileSync(fileIn(file), "utf8").match(/^import .*from "[^"]*";$/gm) ?? []);
  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter((line) => isBuiltin(/from "(.*)";$/.exec(line)![1]!))).toEqual([]);
});

test("no file names the folder it was built in", async () => {
  const files = await readdir(fileIn("."), { recursive: true });
  const telling = (text: string) => text.split("\n").filter((line) => line.includes(folder) || line.includes(repo));
  const found = files
    .filter((file) => file.endsWith(".js"))
    .flatMap((file) => telling(readFileSync(fileIn(file), "utf8")));
  expect(found).toEqual([]);
});

/** The files that `entry` imports statically, and itself, with their texts. */
function reach(entry: string, found = new Map<string, string>()): Map<string, string> {
  if (found.has(entry)) return found;
  const text = readFileSync(fileIn(entry), "utf8");
  found.set(entry, text);
  for (const [, path] of text.matchAll(/^(?:import|export) .*?"(\.[^"]+)";$/gm))
    reach(join(dirname(entry), path!), found);
  return found;
}
