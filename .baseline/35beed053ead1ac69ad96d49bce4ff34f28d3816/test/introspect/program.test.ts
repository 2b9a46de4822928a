import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { IntrospectionError, introspect } from "../../src/introspect/index.ts";

const repository = resolve(import.meta.dirname, "../..");
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const APP = `import { App } from "farcall";
export const app = new App("project");
`;
const PATHS = { farcall: [join(repository, "src/index.ts")] };
const OPTIONS = {
  target: "es2024",
  module: "nodenext",
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  types: ["node"],
  paths: PATHS,
};

function project(files: Record<string, unknown>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "fci-")));
  folders.push(folder);
  for (const [name, content] of Object.entries({ "package.json": { type: "module" }, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(join(repository, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
  symlinkSync(join(repository, "node_modules/undici-types"), join(folder, "node_modules/undici-types"));
  return folder;
}

function problems(entry: string): string[] {
  try {
    introspect(entry);
  } catch (error) {
    if (error instanceof IntrospectionError) return error.message.split("\n");
    throw error;
  }
  return [];
}

const LOOSE = `${APP}export const fn = app.function(function fn(a: string) { const b: string = null; return a + b; });\n`;

test("the nearest tsconfig.json decides what is a type error", () => {
  const folder = project({
    "tsconfig.json": { compilerOptions: { ...OPTIONS, strict: true } },
    "loose/tsconfig.json": { compilerOptions: { ...OPTIONS, strict: false } },
    "app.ts": LOOSE,
    "loose/app.ts": LOOSE,
  });
  expect(problems(join(folder, "app.ts"))[0]).toBe(
    "app.ts(3,63): error TS2322: Type 'null' is not assignable to type 'string'.",
  );
  expect(problems(join(folder, "loose/app.ts"))).toEqual([]);
});

test("without one, the compiler is strict and knows Node's modules", () => {
  const folder = project({
    "app.ts": `import { sep } from "node:path";\nconst a: string = null;\nconsole.log(sep);\n`,
  });
  expect(problems(join(folder, "app.ts")).filter((line) => line.includes("TS"))).toEqual([
    "app.ts(2,7): error TS2322: Type 'null' is not assignable to type 'string'.",
  ]);
});

test("an import for its effect needs no types, unless tsconfig.json says so", () => {
  const files = {
    "app.ts": `import "effects";\nimport "./query.sql";\n${APP}`,
    "query.sql": "select 1",
    "node_modules/effects/package.json": { name: "effects", exports: { ".": { node: "./index.js" } } },
    "node_modules/effects/index.js": "",
  };
  const options = { ...OPTIONS, module: "esnext", moduleResolution: "bundler" };
  const folder = project({ ...files, "tsconfig.json": { compilerOptions: options } });
  expect(problems(join(folder, "app.ts"))).toEqual([]);
  const checked = { ...options, noUncheckedSideEffectImports: true };
  const strict = project({ ...files, "tsconfig.json": { compilerOptions: checked } });
  expect(problems(join(strict, "app.ts"))).toEqual([
    expect.stringContaining("app.ts(1,8): error TS2882"),
    expect.stringContaining("app.ts(2,8): error TS2882"),
  ]);
});

test("a solution's tsconfig.json leads to the project that has the entry", () => {
  const folder = project({
    "tsconfig.json": { files: [], references: [{ path: "./tsconfig.app.json" }] },
    "tsconfig.app.json": { compilerOptions: { ...OPTIONS, composite: true, strict: false }, include: ["src"] },
    "src/globals.d.ts": "interface Ambient { here: true }",
    "src/app.ts": `${APP}export const fn = app.function(function fn(a: Ambient) { return a; });\n`,
  });
  expect(introspect(join(folder, "src/app.ts")).declarations).toMatchObject([{ name: "Ambient" }]);
});

test("options that are deprecated or concern only output do not matter", () => {
  const folder = project({
    "tsconfig.json": {
      compilerOptions: {
        target: "es2022",
        module: "esnext",
        moduleResolution: "node10",
        baseUrl: ".",
        paths: PATHS,
        types: ["node"],
        declaration: true,
        declarationMap: true,
        isolatedDeclarations: true,
        outDir: "dist",
        rootDir: "src",
        incremental: true,
        allowImportingTsExtensions: true,
        emitDeclarationOnly: true,
        skipLibCheck: true,
        strict: true,
      },
    },
    "src/app.ts": `${APP}export const fn = app.function(function fn(a: string) { return a; });\n`,
  });
  expect(introspect(join(folder, "src/app.ts")).functions).toMatchObject([{ name: "fn" }]);
});

test("a tsconfig.json that cannot be read is reported", () => {
  const folder = project({ "tsconfig.json": '{ "extends": "./missing.json" }', "app.ts": APP });
  expect(problems(join(folder, "app.ts"))[0]).toMatch(/^tsconfig.json\(1,\d+\): error TS(5083|6053): /);
});

test("a second reading sees changes, in packages too", () => {
  const folder = project({
    "tsconfig.json": { compilerOptions: { ...OPTIONS, strict: true } },
    "node_modules/shapes/package.json": { name: "shapes", version: "1.0.0", types: "index.d.ts" },
    "node_modules/shapes/index.d.ts": "export interface Shape { a: string }",
    "app.ts": `${APP}import type { Shape } from "shapes";\nexport const fn = app.function(function fn(a: Shape) {});\n`,
  });
  const read = () => introspect(join(folder, "app.ts")).declarations[0];
  expect(read()).toMatchObject({ name: "Shape", properties: [{ name: "a" }] });
  writeFileSync(join(folder, "node_modules/shapes/index.d.ts"), "export interface Shape { changed: number }");
  expect(read()).toMatchObject({ name: "Shape", properties: [{ name: "changed" }] });
});
