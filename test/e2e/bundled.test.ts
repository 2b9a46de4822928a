/** The bundled package, in which many modules become a few files: names and stacks stay those of the sources. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "../../scripts/bundle.ts";
import { run } from "../support/cli.ts";
import { temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");

test("classes have their names, and stacks have only the caller's frames", async () => {
  await using home = await temporaryHome();
  const folder = await mkdtemp(join(tmpdir(), "bundled-"));
  try {
    await symlink(join(repo, "node_modules"), join(folder, "node_modules"), "dir");
    await writeFile(join(folder, "package.json"), '{ "type": "module", "version": "0.0.0" }');
    await bundle(join(repo, "src"), join(folder, "dist"));
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
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
