/**
 * What modules import from packages, resolved as Node resolves it when they run unbundled: `require` gets the package's
 * CommonJS side, a native package stays out and is found again from the module that imports it, and what a package
 * requires without having it is left to run time, since it may never be reached.
 */
import { realpathSync } from "node:fs";
import { builtinModules, createRequire, findPackageJSON } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Message, OnResolveArgs, OnResolveResult, PartialMessage, Plugin, PluginBuild } from "esbuild";
import { specifierFrom } from "../wire/specifiers.ts";
import { isNativePackage, packageFolderOf } from "./native.ts";
import { projectPath } from "./places.ts";

/** Bare specifiers: those of packages and of Node's own modules. Imports by `#name` are a package's own affair. */
const BARE = /^(?:@[^/]+\/)?[^./#@:][^:]*$/;
const BUILT_IN = new Set(builtinModules);
/** Marks resolutions of our own, which must not come back here. */
const OURS = Symbol("resolved by farcall");

interface PackageRules {
  /** Absolute folder of the project. */
  root: string;
  /** Folders of packages that an earlier build found a binary in. */
  binaries: ReadonlySet<string>;
  /** Specifiers that the config leaves out of the bundle. */
  external: readonly string[];
}

export function packagePlugin(rules: PackageRules): Plugin {
  const native = new Map<string, boolean>();
  const isNative = (file: string): boolean => {
    const folder = packageFolderOf(file);
    if (folder === undefined) return false;
    const known = native.get(folder) ?? isNativePackage(folder);
    native.set(folder, known);
    return known || rules.binaries.has(folder);
  };
  return {
    name: "farcall-packages",
    setup(build) {
      build.onResolve({ filter: BARE }, async (args) => {
        if (args.pluginData === OURS || args.kind === "entry-point" || args.namespace !== "file") return undefined;
        if (BUILT_IN.has(args.path) || isExternal(args.path, rules.external)) return undefined;
        const found = await resolveAsNode(build, args);
        if ("missing" in found) return found.missing && leftToRunTime(args, rules.root, found.missing);
        if (isNative(found.path)) return { path: outside(args, rules.root, found.path), external: true };
        return found.result;
      });
    },
  };
}

/** Without a result of ours, the bundler resolves: it then also knows what the package.json says of the module. */
type Found = { path: string; result?: OnResolveResult } | { missing: PartialMessage | undefined };

async function resolveAsNode(build: PluginBuild, args: OnResolveArgs): Promise<Found> {
  if (args.kind === "require-call" && packageFolderOf(args.importer) !== undefined) {
    const path = resolveFrom(args.importer, args.path);
    if (path !== undefined) return { path, result: { path } };
  }
  const { importer, namespace, resolveDir, kind } = args;
  const result = await build.resolve(args.path, {
    importer,
    namespace,
    resolveDir,
    kind,
    with: args.with,
    pluginData: OURS,
  });
  if (result.errors.length === 0) return result.external ? { missing: undefined } : { path: result.path };
  // In the author's own modules a package that is not installed is a mistake, and so it is where nothing runs without it.
  const optional = packageFolderOf(importer) !== undefined && kind !== "import-statement";
  return optional ? { missing: result.errors[0]! } : { missing: undefined };
}

function leftToRunTime({ path, importer }: OnResolveArgs, root: string, error: PartialMessage): OnResolveResult {
  const detail: Missing = { from: packageNameOf(importer), name: /^(?:@[^/]+\/)?[^/]+/.exec(path)![0] };
  return {
    path: specifierFrom(projectPath(root, importer), path),
    external: true,
    warnings: [{ text: "not installed", location: error.location ?? null, detail }],
  };
}

/** A package that another one requires, which is not installed. */
interface Missing {
  from: string;
  name: string;
}

export function isMissing({ detail }: Message): boolean {
  return typeof detail === "object" && detail !== null && "from" in detail;
}

/** One warning for all: many packages try what they can do without. */
export function missingWarning(warnings: readonly Message[]): Message {
  const byPackage = Map.groupBy(
    warnings.map(({ detail }) => detail as Missing),
    ({ from }) => from,
  );
  const parts = [...byPackage].map(([from, all]) => {
    const names = new Set(all.map(({ name }) => name));
    return `${from} requires ${[...names].join(" and ")}`;
  });
  const [first] = warnings as [Message, ...Message[]];
  const text =
    parts.length === 1
      ? `${parts[0]}, which is not installed: it fails if it is reached`
      : `some packages require others that are not installed: ${parts.join(", ")}. They fail if they are reached`;
  return { ...first, text };
}

function packageNameOf(file: string): string {
  return packageFolderOf(file)!
    .split(/[\\/]node_modules[\\/]/)
    .at(-1)!
    .replaceAll("\\", "/");
}

/** By its plain name where the project itself finds the same package by it. */
function outside({ path, importer }: OnResolveArgs, root: string, file: string): string {
  const ofProject = resolveFrom(join(root, "package.json"), path);
  const same = ofProject !== undefined && packageFolderOf(ofProject) === packageFolderOf(realpathSync(file));
  return same ? path : specifierFrom(projectPath(root, importer), path);
}

/**
 * As `require` of a module would; undefined when it would throw. The folders of NODE_PATH do not count: pnpm names all
 * packages' there for the programs that it starts, and containers do not have it.
 */
function resolveFrom(module: string, specifier: string): string | undefined {
  try {
    findPackageJSON(specifier, pathToFileURL(module)); // throws when no node_modules folder on the way up has the package
    const path = createRequire(module).resolve(specifier);
    return BUILT_IN.has(path) || path.startsWith("node:") ? undefined : path;
  } catch {
    return undefined;
  }
}

function isExternal(specifier: string, external: readonly string[]): boolean {
  return external.some((pattern) => {
    const [before, after] = pattern.split("*", 2) as [string, string | undefined];
    if (after === undefined) return specifier === pattern || specifier.startsWith(`${pattern}/`);
    return specifier.startsWith(before) && specifier.endsWith(after);
  });
}
