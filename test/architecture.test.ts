/**
 * The rules of ARCHITECTURE.md that a compiler does not check: which folder may import which, by which door, with which
 * dependency; and what the repository's text must not say.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript-6";
import { describe, expect, test } from "vitest";

const repo = resolve(import.meta.dirname, "..");
const src = join(repo, "src");

/**
 * Box -> boxes that it may import. A box is a folder; a folder inside of one is a box of its own where it stands here. A
 * box may import what lies deeper in itself; the rest is as listed, and "" is the package's entry.
 */
const direction: Record<string, readonly string[]> = {
  text: [],
  schema: ["text"],
  "schema/check": ["schema", "text"],
  "schema/compare": ["schema", "schema/print", "text"],
  "schema/json": ["schema", "schema/print", "text"],
  "schema/parse": ["schema", "text"],
  "schema/print": ["schema", "text"],
  engine: ["schema"],
  wire: ["engine", "schema"],
  runtime: ["wire", "engine", "schema", "text"],
  "runtime/codec": ["runtime", "wire", "engine", "schema", "text"],
  "runtime/calls": ["runtime", "runtime/codec", "wire", "engine", "schema", "text"],
  "runtime/app": ["runtime", "wire", "engine", "schema", "text"],
  "runtime/local": ["runtime", "runtime/app", "runtime/codec", "engine", "schema", "text"],
  opentelemetry: ["engine", "runtime"],
  container: ["wire", "opentelemetry", "runtime", "engine", "schema/check", "schema", "text"],
  pool: ["wire", "opentelemetry", "runtime", "engine", "schema", "text"],
  "pool/launchers": ["pool", "wire", "text"],
  engines: ["runtime", "engine", "opentelemetry"],
  "engines/catalog": ["runtime", "engine", "schema", "text"],
  "engines/web": ["wire", "runtime", "engine", "schema"],
  "engines/local": ["engine", "wire", "runtime", "schema", "text"],
  "engines/local/client": ["engines/local", "engine", "wire", "runtime", "schema", "text"],
  "engines/local/host": [
    "engines/local",
    "engines/web",
    "pool",
    "engine",
    "wire",
    "runtime",
    "opentelemetry",
    "schema",
    "text",
  ],
  "engines/local/host/storage": ["engines/local", "engine", "wire", "runtime", "schema", "text"],
  "engines/local/host/registry": [
    "engines/local/host/storage",
    "engines/catalog",
    "engines/local",
    "engine",
    "runtime",
    "schema",
    "text",
  ],
  "engines/local/host/calls": [
    "engines/local/host",
    "engines/local/host/registry",
    "engines/local/host/storage",
    "engines/catalog",
    "engines/web",
    "engines/local",
    "pool",
    "engine",
    "wire",
    "runtime",
    "schema",
    "text",
  ],
  "engines/local/host/web": ["engines/local/host/calls", "engines/local/host", "engines/web"],
  "engines/local/host/connection": [
    "engines/local/host/calls",
    "engines/local/host",
    "engines/local",
    "engine",
    "wire",
    "runtime",
    "schema",
    "text",
  ],
  "engines/modal": ["engines/catalog", "engine", "runtime", "schema", "text"],
  "engines/nats": ["engines/catalog", "engine", "wire", "runtime", "schema", "text"],
  "engines/nats/registry": [
    "engines/nats",
    "engines/catalog",
    "engines/web",
    "engine",
    "wire",
    "runtime",
    "schema",
    "text",
  ],
  "engines/nats/durable": ["engines/nats", "engines/nats/pairs", "engine", "wire", "runtime", "schema", "text"],
  "engines/nats/source": [
    "engines/nats",
    "engines/nats/registry",
    "engines/nats/pairs",
    "engines/catalog",
    "engine",
    "wire",
    "runtime",
    "schema",
    "text",
  ],
  "engines/nats/pairs": ["engine", "wire"],
  "engines/nats/monitor": [
    "engines/nats",
    "engines/nats/durable",
    "engines/nats/source",
    "engine",
    "runtime",
    "schema",
    "text",
  ],
  "engines/nats/worker": [
    "engines/nats/durable",
    "engines/nats/monitor",
    "engines/nats/source",
    "engines/nats/pairs",
    "engines/nats",
    "engines/nats/registry",
    "engines/catalog",
    "engines/web",
    "pool",
    "engine",
    "wire",
    "runtime",
    "schema",
    "text",
  ],
  introspect: ["runtime", "schema", "text"],
  "introspect/source": ["introspect", "runtime", "schema", "text"],
  "introspect/convert": ["introspect/source", "introspect", "runtime", "schema", "text"],
  "introspect/functions": ["introspect/convert", "introspect/source", "introspect", "runtime", "schema", "text"],
  "introspect/cache": ["introspect", "runtime", "schema", "text"],
  plan: ["runtime", "schema", "text"],
  config: ["plan", "runtime", "schema", "text"],
  watch: [],
  deploy: ["watch", "introspect", "introspect/cache", "config", "wire", "runtime", "engine", "schema", "text"],
  codegen: ["watch", "config", "plan", "engines", "runtime", "engine", "schema", "text"],
  "codegen/templates": ["codegen", "plan", "runtime", "schema", "text"],
  "codegen/files": ["plan", "runtime", "schema", "text"],
  vite: ["codegen", "config", "runtime"],
  ui: ["engine", "schema"],
  "ui/page": ["ui", "text"],
  "ui/server": ["ui", "runtime", "engine", "schema/check", "schema", "text"],
  cli: [
    "ui",
    "codegen",
    "config",
    "plan",
    "deploy",
    "introspect",
    "engines",
    "runtime",
    "engine",
    "schema/check",
    "schema",
    "text",
  ],
};

/** Packages that a box may import; the core that is bundled into consumers has cbor-x alone. */
const dependencies: Record<string, readonly string[]> = {
  "runtime/codec": ["cbor-x"],
  pool: ["croner"],
  introspect: ["ts-morph"],
  "introspect/source": ["ts-morph"],
  "introspect/convert": ["ts-morph"],
  "introspect/functions": ["ts-morph"],
  config: ["cosmiconfig", "zod", "esbuild"],
  codegen: ["get-tsconfig"],
  "codegen/templates": ["handlebars"],
  deploy: ["esbuild", "croner", "get-tsconfig", "ts-morph"],
  "ui/server": ["diff"],
  cli: ["commander", "diff"],
};

/** Files other than a box's index that others may import: small and without imports, or entries of processes. */
const sideDoors = new Set([
  "src/wire/call-header.ts",
  "src/wire/frame-feed.ts",
  "src/wire/frames.ts",
  "src/wire/index-set.ts",
  "src/wire/container-protocol.ts",
  "src/wire/environment.ts",
  "src/wire/slices.ts",
  "src/wire/specifiers.ts",
  "src/wire/inspection.ts",
  // Runs in a browser too, where the index with its neighbours does not.
  "src/text/units.ts",
  "src/runtime/errors.ts",
  // Loaded with the runtime, before a test of a user's makes timers fake; engines are loaded later.
  "src/runtime/timers.ts",
  "src/runtime/plug-n-play.ts",
  "src/runtime/engines.ts",
  // What the package's entry takes of two folders whose rest is not for consumers.
  "src/runtime/public.ts",
  "src/runtime/calling.ts",
  // Not for programs that only call: it brings the pool with it.
  "src/engines/workers.ts",
  "src/config/config.ts",
  "src/plan/plugin.ts",
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

/** The innermost box that a file lies in; "" for src/index.ts, which may import all. */
function boxOf(file: string): string {
  const folders = relative(src, dirname(file)).split(sep).filter(Boolean);
  for (let depth = folders.length; depth > 0; depth--) {
    const box = folders.slice(0, depth).join("/");
    if (box in direction) return box;
  }
  return "";
}

/** A box may use what lies deeper in it, and a part what its whole allows it. */
function mayImport(here: string, there: string): boolean {
  return here === "" || here === there || there.startsWith(`${here}/`) || direction[here]?.includes(there) === true;
}

function show({ from, specifier }: Import): string {
  return `${relative(repo, from)} imports ${specifier}`;
}

describe("imports", () => {
  test("go only downwards", () => {
    const upwards = imports.filter(({ from, target }) => target && !mayImport(boxOf(from), boxOf(target)));
    expect(upwards.map(show)).toEqual([]);
  });

  test("go in no circle, those of types included", () => {
    expect(circles()).toEqual([]);
  });

  test("let a box be taken only by boxes above it: two boxes never import each other", () => {
    const pairs = new Set(
      imports.flatMap(({ from, target }) => {
        const [here, there] = [boxOf(from), target ? boxOf(target) : ""];
        return here && there && here !== there ? [`${here} > ${there}`] : [];
      }),
    );
    // A box and a part of it are one house: the door shows what lies inside, and a part uses the house's own files.
    const mutual = [...pairs].filter((pair) => {
      const [here = "", there = ""] = pair.split(" > ");
      const nested = here.startsWith(`${there}/`) || there.startsWith(`${here}/`);
      return !nested && pairs.has(`${there} > ${here}`);
    });
    expect(mutual.sort()).toEqual([]);
  });

  test("enter another folder by its index", () => {
    const through = imports.filter(({ from, target }) => {
      if (!target || boxOf(from) === boxOf(target)) return false;
      const path = relative(repo, target).split(sep).join("/");
      return !path.endsWith("/index.ts") && !sideDoors.has(path) && !ownParent(from, target);
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

/** A part of a box takes the single files of its whole: they are one house. */
function ownParent(from: string, target: string): boolean {
  return boxOf(from).startsWith(`${boxOf(target)}/`);
}

/** Files that reach themselves by imports, one line for each group (Tarjan's strongly connected components). */
function circles(): string[] {
  const targets = new Map(files.map((file): [string, string[]] => [file, []]));
  for (const { from, target } of imports) if (target && targets.has(target)) targets.get(from)?.push(target);
  const order = new Map<string, { index: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const found: string[] = [];
  const visit = (file: string): { index: number; low: number; open: boolean } => {
    const node = { index: order.size, low: order.size, open: true };
    order.set(file, node);
    stack.push(file);
    for (const next of targets.get(file) ?? []) {
      const other = order.get(next);
      if (!other) node.low = Math.min(node.low, visit(next).low);
      else if (other.open) node.low = Math.min(node.low, other.index);
    }
    if (node.low === node.index) {
      const group = stack.splice(stack.indexOf(file));
      for (const each of group) order.get(each)!.open = false;
      if (group.length > 1)
        found.push(
          group
            .map((each) => relative(src, each))
            .sort()
            .join(" "),
        );
    }
    return node;
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found.sort();
}

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

describe("an object's fields", () => {
  /** Methods that change a collection in place. */
  const changing = new Set(["add", "clear", "delete", "pop", "push", "set", "shift", "sort", "splice", "unshift"]);

  test("are written by the object itself", () => {
    const program = ts.createProgram(
      files.filter((file) => !relative(repo, file).includes(`${sep}page${sep}`)),
      { ...compilerOptions(), noEmit: true },
    );
    const checker = program.getTypeChecker();
    const found: string[] = [];
    /** `object.field`, where the object is another instance of a class of ours. */
    const isForeign = (node: ts.Node): node is ts.PropertyAccessExpression => {
      if (!ts.isPropertyAccessExpression(node) || node.expression.kind === ts.SyntaxKind.ThisKeyword) return false;
      const declared = checker.getTypeAtLocation(node.expression).getSymbol()?.valueDeclaration;
      if (!declared || !ts.isClassDeclaration(declared) || !declared.getSourceFile().fileName.startsWith(src))
        return false;
      // Inside of the class it may be a sibling, which is its own business; a field with a setter says itself what is done.
      if (ts.findAncestor(node, (above) => above === declared)) return false;
      const field = checker.getSymbolAtLocation(node.name)?.valueDeclaration;
      return field !== undefined && !ts.isAccessor(field) && !ts.isMethodDeclaration(field);
    };
    const note = (node: ts.Node): void => {
      const file = node.getSourceFile();
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${relative(repo, file.fileName)}:${line + 1}: ${node.getText()}`);
    };
    const visit = (node: ts.Node): void => {
      if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind) && isForeign(node.left)) note(node.left);
      else if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isForeign(node.operand)) {
        const { operator } = node;
        if (operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken) note(node.operand);
      } else if (ts.isDeleteExpression(node) && isForeign(node.expression)) note(node.expression);
      else if (
        ts.isCallExpression(node) &&
        ts.isPropertyAccessExpression(node.expression) &&
        changing.has(node.expression.name.text) &&
        isForeign(node.expression.expression) &&
        isBuiltIn(checker.getTypeAtLocation(node.expression.expression))
      ) {
        note(node.expression);
      }
      ts.forEachChild(node, visit);
    };
    for (const file of program.getSourceFiles()) if (file.fileName.startsWith(src)) visit(file);
    expect(found).toEqual([]);

    function isBuiltIn(type: ts.Type): boolean {
      return ["Array", "Map", "Set", "WeakMap", "WeakSet"].includes(type.getSymbol()?.name ?? "");
    }
  });
});

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(repo, "tsconfig.json"), ts.sys.readFile);
  return ts.convertCompilerOptionsFromJson(config.compilerOptions, repo).options;
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
