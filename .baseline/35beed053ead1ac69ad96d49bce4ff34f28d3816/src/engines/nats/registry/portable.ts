/** An artifact runs on other machines than the one that deployed it: what it does not bring, workers install by name and version. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import type { Artifact } from "../../../engine/index.ts";
import { InvalidError } from "../../../runtime/errors.ts";
import { readSpecifier } from "../../../wire/specifiers.ts";

/** A package as it is installed where the app is deployed. */
export interface PackageRef {
  name: string;
  /** Exact. */
  version: string;
}

/** As esbuild prints what it leaves to run time. */
const IMPORTS = [
  /^\s*import\s+(?:[\w*\s{},$]+\s+from\s+)?"([^"\n]+)"/gm,
  /^\s*export\s+[\w*\s{},$]+\s+from\s+"([^"\n]+)"/gm,
  /\b(?:import|__require|require)\(\s*"([^"\n]+)"\s*\)/g,
];

/**
 * The packages that are not part of the bundle, by name: those with native code, and what `bundle.external` names. What is not
 * installed here either is optional, and the code does without it.
 * Throws InvalidError for packages that workers cannot install.
 */
export function packagesOf({ code, root }: Artifact): PackageRef[] {
  const found = new Map<string, Set<string>>();
  const local: string[] = [];
  for (const { name, from } of leftOut(code)) {
    const folder = folderOf(name, join(root, from));
    if (folder === undefined) continue;
    const { version, private: isPrivate } = readPackage(folder);
    // A registry does not have what is linked here, or is for this project alone.
    if (version === undefined || isPrivate || !/[\\/]node_modules[\\/]/.test(realpathSync(folder))) local.push(name);
    else found.set(name, (found.get(name) ?? new Set()).add(version));
  }
  if (local.length > 0) {
    throw new InvalidError(
      `workers cannot install what the bundle leaves out: ${[...new Set(local)].sort().join(", ")}`,
      {
        hint: "Publish it to a registry that workers reach, or, if it has no native code, remove it from `bundle.external`.",
      },
    );
  }
  for (const [name, versions] of found) {
    if (versions.size === 1) continue;
    throw new InvalidError(`the app needs ${name} in more than one version: ${[...versions].sort().join(", ")}`, {
      hint: "It is not part of the bundle, and workers install one of each package: make its users agree, with `overrides` in package.json.",
    });
  }
  return [...found].map(([name, [version = ""]]) => ({ name, version })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @returns `from`: the folder, relative to the project, of the module that imports it */
function leftOut(code: string): { name: string; from: string }[] {
  const found: { name: string; from: string }[] = [];
  for (const pattern of IMPORTS) {
    for (const [, written = ""] of code.matchAll(pattern)) {
      const placed = readSpecifier(written);
      const name = packageOf(placed?.specifier ?? written);
      if (name !== undefined) found.push({ name, from: placed ? dirname(decodeURIComponent(placed.module)) : "." });
    }
  }
  return found;
}

/** Undefined for what is there on every worker. */
function packageOf(specifier: string): string | undefined {
  if (!/^[@\w]/.test(specifier) || /^[a-z]+:/.test(specifier)) return undefined;
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  return name === "farcall" || builtinModules.includes(name) ? undefined : name;
}

function folderOf(name: string, from: string): string | undefined {
  const folder = join(from, "node_modules", name);
  if (existsSync(folder)) return folder;
  const above = dirname(from);
  return above === from ? undefined : folderOf(name, above);
}

function readPackage(folder: string): { version?: string; private?: boolean } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version?: string; private?: boolean };
}
