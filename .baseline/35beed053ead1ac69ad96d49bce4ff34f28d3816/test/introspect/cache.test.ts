/** Cached introspection: it equals a fresh one, whatever has changed in between, and does not need a compiler. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeEach, expect, test } from "vitest";
import { AppReader } from "../../src/introspect/cache/index.ts";
import { IntrospectionError, introspect } from "../../src/introspect/index.ts";

const repository = resolve(import.meta.dirname, "../..");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "fcc-")));
let count = 0;

beforeEach(() => {
  process.env["FARCALL_CACHE"] = join(folder, `cache-${++count}`);
});

const outside = process.env["FARCALL_CACHE"];

afterAll(() => {
  if (outside === undefined) delete process.env["FARCALL_CACHE"];
  else process.env["FARCALL_CACHE"] = outside;
  rmSync(folder, { recursive: true });
});

const entries = () => readdirSync(join(process.env["FARCALL_CACHE"]!, "introspection")).sort();

const APP = `import { App } from "farcall";
import type { Shape } from "./shapes.ts";
import type { Size } from "sizes";
import type { Unit } from "../lib/units.js";
export const app = new App("cached");
/** Area. */
export const area = app.function(function area(shape: Shape, size: Size, unit: Unit): number | null { return shape.a + Number(size); });
`;
const TSCONFIG = {
  extends: "./tsconfig.base.json",
  compilerOptions: {
    target: "es2022",
    lib: ["es2022", "esnext.disposable"],
    module: "nodenext",
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: [],
  },
  include: ["src"],
};

/** The project's folder, inside a folder of its own. */
function project(name = "project"): string {
  const root = join(mkdtempSync(join(folder, "p-")), name);
  write(root, "tsconfig.base.json", '{ "compilerOptions": { "strict": true } }');
  write(root, "package.json", '{ "type": "module" }');
  write(root, "tsconfig.json", JSON.stringify(TSCONFIG));
  write(root, "src/app.ts", APP);
  write(root, "src/shapes.ts", "export interface Shape { a: number }");
  write(root, "node_modules/sizes/package.json", '{ "name": "sizes", "version": "1.0.0", "types": "./index.d.ts" }');
  write(root, "node_modules/sizes/index.d.ts", 'export type Size = "small" | "large";');
  write(root, "lib/units.d.ts", 'export type Unit = "mm";');
  symlinkSync(repository, join(root, "node_modules/farcall"));
  return root;
}

function write(root: string, file: string, text: string): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The result or the problems, as a deploy would get them. */
function outcome(read: () => ReturnType<typeof introspect>): unknown {
  try {
    return JSON.parse(JSON.stringify(read()));
  } catch (error) {
    if (error instanceof IntrospectionError) return error.message;
    throw error;
  }
}

const readerOf = (root: string) => new AppReader(join(root, "src/app.ts"), root);

async function cached(root: string, reader = readerOf(root)): Promise<{ isKnown: boolean; found: unknown }> {
  await reader.prepare();
  return { isKnown: reader.isKnown, found: outcome(() => reader.read()) };
}

const fresh = (root: string) => outcome(() => introspect(join(root, "src/app.ts"), { root }));

/** Changes to a project between two deploys. */
const CHANGES: Record<string, (root: string) => void> = {
  "a type changes": (root) => write(root, "src/shapes.ts", "export interface Shape { a: number; b?: string }"),
  "a type changes in as many bytes": (root) => write(root, "src/shapes.ts", "export interface Shape { a: bigint }"),
  "a type changes back": (root) => write(root, "src/shapes.ts", "export interface Shape { a: number }"),
  "a function is added": (root) =>
    write(root, "src/app.ts", `${APP}export const two = app.function(function two(): 2 { return 2; });\n`),
  "the entry changes back": (root) => write(root, "src/app.ts", APP),
  "a type cannot cross": (root) => write(root, "src/shapes.ts", "export interface Shape { a: number; f: symbol }"),
  "there is a syntax error": (root) => write(root, "src/shapes.ts", "export interface Shape { a: number "),
  "a module is removed": (root) => rmSync(join(root, "src/shapes.ts"), { force: true }),
  "a package's types change": (root) => write(root, "node_modules/sizes/index.d.ts", "export type Size = 1 | 2;"),
  "a package points elsewhere": (root) => {
    write(root, "node_modules/sizes/package.json", '{ "name": "sizes", "version": "2.0.0", "types": "./two.d.ts" }');
    write(root, "node_modules/sizes/two.d.ts", "export type Size = { two: true };");
  },
  "a nearer package shadows another": (root) => {
    write(root, "src/node_modules/sizes/package.json", '{ "name": "sizes", "version": "3.0.0" }');
    write(root, "src/node_modules/sizes/index.d.ts", 'export type Size = "nearer";');
  },
  "the nearer package goes": (root) => rmSync(join(root, "src/node_modules"), { recursive: true, force: true }),
  "a package goes and one above is found": (root) => {
    rmSync(join(root, "node_modules/sizes"), { recursive: true, force: true });
    write(root, "../node_modules/sizes/index.d.ts", 'export type Size = "above";');
  },
  "a source appears before its declarations": (root) => write(root, "lib/units.ts", 'export type Unit = "m";'),
  "that source goes": (root) => rmSync(join(root, "lib/units.ts"), { force: true }),
  "a package becomes a link": (root) => {
    rmSync(join(root, "node_modules/sizes"), { recursive: true, force: true });
    write(root, "../libs/sizes/package.json", '{ "name": "sizes", "types": "./index.d.ts" }');
    write(root, "../libs/sizes/index.d.ts", 'export type Size = "linked";');
    symlinkSync("../../libs/sizes", join(root, "node_modules/sizes"));
  },
  "an ambient declaration appears": (root) =>
    write(root, "src/ambient.d.ts", 'declare module "sizes" { export type Size = "ambient"; }\n'),
  "the ambient declaration goes": (root) => rmSync(join(root, "src/ambient.d.ts"), { force: true }),
  "a file appears that does not matter": (root) => write(root, "src/notes.txt", `${count}`),
  "a base config changes": (root) => write(root, "tsconfig.base.json", '{ "compilerOptions": { "strict": false } }'),
  "a base config changes back": (root) =>
    write(root, "tsconfig.base.json", '{ "compilerOptions": { "strict": true } }'),
  "another base config counts": (root) => {
    write(root, "../tsconfig.base.json", '{ "compilerOptions": { "strict": true, "strictNullChecks": false } }');
    write(root, "tsconfig.json", JSON.stringify({ ...TSCONFIG, extends: "../tsconfig.base.json" }));
  },
  "that base config changes": (root) =>
    write(root, "../tsconfig.base.json", '{ "compilerOptions": { "strict": true } }'),
  "a nearer tsconfig.json appears": (root) =>
    write(root, "src/tsconfig.json", JSON.stringify({ ...TSCONFIG, extends: "../tsconfig.json", include: ["."] })),
  "the nearer tsconfig.json goes": (root) => rmSync(join(root, "src/tsconfig.json"), { force: true }),
  "paths lead elsewhere": (root) => {
    const { compilerOptions } = TSCONFIG;
    const paths = { sizes: ["./src/own-sizes.ts"] };
    write(root, "tsconfig.json", JSON.stringify({ ...TSCONFIG, compilerOptions: { ...compilerOptions, paths } }));
    write(root, "src/own-sizes.ts", 'export type Size = "own";');
  },
  "tsconfig.json changes back": (root) => write(root, "tsconfig.json", JSON.stringify(TSCONFIG)),
  "a global type package appears": (root) => {
    const { compilerOptions } = TSCONFIG;
    const types = ["*"];
    write(root, "tsconfig.json", JSON.stringify({ ...TSCONFIG, compilerOptions: { ...compilerOptions, types } }));
    write(root, "node_modules/@types/g/index.d.ts", 'declare module "sizes" { export type Size = "global"; }');
  },
  "the package stops being a module": (root) => write(root, "package.json", '{ "type": "commonjs" }'),
  "the package is a module again": (root) => write(root, "package.json", '{ "type": "module" }'),
  "every time is set back": (root) => {
    for (const name of readdirSync(join(root, "src"))) utimesSync(join(root, "src", name), 1e9, 1e9);
  },
};

const changes = fc.array(fc.constantFrom(...Object.keys(CHANGES)), { minLength: 4, maxLength: 7 });

test("the cached result equals a fresh one after every change, in copies too", async () => {
  let known = 0;
  await fc.assert(
    fc.asyncProperty(changes, async (changes) => {
      const root = project();
      for (const change of ["nothing", ...changes]) {
        CHANGES[change]?.(root);
        const expected = fresh(root);
        const first = await cached(root);
        expect(first.found, change).toEqual(expected);
        if (first.isKnown) known++;
        expect(await cached(root), `${change}, again`).toEqual({ isKnown: true, found: expected });
      }
      const copy = join(mkdtempSync(join(folder, "p-")), "project");
      cpSync(dirname(root), dirname(copy), { recursive: true, verbatimSymlinks: true });
      expect((await cached(copy)).found, "a copy").toEqual(fresh(copy));
    }),
    { numRuns: 8 },
  );
  // Projects that begin alike, and states that come again.
  expect(known).toBeGreaterThan(8);
});

test("a reader that reuses its earlier results finds what a fresh one would", async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (changes) => {
      const root = project();
      const reader = readerOf(root);
      process.env["FARCALL_CACHE"] = join(root, "../cache");
      for (const change of ["nothing", ...changes]) {
        CHANGES[change]?.(root);
        expect((await cached(root, reader)).found, change).toEqual(fresh(root));
      }
      // What it kept on the way is as complete as what a fresh one keeps.
      for (const change of changes) {
        CHANGES[change]?.(root);
        expect((await cached(root)).found, `${change}, once more`).toEqual(fresh(root));
      }
    }),
    { numRuns: 8 },
  );
});

test.for(Object.keys(CHANGES))("is right when %s", async (change) => {
  const root = project();
  await cached(root);
  CHANGES[change]!(root);
  expect((await cached(root)).found).toEqual(fresh(root));
});

test("a project's copy elsewhere is recognised, and its files have their own paths", async () => {
  const [root, copy] = [project("one"), project("two")];
  await cached(root);
  const { isKnown, found } = await cached(copy);
  expect(isKnown).toBe(true);
  expect(found).toEqual(fresh(copy));
  expect(found).toMatchObject({ root: copy, files: [join(copy, "src/shapes.ts"), join(copy, "src/app.ts")] });
});

test("a copy is not recognised if a folder above it has something that the first one's do not", async () => {
  const [root, copy] = [project(), project()];
  for (const each of [root, copy]) rmSync(join(each, "node_modules/sizes"), { recursive: true });
  await cached(root);
  expect((await cached(copy)).isKnown).toBe(true);
  write(copy, "../node_modules/sizes/index.d.ts", 'export type Size = "above";');
  expect(await cached(copy)).toEqual({ isKnown: false, found: fresh(copy) });
  expect((await cached(root)).isKnown).toBe(true);
});

test("a project that names its own folder is recognised only there", async () => {
  const [root, copy] = [project("named"), project("other")];
  const shapes = 'export type { Shape } from "../../named/src/inner.ts";';
  for (const each of [root, copy]) {
    write(each, "src/shapes.ts", shapes);
    write(each, "src/inner.ts", "export interface Shape { a: number }");
  }
  await cached(root);
  expect((await cached(root)).isKnown).toBe(true);
  expect(await cached(copy)).toEqual({ isKnown: false, found: fresh(copy) });
  expect((await cached(copy)).found).toContain("TS2307");
});

test("an app's problems are reported again in the same words", async () => {
  const root = project();
  CHANGES["a type cannot cross"]!(root);
  const first = await cached(root);
  expect(first.found).toContain("src/shapes.ts(1,40): error: area(shape.f)");
  expect(await cached(root)).toEqual({ isKnown: true, found: first.found });
});

test("a cached app is read without loading a compiler", () => {
  const root = project();
  const door = pathToFileURL(join(repository, "src/introspect/cache/index.ts")).href;
  const script = `
    import { createRequire } from "node:module";
    import { AppReader } from ${JSON.stringify(door)};
    const reader = new AppReader(${JSON.stringify(join(root, "src/app.ts"))}, ${JSON.stringify(root)});
    await reader.prepare();
    reader.read();
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.some((file) => file.endsWith("typescript.js")));
  `;
  const run = () => execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).trim();
  expect([run(), run()]).toEqual(["true", "false"]);
});

test("only the user can read the folder and its files, even if it was open before", async () => {
  const cache = join(process.env["FARCALL_CACHE"]!, "introspection");
  mkdirSync(cache, { recursive: true });
  chmodSync(cache, 0o777);
  await cached(project());
  const modes = [cache, ...entries().map((name) => join(cache, name))].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o700, 0o600]);
});

test("apps are still read if a file is in the folder's place", async () => {
  writeFileSync(process.env["FARCALL_CACHE"]!, "");
  const root = project();
  expect(await cached(root)).toEqual({ isKnown: false, found: fresh(root) });
  expect(existsSync(join(process.env["FARCALL_CACHE"]!, "introspection"))).toBe(false);
});

test("a damaged entry is ignored and rewritten", async () => {
  const root = project();
  await cached(root);
  const file = join(process.env["FARCALL_CACHE"]!, "introspection", entries()[0]!);
  const whole = readFileSync(file, "utf8");
  for (const damaged of ["", whole.slice(0, 500), whole.replace('"area"', '"oops"'), "{}"]) {
    writeFileSync(file, damaged);
    expect(await cached(root)).toEqual({ isKnown: false, found: fresh(root) });
    expect(await cached(root)).toMatchObject({ isKnown: true });
  }
  expect(entries()).toHaveLength(1);
});

test("only the last states of an app are kept", async () => {
  const root = project();
  for (let state = 0; state < 11; state++) {
    write(root, "src/shapes.ts", `export interface Shape { a: number; state: ${state} }`);
    await cached(root);
  }
  expect(entries()).toHaveLength(8);
  expect((await cached(root)).isKnown).toBe(true);
});

test("many concurrent readers neither fail nor leave anything half written", async () => {
  const root = project();
  const results = await Promise.all(Array.from({ length: 8 }, () => cached(root)));
  expect(new Set(results.map(({ found }) => JSON.stringify(found))).size).toBe(1);
  expect(entries()).toHaveLength(1);
});
