/** An artifact is the same in every checkout, runs anywhere, and knows where its author's files are. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Bundler } from "../../src/deploy/bundle.ts";

/** A project made of these files. */
async function project(files: Record<string, string>): Promise<AsyncDisposable & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), "fb-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

async function bundle(root: string, entry = "app.ts") {
  const bundler = new Bundler(join(root, entry), root);
  try {
    return await bundler.build();
  } finally {
    await bundler.dispose();
  }
}

/** Runs an artifact as a program, where the author's project is not. */
async function run(code: string, root: string): Promise<string> {
  await using elsewhere = await project({ "artifact.mjs": code });
  const start = `globalThis[Symbol.for("farcall.root")] = "file://${root}/"; await import("./artifact.mjs");`;
  await writeFile(join(elsewhere.root, "start.mjs"), start);
  return execFileSync(process.execPath, ["start.mjs"], { cwd: elsewhere.root, encoding: "utf8" });
}

const files = {
  "package.json": '{ "type": "module" }',
  "app.ts":
    'import { twice } from "./lib/twice.ts"; import { App } from "farcall"; export const app = new App(twice("x"));',
  "lib/twice.ts": "export function twice(text: string): string { return text + text; }",
};

test("equal sources give an equal artifact in another folder", async () => {
  await using one = await project(files);
  await using two = await project({});
  await cp(one.root, two.root, { recursive: true });
  const [first, second] = [await bundle(one.root), await bundle(two.root)];
  expect(second.hash).toBe(first.hash);
  expect(second.sourceMap).toBe(first.sourceMap);
  expect(first.code).not.toContain(one.root);
  expect(first.code).toContain('from "farcall"');
});

test("a package is what Node takes for it, also where its main hides what it requires", async () => {
  await using one = await project({
    "package.json": '{ "type": "module" }',
    "app.ts": 'import { parse } from "wrapped"; console.log(parse("x"));',
    "node_modules/wrapped/package.json": '{ "main": "umd.js", "module": "esm.mjs" }',
    "node_modules/wrapped/umd.js":
      '(function (load) { load(require, exports); })(function (require, exports) { exports.parse = require("./impl").parse; });',
    "node_modules/wrapped/impl.js": "exports.parse = (text) => 'main ' + text;",
    "node_modules/wrapped/esm.mjs": "export const parse = (text) => 'module ' + text;",
  });
  expect(await run((await bundle(one.root)).code, one.root)).toBe("main x\n");
});

test("building again takes changes", async () => {
  await using one = await project(files);
  const bundler = new Bundler(join(one.root, "app.ts"), one.root);
  const first = await bundler.build();
  expect((await bundler.build()).hash).toBe(first.hash);
  await writeFile(join(one.root, "lib/twice.ts"), "export const twice = (text: string) => text + text + text;");
  expect((await bundler.build()).code).toContain("text + text + text");
  await bundler.dispose();
});

test("the source map has the sources, named relative to the project", async () => {
  await using one = await project(files);
  const map = JSON.parse((await bundle(one.root)).sourceMap);
  expect(map.sources).toEqual(["lib/twice.ts", "app.ts"]);
  expect(map.sourcesContent[0]).toBe(files["lib/twice.ts"]);
});

test("CommonJS packages can require Node's modules", async () => {
  await using one = await project({
    ...files,
    "app.ts":
      'import old from "old"; import { createRequire } from "node:module"; const require = createRequire("/"); console.log(old, typeof require);',
    "node_modules/old/package.json": '{ "name": "old", "main": "index.js" }',
    "node_modules/old/index.js": 'module.exports = require("path").basename("/a/b");',
  });
  expect(await run((await bundle(one.root)).code, one.root)).toBe("b function\n");
});

test("modules are told their place in the project, whatever way they ask", async () => {
  await using one = await project({
    ...files,
    "app.ts":
      'import "./lib/a b/where.ts"; import old from "old"; console.log(old); console.log(import.meta.filename);',
    "lib/a b/where.ts": "#!/usr/bin/env node\nconsole.log(import.meta.url);\nconsole.log(import.meta.dirname);",
    "node_modules/old/package.json": '{ "name": "old", "main": "index.js" }',
    "node_modules/old/index.js": '"use strict"; module.exports = [__dirname, __filename].join();',
  });
  const out = await run((await bundle(one.root)).code, one.root);
  expect(out.replaceAll(one.root, "ROOT")).toBe(
    [
      "file://ROOT/lib/a%20b/where.ts",
      "ROOT/lib/a b",
      "ROOT/node_modules/old,ROOT/node_modules/old/index.js",
      "ROOT/app.ts",
      "",
    ].join("\n"),
  );
});

test("packages with native code stay out", async () => {
  const native = (name: string, more: object) => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, main: "index.js", ...more }),
    [`node_modules/${name}/index.js`]: `module.exports = "${name}";`,
  });
  await using one = await project({
    ...files,
    "app.ts":
      'import a from "with-gyp"; import b from "@scope/with-loader"; import c from "direct"; import d from "plain"; console.log(a, b, c, d);',
    ...native("with-gyp", {}),
    "node_modules/with-gyp/binding.gyp": "{}",
    ...native("@scope/with-loader", { dependencies: { bindings: "1" } }),
    ...native("direct", {}),
    "node_modules/direct/index.js": 'module.exports = require("./build/x.node");',
    "node_modules/direct/build/x.node": "binary",
    ...native("plain", {}),
  });
  const { code } = await bundle(one.root);
  const left = [...code.matchAll(/^import .* from "([^"]+)";$/gm)].map(([, name]) => name).sort();
  expect(left).toEqual(["@scope/with-loader", "direct", "with-gyp"]);
  expect(code).toContain('module.exports = "plain"');
});

test("a native module that is imported directly is refused", async () => {
  await using one = await project({ ...files, "app.ts": 'import x from "./x.node"; console.log(x);', "x.node": "" });
  await expect(bundle(one.root)).rejects.toMatchObject({
    code: "FARCALL_DEPLOY",
    message: "app.ts imports the native module x.node directly",
  });
});

test("all that the bundler complains about is reported at once, with places", async () => {
  await using one = await project({ ...files, "app.ts": '\nimport "./no.ts";\n  import "none";\n' });
  const error = await bundle(one.root).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    stage: "bundle",
    problems: [
      { file: "app.ts", line: 2, column: 8, message: 'Could not resolve "./no.ts"' },
      { file: "app.ts", line: 3, column: 10, message: 'Could not resolve "none"' },
    ],
  });
});

test("functions keep the names that the author gave them", async () => {
  await using one = await project({
    ...files,
    "app.ts":
      'import "./other.ts"; const f = (fn: Function) => fn.name; const resize = f(async function resize() {}); console.log(resize);',
    "other.ts": "export function resize() {} console.log(resize.name, (class Box {}).name);",
  });
  expect(await run((await bundle(one.root)).code, one.root)).toBe("resize Box\nresize\n");
});
