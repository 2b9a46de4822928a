/** How a project's config is found and in which forms, and how mistakes in it are reported. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkConfig, defineConfig, type LoadedConfig, loadConfig } from "../../src/config/index.ts";
import { run } from "../support/cli.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function project(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "cf-"));
  folders.push(folder);
  write(folder, files);
  return folder;
}

function write(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

async function complaint(value: unknown): Promise<string[]> {
  const error = await checkConfig(value, "farcall.config.ts").then(
    () => expect.fail("it was accepted"),
    (error: Error) => error,
  );
  return error.message
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
}

test.each([
  ["farcall.config.ts", "const apps: string[] = ['a'];\nexport default { apps };"],
  ["farcall.config.mts", "export default { apps: ['a'] as string[] };"],
  ["farcall.config.js", "export default { apps: ['a'] };"],
  ["farcall.config.mjs", "export default { apps: ['a'] };"],
  ["farcall.config.cjs", "module.exports = { apps: ['a'] };"],
  ["farcall.config.json", '{ "apps": ["a"] }'],
  ["farcall.config.yaml", "apps:\n  - a\n"],
  [".farcallrc", "apps: [a]"],
  ["package.json", '{ "farcall": { "apps": ["a"] } }'],
])("%s is read", async (name, content) => {
  const folder = project({ "package.json": '{ "type": "module" }', [name]: content });
  expect(await loadConfig({ cwd: folder })).toMatchObject({
    file: join(folder, name),
    root: folder,
    value: { apps: ["a"] },
  });
});

const typescript = `import { defineConfig } from "farcall";
import { names } from "./names.ts";
enum Emit { Js = "js", Ts = "ts" }
export default defineConfig({ apps: names, emit: Emit.Js });
`;

test.each(["commonjs", "module", undefined])(
  "farcall.config.ts is read in a package of type %s, with imports and enums, and again after a change",
  async (type) => {
    const folder = project({
      "package.json": JSON.stringify({ type }),
      "farcall.config.ts": typescript,
      "names.ts": "export const names: string[] = ['a'];",
    });
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(resolve(import.meta.dirname, "../.."), join(folder, "node_modules/farcall"), "dir");
    const broken = "enum A { B }\\n\\n\\n// A comment.\\nthrow new Error('no ' + A.B);\\nexport default {};\\n";
    const shown = await inNode(
      folder,
      `await show();
      writeFileSync("names.ts", "export const names: string[] = ['b'];");
      await show();
      writeFileSync("farcall.config.ts", "${broken}");
      await show();`,
    );
    expect(shown).toEqual([
      { value: { apps: ["a"], emit: "js" } },
      { value: { apps: ["b"], emit: "js" } },
      { message: expect.stringMatching(/farcall\.config\.ts:5:7: no 0$/) },
    ]);
  },
);

/** The result of each `show()` for a program in plain Node, without the test runner's loader. */
async function inNode(cwd: string, script: string): Promise<object[]> {
  const door = JSON.stringify(join(import.meta.dirname, "../../src/config/index.ts"));
  const head = `import { loadConfig } from ${door}; import { writeFileSync } from "node:fs";
    const show = () => loadConfig().then(({ value }) => ({ value }), ({ message, hint }) => ({ message, hint }))
      .then((shown) => console.log(JSON.stringify(shown)));`;
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", `${head}\n${script}`], { cwd });
  expect(stderr).toBe("");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a CommonJS config in TypeScript is read in a package of type commonjs", async () => {
  const folder = project({
    "package.json": '{ "type": "commonjs" }',
    "farcall.config.ts": "import type { Config } from 'farcall';\nmodule.exports = { apps: ['a'] } satisfies Config;\n",
  });
  expect(await inNode(folder, "await show();")).toEqual([{ value: { apps: ["a"] } }]);
});

test("an ES module in JavaScript is read in a package of type commonjs", async () => {
  const folder = project({
    "package.json": '{ "type": "commonjs" }',
    "farcall.config.js": "export default { apps: ['a'] };",
  });
  expect(await inNode(folder, "await show();")).toEqual([{ value: { apps: ["a"] } }]);
});

test("the nearest config upwards is used, past packages without one", async () => {
  const folder = project({
    "farcall.config.json": '{ "output": "root" }',
    "packages/web/package.json": "{}",
    "packages/web/src/main.ts": "",
    "packages/api/farcall.config.json": '{ "output": "api" }',
  });
  expect((await loadConfig({ cwd: join(folder, "packages/web/src") }))?.value).toEqual({ output: "root" });
  expect((await loadConfig({ cwd: join(folder, "packages/api") }))?.value).toEqual({ output: "api" });
});

test("a missing config is not an error, but a path that does not exist is", async () => {
  const folder = project({});
  expect(await loadConfig({ cwd: folder })).toBeUndefined();
  await expect(loadConfig({ cwd: folder, file: "nothing.json" })).rejects.toMatchObject({ name: "NotFoundError" });
});

test("a config extends others, in order, its own keys last", async () => {
  const folder = project({
    "base/one.json": '{ "extends": "./zero.json", "environment": "one", "templates": "./t" }',
    "base/zero.json": '{ "environment": "zero", "engine": "local:" }',
    "node_modules/shared/package.json": '{ "name": "shared", "main": "config.json" }',
    "node_modules/shared/config.json": '{ "emit": "js", "engine": "local:/shared" }',
    "farcall.config.json": '{ "extends": ["./base/one.json", "shared"], "emit": "ts" }',
  });
  const loaded = (await loadConfig({ cwd: folder })) as LoadedConfig;
  expect(loaded.value).toEqual({
    environment: "one",
    templates: join(folder, "base/t"),
    engine: "local:/shared",
    emit: "ts",
  });
  expect(loaded.engine).toBe("local:/shared");
  expect(loaded.files).toHaveLength(4);
  write(folder, { "base/zero.json": '{ "extends": "./one.json" }' });
  await expect(loadConfig({ cwd: folder })).rejects.toThrow("extends itself");
});

test("a changed config is read again in the same process", async () => {
  const folder = project({
    "package.json": '{ "type": "module" }',
    "farcall.config.ts": "export default { output: 'one' };",
  });
  expect((await loadConfig({ cwd: folder }))?.value).toEqual({ output: "one" });
  write(folder, { "farcall.config.ts": "export default { output: 'two' };" });
  expect((await loadConfig({ cwd: folder }))?.value).toEqual({ output: "two" });
});

test("a mistake in a config's code names the file", async () => {
  const folder = project({ "package.json": '{ "type": "module" }', "farcall.config.ts": "export default {{" });
  await expect(loadConfig({ cwd: folder })).rejects.toThrow(join(folder, "farcall.config.ts"));
  write(folder, { "farcall.config.ts": "export const config = {};" });
  await expect(loadConfig({ cwd: folder })).rejects.toThrow("no default export");
});

test("a config in a package that does not say its module type causes no warning", async () => {
  const folder = project({ "package.json": "{}", "farcall.config.ts": "export default { output: 'a' };" });
  const script = `import { loadConfig } from ${JSON.stringify(join(import.meta.dirname, "../../src/config/index.ts"))}; console.log(JSON.stringify((await loadConfig()).value));`;
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: folder });
  expect([stdout, stderr]).toEqual(['{"output":"a"}\n', ""]);
});

test("an unknown key is reported with its path and the nearest known one", async () => {
  expect(await complaint({ ouput: "x", apps: ["a", { name: "b", enviroment: "prod" }] })).toEqual([
    "apps[1].enviroment: unknown key; did you mean environment?",
    "ouput: unknown key; did you mean output?",
  ]);
  expect(await complaint({ zzz: 1 })).toEqual([
    expect.stringMatching(/^zzz: unknown key; known keys: extends, engine, /),
  ]);
});

test("a wrong value is reported with its path, the expected type and the value", async () => {
  expect(await complaint([{ output: 1 }, { apps: [1], emit: "tsx", rename: "x" }])).toEqual([
    "[0].output: expected a string, got 1",
    "[1].apps[0]: expected a string or an object, got 1",
    '[1].emit: expected "ts" or "js", got "tsx"',
    '[1].rename: expected a function, got "x"',
  ]);
  expect(await complaint("apps")).toEqual(['config: expected an object, got "apps"']);
  expect(await complaint({ engine: "nowhere", output: "" })).toEqual([
    'engine: expected an engine\'s URL such as "local:", got "nowhere"',
    'output: expected a non-empty string, got ""',
  ]);
});

test.each<[unknown, string]>([
  [{ output: 10n }, "output: expected a string, got 10n"],
  [{ output: Symbol("x") }, "output: expected a string, got Symbol(x)"],
  [{ apps: [Object.assign(Object.create(null), { name: [1n] })] }, "apps[0].name: expected a string, got [ 1n ]"],
  [{ plugins: Promise.resolve([]) }, "plugins: expected an array, got a Promise"],
  [
    {
      get output() {
        throw new Error("bad");
      },
    },
    "output: cannot be read: bad",
  ],
])("a value that JSON cannot express is reported like any other: %#", async (config, expected) => {
  expect(await complaint(config)).toEqual([expected]);
});

test("a cycle in a config is reported with its path", async () => {
  const config: Record<string, unknown> = {};
  config.output = config;
  expect(await complaint(config)).toEqual(["output: expected a string, got <ref *1> { output: [Circular *1] }"]);
});

test.each([
  ["farcall.config.json", ""],
  ["farcall.config.json", "null"],
  ["farcall.config.yaml", "~\n"],
  [".farcallrc", ""],
  ["farcall.config.mjs", "export default null;"],
  ["farcall.config.ts", " \n"],
])("%s that holds %j is empty, and not passed over", async (name, content) => {
  const folder = project({ "farcall.config.yml": "apps: [a]", "inner/package.json": "", [`inner/${name}`]: content });
  const empty = `the config ${join(folder, "inner", name)} is empty`;
  await expect(loadConfig({ cwd: join(folder, "inner") })).rejects.toThrow(empty);
  await expect(loadConfig({ cwd: folder, file: join("inner", name) })).rejects.toThrow(empty);
});

test("a byte order mark is not part of a config", async () => {
  const folder = project({ "farcall.config.json": '\ufeff{ "apps": ["a"] }' });
  expect((await loadConfig({ cwd: folder }))?.value).toEqual({ apps: ["a"] });
});

test.each([
  ['throw "str";', 'it threw "str"'],
  ["throw undefined;", "it threw undefined"],
  ["throw Object.freeze(new Error('frozen'));", "farcall.config.mjs:1:21: frozen"],
  [
    "import { readFileSync } from 'node:fs';\nreadFileSync('nothing.txt');",
    "no such file or directory, open 'nothing.txt'",
  ],
  ["export default Promise.reject(5);", "it threw 5"],
  [
    "export default async () => ({});",
    "its default export is a function: export the config itself, or a promise of it",
  ],
])("mistakes in a config's code are reported: %s", async (content, message) => {
  expect(await complaintOfNode(project({ "farcall.config.mjs": content }))).toContain(message);
});

test("the files that were looked for are reported, even if one of them is missing or broken", async () => {
  const folder = project({ "farcall.config.json": '{ "extends": "./base.json" }' });
  const seen = async (file: string) => {
    const files: string[] = [];
    await expect(loadConfig({ cwd: folder, file, onFile: (path) => files.push(path) })).rejects.toThrow();
    return [...new Set(files)].map((path) => path.slice(folder.length + 1)).sort();
  };
  expect(await seen("farcall.config.json")).toEqual(["base.json", "farcall.config.json"]);
  write(folder, { "base.json": "{ nonsense" });
  expect(await seen("farcall.config.json")).toEqual(["base.json", "farcall.config.json"]);
});

test("defineConfig returns its argument", () => {
  const config = { apps: ["a"], output: "src/stubs" } as const;
  expect(defineConfig(config)).toBe(config);
});

test.each([
  ["farcall.config.ts", "export default {\n  apps: ['a',\n  output: 'x' };\n", "farcall.config.ts:3:9: "],
  ["farcall.config.js", "export default {\n  apps: ['a'],\n  output 'x' };\n", "farcall.config.js:3:10: "],
  [
    "farcall.config.mjs",
    "export default {\n  apps: [names[0].length] };\n",
    "farcall.config.mjs:2:10: names is not defined",
  ],
  ["farcall.config.json", '{\n  "apps": ["a"] "output": "x" }', "line 2 column 17"],
  ["farcall.config.yaml", "apps:\n  - a\n output: x\n", "(3:2)"],
])("a mistake in %s is reported with its line and column", async (name, content, place) => {
  expect(await complaintOfNode(project({ [name]: content }))).toContain(place);
});

test("a mistake in a module that the config imports is reported with that file's line", async () => {
  const cwd = project({
    "farcall.config.ts": "import { apps } from './apps.ts';\nexport default { apps };",
    "apps.ts": "export const apps = [\n'a' 'b'];",
  });
  expect(await complaintOfNode(cwd)).toContain("apps.ts:2:5: ");
});

/** In a separate process: a test runner loads modules differently. */
async function complaintOfNode(cwd: string): Promise<string> {
  const door = JSON.stringify(join(import.meta.dirname, "../../src/config/index.ts"));
  const script = `const { loadConfig } = await import(${door}); await loadConfig().catch((e) => console.log(e.message));`;
  return (await run(process.execPath, ["--input-type=module", "-e", script], { cwd })).stdout;
}
