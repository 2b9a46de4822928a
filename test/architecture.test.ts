/**
 * The rules of ARCHITECTURE.md that a compiler does not check: which folder may import which, by which door, with which
 * dependency; and what the repository's text must not say.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript-6";
import { describe, expect, test } from "vitest";

const repo = resolve(import.meta.dirname, "..");
const src = join(repo, "src");

/** Folder -> folders that it may import. The port (`engine`) and its adapters (`engine/local`) are boxes of their own. */
const direction: Record<string, readonly string[]> = {
  schema: [],
  engine: ["schema"],
  runtime: ["schema", "engine"],
  opentelemetry: ["engine", "runtime"],
  "engine/local": ["schema", "engine", "runtime", "worker", "opentelemetry"],
  worker: ["schema", "engine", "runtime", "opentelemetry"],
  introspect: ["schema", "runtime"],
  config: ["schema", "runtime", "codegen"],
  // "" is the package's entry, which makes the engines' schemes known.
  codegen: ["", "schema", "engine", "runtime", "config"],
  deploy: ["schema", "engine", "runtime", "introspect", "worker"],
  vite: ["runtime", "config", "codegen"],
  ui: ["schema", "engine", "runtime", "worker"],
  cli: ["", "schema", "engine", "engine/local", "runtime", "introspect", "config", "codegen", "deploy", "worker", "ui"],
};

/** Packages that a folder may import; the core that is bundled into consumers has cbor-x alone. */
const dependencies: Record<string, readonly string[]> = {
  schema: ["zod"],
  engine: [],
  runtime: ["cbor-x"],
  opentelemetry: [],
  "engine/local": ["croner"],
  worker: [],
  introspect: ["ts-morph", "@ts-morph/common"],
  config: ["cosmiconfig", "zod", "esbuild"],
  codegen: ["handlebars", "get-tsconfig"],
  deploy: ["esbuild", "croner"],
  vite: [],
  ui: ["diff"],
  cli: ["commander", "diff"],
};

/** Files other than a folder's index that other folders may import: small and without imports, or entries of processes. */
const sideDoors = new Set([
  "src/engine/callHeader.ts",
  "src/engine/frames.ts",
  "src/worker/protocol.ts",
  // The check of arguments, for a form that says the same before it is sent.
  "src/worker/validate.ts",
  "src/runtime/errors.ts",
  "src/runtime/engines.ts",
  "src/engines.ts",
  // What the package's entry takes of two folders whose rest is not for consumers.
  "src/runtime/public.ts",
  "src/config/config.ts",
  "src/codegen/plugin.ts",
]);

interface Import {
  from: string;
  specifier: string;
  target: string | undefined;
  typeOnly: boolean;
  dynamic: boolean;
}

const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();

const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: ts.Node, typeOnly: boolean, dynamic: boolean) => {
    if (!ts.isStringLiteral(specifier)) return;
    const target = specifier.text.startsWith(".") ? resolve(dirname(file), specifier.text) : undefined;
    found.push({ from: file, specifier: specifier.text, target, typeOnly, dynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true, false);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true, false);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      add(node.arguments[0], false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `engine/local` for what lies in it, the first folder otherwise, "" for src/index.ts, which may import all. */
function boxOf(file: string): string {
  const parts = relative(src, file).split("/");
  if (parts.length === 1) return "";
  return parts[0] === "engine" && parts.length > 2 ? `engine/${parts[1]}` : (parts[0] ?? "");
}

function show({ from, specifier }: Import): string {
  return `${relative(repo, from)} imports ${specifier}`;
}

describe("imports", () => {
  test("go only downwards", () => {
    const upwards = imports.filter(({ from, target }) => {
      if (!target) return false;
      const [here, there] = [boxOf(from), boxOf(target)];
      return here !== "" && here !== there && !direction[here]?.includes(there);
    });
    // The port names the codes of failures, whose classes the runtime has.
    expect(upwards.map(show)).toEqual(["src/engine/engine.ts imports ../runtime/errors.ts"]);
    expect(upwards.every(({ typeOnly }) => typeOnly)).toBe(true);
  });

  test("enter another folder by its index", () => {
    const through = imports.filter(({ from, target }) => {
      if (!target || boxOf(from) === boxOf(target)) return false;
      const path = relative(repo, target);
      return !path.endsWith("/index.ts") && !sideDoors.has(path);
    });
    expect(through.map(show)).toEqual([]);
  });

  test("name files that exist, with their extension", () => {
    const missing = imports.filter(({ target }) => target !== undefined && !files.includes(target));
    expect(missing.map(show)).toEqual([]);
  });

  test("of packages stay in the folders that are there for them", () => {
    const strangers = imports.filter(({ from, specifier, target, typeOnly }) => {
      if (target || typeOnly || specifier.startsWith("node:")) return false;
      return !dependencies[boxOf(from)]?.includes(packageOf(specifier));
    });
    expect(strangers.map(show)).toEqual([]);
  });

  test("of Node's modules carry the node: prefix", () => {
    expect(
      imports.filter(({ specifier }) => !specifier.startsWith("node:") && builtinModules.includes(specifier)).map(show),
    ).toEqual([]);
  });

  test("of the schema load zod only when a manifest is parsed", () => {
    const early = reachable(join(src, "schema/index.ts")).filter(({ specifier }) => packageOf(specifier) === "zod");
    expect(early.map(show)).toEqual([]);
  });

  test("of the package's entry pull in cbor-x and nothing else", () => {
    const packages = reachable(join(src, "index.ts"))
      .filter(({ target, specifier }) => !target && !specifier.startsWith("node:"))
      .map(({ specifier }) => packageOf(specifier));
    expect([...new Set(packages)]).toEqual(["cbor-x"]);
  });
});

/** All imports that run when `entry` is loaded. */
function reachable(entry: string): Import[] {
  const seen = new Set<string>();
  const found: Import[] = [];
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const each of imports) {
      if (each.from !== file || each.typeOnly || each.dynamic) continue;
      found.push(each);
      if (each.target) visit(each.target);
    }
  };
  visit(entry);
  return found;
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

describe("the repository's text", () => {
  const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repo,
    encoding: "utf8",
  })
    .split("\0")
    .filter((path) => path !== "" && !path.endsWith(".png"));

  function* lines(): Generator<[place: string, line: string]> {
    for (const path of tracked) {
      const text = readIfPresent(join(repo, path));
      for (const [index, line] of text.split("\n").entries()) yield [`${path}:${index + 1}`, line];
    }
  }

  test("names no folder of somebody's machine and no package registry", () => {
    // Written apart, so that this file does not find itself.
    const forbidden = new RegExp([`/${"work"}/`, `/${"root"}/`, `registry\\.${"npmjs"}`, `/${"Users"}/`].join("|"));
    const found = [...lines()]
      .filter(([, line]) => forbidden.test(line))
      .map(([place, line]) => `${place}: ${line.trim().slice(0, 100)}`);
    expect(found).toEqual([]);
  });

  test("has a lockfile that installs from whichever registry is configured", () => {
    const { packages } = JSON.parse(readFileSync(join(repo, "package-lock.json"), "utf8"));
    const resolved = Object.entries(packages as Record<string, { resolved?: string }>).filter(
      ([, entry]) => entry.resolved,
    );
    expect(resolved.map(([name]) => name)).toEqual([]);
  });

  test("says at the top of every source file why it exists", () => {
    const silent = files.filter((file) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(readFileSync(file, "utf8")));
    expect(silent.map((file) => relative(repo, file))).toEqual([]);
  });
});

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
