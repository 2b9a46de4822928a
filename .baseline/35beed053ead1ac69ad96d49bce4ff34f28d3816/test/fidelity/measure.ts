/**
 * Measures type fidelity: wraps every exported function of packages into apps, registers these, generates their stubs, and
 * lets the compiler compare each stub's types with the author's. A deploy's other steps (bundling the code, running it)
 * do not affect types and are left out.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { generate } from "../../src/codegen/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import type { IntrospectedApp, Problem } from "../../src/introspect/index.ts";
import { resolveOptions } from "../../src/runtime/app/options.ts";
import { SCHEMA_VERSION } from "../../src/schema/index.ts";
import { compile as compileProject } from "../support/compile.ts";
import { temporaryHome } from "../support/home.ts";
import { type Comparison, writeComparison } from "./compare.ts";
import { isCopyDifferent } from "./control.ts";
import type { FidelityPackage } from "./packages.ts";
import { Workspace, type WorkspaceOptions } from "./workspace.ts";
import { type ExportedFunction, exportedFunctions, type Wrapped, wrap } from "./wrap.ts";

export interface Fidelity {
  name: string;
  version: string;
  style: string;
  /** Exported functions. */
  functions: number;
  identical: string[];
  refused: { name: string; problems: Problem[] }[];
  /** The compiler's message for each function whose types differ. */
  different: { name: string; what: string }[];
  /** Functions that the compiler takes for different from a copy of themselves. */
  incomparable: string[];
}

export interface MeasureOptions extends WorkspaceOptions {
  onProgress?: (text: string) => void;
  /** Changes the generated stubs before they are compared, to see that it is noticed. */
  alter?: (stubs: string) => string;
}

interface Module extends Wrapped {
  of: FidelityPackage;
  id: string;
  module: string;
  functions: readonly ExportedFunction[];
}

export async function measure(packages: readonly FidelityPackage[], options: MeasureOptions = {}): Promise<Fidelity[]> {
  const { onProgress = () => {}, alter = (stubs) => stubs } = options;
  using workspace = new Workspace(options);
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  try {
    const specifiers = packages.flatMap((of) => (of.modules ?? [of.name]).map((module) => ({ of, module })));
    const exported = exportedFunctions(
      workspace,
      specifiers.map(({ module }) => module),
    );
    const modules: Module[] = [];
    for (const { of, module } of specifiers) {
      const id = module.replaceAll(/[^a-z0-9]+/gi, "-").replace(/^-/, "");
      const functions = exported.get(module)!;
      onProgress(`${module}: ${functions.length} functions`);
      const wrapped = wrap(
        workspace,
        id,
        module,
        functions.map(({ name }) => name),
      );
      if (wrapped.app) await register(engine, wrapped.app, workspace);
      modules.push({ of, id, module, functions, ...wrapped });
    }
    const crossing = modules.filter(({ app }) => app);
    await generate({ apps: crossing.map(({ id }) => id), output: "generated" }, { cwd: workspace.path, engine });
    const comparisons = crossing.map(({ id, module, functions }) =>
      writeComparison(
        workspace,
        id,
        module,
        alter(readFileSync(workspace.file(`generated/${id}.ts`), "utf8")),
        functions,
      ),
    );
    onProgress("comparing");
    await compileForConsumers(workspace);
    const wrong = await compile(workspace, comparisons);
    const measured: Fidelity[] = [];
    for (const of of packages) measured.push(await toFidelity(of, modules, wrong, workspace));
    return measured;
  } finally {
    await engine.close();
  }
}

const CODE = "export {};";

async function register(engine: Engine, app: IntrospectedApp, { path }: Workspace): Promise<void> {
  await engine.deployer!.deploy({
    manifest: {
      schemaVersion: SCHEMA_VERSION,
      app: app.app,
      environment: "main",
      version: 0,
      deployedAt: "",
      language: "typescript",
      declarations: app.declarations,
      functions: app.functions.map((fn) => ({ ...fn, options: resolveOptions(fn.name) })),
    },
    artifact: { hash: createHash("sha256").update(CODE).digest("hex"), code: CODE, sourceMap: "{}", root: path },
    secrets: {},
  });
}

/** Carried types that no standard library declares: a stub that has them compiles in programs that know the browser's types or Node's. */
const PLATFORM_TYPES = /^(?! *(\*|\/\*|\/\/)).*\b(URL|Buffer)\b/m;

/**
 * Every stub must compile in a strict consumer's program. A stub whose functions take or return a URL or a Buffer needs the types of a
 * platform, and the index needs them with it: all stubs are compiled with Node's types and without the browser's. All others, and the
 * declarations of farcall, are compiled a second time without either.
 */
async function compileForConsumers(workspace: Workspace): Promise<void> {
  const declarations = resolve(import.meta.dirname, "../../dist/index.d.ts");
  if (!existsSync(declarations)) throw new Error("the package has no declarations: run npm run build");
  const stubs = readdirSync(workspace.file("generated")).filter((file) => file.endsWith(".ts"));
  const plain = stubs.filter(
    (file) => file !== "index.ts" && !PLATFORM_TYPES.test(readFileSync(workspace.file(`generated/${file}`), "utf8")),
  );
  await compileConsumer(workspace, "node", declarations, ["node"], stubs);
  await compileConsumer(workspace, "plain", declarations, [], plain);
}

async function compileConsumer(
  workspace: Workspace,
  name: string,
  declarations: string,
  types: readonly string[],
  stubs: readonly string[],
): Promise<void> {
  workspace.write(
    `consumers/${name}/tsconfig.json`,
    JSON.stringify({
      extends: "../../tsconfig.json",
      compilerOptions: {
        types,
        // Of Node's types, their authors see to it that they compile.
        skipLibCheck: types.length > 0,
        noUnusedLocals: true,
        noUnusedParameters: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        isolatedModules: true,
        isolatedDeclarations: true,
        declaration: true,
        erasableSyntaxOnly: true,
        paths: { farcall: [declarations] },
      },
      include: [],
      files: [declarations, ...stubs.map((file) => workspace.file(`generated/${file}`))],
    }),
  );
  const output = await compileProject("typescript", workspace.file(`consumers/${name}`), workspace.path);
  const errors = output.split("\n").filter((line) => line.includes("error TS"));
  if (errors.length > 0)
    throw new Error(`the stubs do not compile in a consumer's program:\n${errors.slice(0, 40).join("\n")}`);
}

/** The compiler's errors, by comparison and function. */
async function compile(workspace: Workspace, comparisons: readonly Comparison[]): Promise<Map<string, string>> {
  const output = await compileProject("typescript", workspace.path, workspace.path);
  const wrong = new Map(
    comparisons.flatMap(({ file, others }) => [...others].map(([name, what]) => [`${file}:${name}`, what])),
  );
  const unknown: string[] = [];
  for (const line of output.split("\n")) {
    const [, file = "", row = "", text = ""] = /^(check\/.*?)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
    if (file === "") continue;
    const check = comparisons.find((each) => each.file === file)?.checks.get(Number(row));
    if (!check) unknown.push(line);
    else {
      const key = `${file}:${check.name}`;
      wrong.set(key, [...(wrong.has(key) ? [wrong.get(key)] : []), `${check.what}: ${text}`].join("\n"));
    }
  }
  // A stub that does not compile makes all comparisons void.
  if (unknown.length > 0) throw new Error(`the stubs do not compile:\n${unknown.slice(0, 40).join("\n")}`);
  return wrong;
}

async function toFidelity(
  of: FidelityPackage,
  modules: readonly Module[],
  wrong: ReadonlyMap<string, string>,
  workspace: Workspace,
): Promise<Fidelity> {
  const manifest = workspace.file(`node_modules/${of.name}/package.json`);
  const { version } = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as { version: string })
    : { version: "" }; // modules of our own
  const result: Fidelity = {
    name: of.name,
    version,
    style: of.style,
    functions: 0,
    identical: [],
    refused: [],
    different: [],
    incomparable: [],
  };
  for (const { id, module, app, refused } of modules.filter((each) => each.of === of)) {
    const called = (name: string): string => (module === of.name ? name : `${module}: ${name}`);
    const names = app?.functions.map(({ name }) => name) ?? [];
    result.functions += names.length + refused.size;
    for (const [name, problems] of refused) result.refused.push({ name: called(name), problems });
    for (const name of names) {
      const what = wrong.get(`check/${id}.ts:${name}`);
      if (what === undefined) result.identical.push(called(name));
      else if (await isCopyDifferent(workspace, module, name, differencesOf(what))) {
        result.incomparable.push(called(name));
      } else result.different.push({ name: called(name), what });
    }
  }
  return result;
}

/** The parts in which a function differs: for `signatures: …\nresult: …`, these two. */
function differencesOf(what: string): Set<string> {
  return new Set(what.split("\n").map((line) => line.slice(0, line.indexOf(":"))));
}
