/**
 * The control of the comparison. To the compiler, two declarations of some types (above all recursive conditional ones with `infer`)
 * are never the same, not even if one is an exact copy of the other; nor are two brands, since each symbol is unique.
 * So where a stub differs, the package's own declarations are copied and compared with themselves: if these differ in
 * everything that the stub differs in, the comparison says nothing about the stub.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { compile } from "../support/compile.ts";
import { IDENTITY } from "./identity.ts";
import type { Workspace } from "./workspace.ts";

/** The parts of a function that can be compared with a copy of it. */
const PARTS: { readonly [what: string]: Part | undefined } = {
  signatures: (author, copy) => [
    `export const own = plain(null! as ${author});`,
    `export const same: Same<${author}, ${copy}> | Mutual<${author}, ${copy}> = true;`,
  ],
  parameters: (author, copy) => [`export const same: Same<Parameters<${author}>, Parameters<${copy}>> = true;`],
  result: (author, copy) => [
    `export const same: Same<Awaited<ReturnType<${author}>>, Awaited<ReturnType<${copy}>>> = true;`,
  ],
};

/** The lines that compare this part of two functions. */
type Part = (author: string, copy: string) => string[];

/**
 * Whether the compiler considers a module's function different from that of a copy of the module's package, or fails on it
 * alone, in everything that its stub differs in: `signatures`, `parameters`, `result`.
 */
export async function isCopyDifferent(
  workspace: Workspace,
  module: string,
  name: string,
  differences: Iterable<string>,
): Promise<boolean> {
  if (isAbsolute(module)) return false;
  for (const what of differences) {
    const part = PARTS[what];
    if (!part || !(await isPartDifferent(workspace, module, name, part))) return false;
  }
  return true;
}

async function isPartDifferent(workspace: Workspace, module: string, name: string, part: Part): Promise<boolean> {
  copyPackage(workspace, /^(@[^/]+\/)?[^/]+/.exec(module)![0]);
  const of = JSON.stringify(module);
  workspace.write("copy/copied.ts", `import * as copied from ${of};\nexport { copied };\n`);
  const lines = [
    `import type * as author from ${of};`,
    'import type { copied } from "../copy/copied.ts";',
    IDENTITY,
    ...part(`typeof author.${name}`, `typeof copied.${name}`),
  ];
  // A separate program: the compiler's cached results for other types can mislead it.
  workspace.write("control/control.ts", lines.join("\n"));
  workspace.write("control/tsconfig.json", JSON.stringify({ extends: "../tsconfig.json", include: ["control.ts"] }));
  const output = await compile("typescript", workspace.file("control"), workspace.path);
  const errors = output.split("\n").filter((line) => line.includes(": error "));
  const unexpected = errors.find((line) => !/^control\/control\.ts.* error TS(2322|2321|2345|2589|2590):/.test(line));
  if (unexpected) throw new Error(`the control cannot be compiled: ${unexpected}`);
  return errors.length > 0;
}

/** The declarations of a package, its types, and everything that they depend on. */
function copyPackage(workspace: Workspace, name: string): void {
  for (const each of [name, `@types/${name.replace("@", "").replace("/", "__")}`]) {
    const [from, to] = [workspace.file(`node_modules/${each}`), workspace.file(`copy/node_modules/${each}`)];
    if (!existsSync(from) || existsSync(to)) continue;
    mkdirSync(to, { recursive: true });
    cpSync(realpathSync(from), to, { recursive: true, dereference: true, filter: isDeclaration });
    const manifest = JSON.parse(readFileSync(join(to, "package.json"), "utf8"));
    // Or the compiler would take the copy for the same package.
    writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, version: `${manifest.version}-copy` }));
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      copyPackage(workspace, dependency);
    }
  }
}

function isDeclaration(path: string): boolean {
  return statSync(path).isDirectory() || basename(path) === "package.json" || /\.d\.[cm]?ts$/.test(path);
}
