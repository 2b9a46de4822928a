/**
 * Makes one file, farcall.py, of the Python package, for projects that keep a copy of it beside their app instead of installing it.
 * The modules of the package are written one after the other, each after those that it imports; what they import of each
 * other is then simply there, so a name may be given once only in all of them, which is checked.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const repo = resolve(import.meta.dirname, "..");
const source = join(repo, "python", "farcall");

/** An import statement at the top level, on one line or in parentheses. */
const IMPORT = /^(?:from [\w.]+ )?import (?:\((?:[^)]*)\)|.*)\n/gm;
const OWN = /^from farcall\.(\w+) import/;
/** A function, class or variable of the module. */
const NAME = /^(?:(?:async )?def|class) (\w+)|^(\w+)(?:: [^=\n]+)? = /gm;

interface Module {
  name: string;
  docstring: string;
  imports: string[];
  needs: string[];
  body: string;
}

/** The text of farcall.py. */
export function vendored(): string {
  const modules = readdirSync(source)
    .filter((file) => file.endsWith(".py"))
    .map((file) => read(file.slice(0, -3)));
  const sorted = sort(modules);
  checkNames(sorted);
  const entry = sorted.find(({ name }) => name === "__init__");
  if (!entry) throw new Error("the Python package has no __init__.py");
  const imports = [...new Set(sorted.flatMap((module) => module.imports))].sort(byStyle).join("");
  const bodies = sorted.map((module) => (module === entry ? module.body : commented(module)));
  const note = "# Made by farcall from its Python package; update it with `npx farcall init --modal`. Apache-2.0.\n";
  return `${note}${entry.docstring}\nfrom __future__ import annotations\n\n${imports}\n${bodies.join("\n\n")}`
    .replace(/\n{4,}/g, "\n\n\n")
    .trimEnd()
    .concat("\n");
}

function read(name: string): Module {
  const text = readFileSync(join(source, `${name}.py`), "utf8").replaceAll("\r\n", "\n");
  const imports: string[] = [];
  const needs: string[] = [];
  const [docstring, code] = splitDocstring(text);
  const body = code.replace(IMPORT, (statement) => {
    const own = OWN.exec(statement);
    if (own) needs.push(own[1]!);
    else if (!statement.startsWith("from __future__")) imports.push(statement);
    return "";
  });
  return { name, docstring, imports, needs, body };
}

/** Each module after those that it needs. */
function sort(modules: readonly Module[]): Module[] {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const sorted = new Set<Module>();
  const add = (module: Module, above: readonly string[]): void => {
    if (sorted.has(module)) return;
    if (above.includes(module.name))
      throw new Error(`these modules import each other: ${[...above, module.name].join(", ")}`);
    for (const need of module.needs) {
      const needed = byName.get(need);
      if (!needed) throw new Error(`${module.name}.py imports farcall.${need}, which is not there`);
      add(needed, [...above, module.name]);
    }
    sorted.add(module);
  };
  for (const module of modules) add(module, []);
  return [...sorted];
}

function checkNames(modules: readonly Module[]): void {
  const owners = new Map<string, string>();
  for (const { name: module, body } of modules) {
    for (const match of body.matchAll(NAME)) {
      const name = match[1] ?? match[2]!;
      const owner = owners.get(name);
      if (owner !== undefined && owner !== module) throw new Error(`${name} is in both ${owner}.py and ${module}.py`);
      owners.set(name, module);
    }
  }
}

function splitDocstring(body: string): [docstring: string, rest: string] {
  const end = body.indexOf('"""', 3) + 3;
  return [`${body.slice(0, end)}\n`, body.slice(end)];
}

/** A module's docstring says why it is there; in the middle of a file, a comment does. */
function commented({ docstring, body }: Module): string {
  const lines = docstring.trim().slice(3, -3).trim().split("\n");
  return `${lines.map((line) => `# ${line}`.trimEnd()).join("\n")}\n\n${body.trimStart()}`;
}

/** `import x` before `from x import y`. */
function byStyle(a: string, b: string): number {
  return Number(a.startsWith("from")) - Number(b.startsWith("from")) || (a < b ? -1 : 1);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = resolve(process.argv[2] ?? join(repo, "dist", "python", "farcall.py"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, vendored());
}
