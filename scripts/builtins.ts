/**
 * Node's own modules without the cost of importing them: an import statement makes Node read every property of the module, so that
 * one of node:fs also loads its streams and promises, an eighth of an empty process's start. Modules that take long to load are
 * loaded when one of their functions is first called: few processes come to that.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { ts } from "ts-morph";

/** node:crypto alone takes a quarter of an empty process's start. */
const WHEN_CALLED = new Set([
  "node:child_process",
  "node:crypto",
  "node:fs/promises",
  "node:stream/consumers",
  "node:timers/promises",
]);

/** Rewrites the JavaScript files of a folder. */
export function takeBuiltins(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    const taken = withoutImports(text);
    if (taken !== text) writeFileSync(file, taken);
  }
}

function withoutImports(text: string): string {
  const source = ts.createSourceFile("chunk.js", text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  let result = "";
  let kept = 0;
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const { text: specifier } = statement.moduleSpecifier;
    if (!isBuiltin(specifier)) continue;
    const start = statement.getStart(source);
    result += text.slice(kept, start) + declarations(statement.importClause, specifier.replace(/^(?!node:)/, "node:"));
    kept = statement.end;
  }
  return result + text.slice(kept);
}

function declarations(clause: ts.ImportClause | undefined, specifier: string): string {
  const { name, namedBindings } = clause ?? {};
  const from = `globalThis.process.getBuiltinModule(${JSON.stringify(specifier)})`;
  const result = name ? [`const ${name.text} = ${from};`] : [];
  if (namedBindings && ts.isNamespaceImport(namedBindings)) result.push(`const ${namedBindings.name.text} = ${from};`);
  else if (namedBindings) {
    const names = namedBindings.elements.map(({ propertyName, name }) => ({
      its: (propertyName ?? name).text,
      ours: name.text,
    }));
    const isLater = ({ its }: { its: string }) => WHEN_CALLED.has(specifier) && isFunction(specifier, its);
    const now = names.filter((each) => !isLater(each)).map(({ its, ours }) => (its === ours ? its : `${its}: ${ours}`));
    if (now.length > 0) result.push(`const { ${now.join(", ")} } = ${from};`);
    for (const { its, ours } of names.filter(isLater))
      result.push(`const ${ours} = (...args) => ${from}.${its}(...args);`);
  }
  return result.join("\n");
}

/** Rather than a class or a value. */
function isFunction(specifier: string, name: string): boolean {
  const module = process.getBuiltinModule(specifier) as unknown as Record<string, unknown>;
  return typeof module[name] === "function" && !/^[A-Z]/.test(name);
}
