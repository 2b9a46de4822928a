/** Which packages of a bundle have native code: those cannot be bundled, since they look for their binaries by their own place. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Packages whose work is to find a binary next to the package that uses them. */
const BINARY_FINDERS = [
  "bindings",
  "node-gyp-build",
  "node-gyp-build-optional-packages",
  "@mapbox/node-pre-gyp",
  "prebuild-install",
];

const PACKAGE_FOLDER = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * Names, sorted.
 * @param inputs paths of modules, relative to `root`, with forward slashes
 */
export function nativePackages(inputs: readonly string[], root: string): string[] {
  const folders = new Map<string, { name: string; binary: boolean }>();
  for (const input of inputs) {
    const [, folder, name] = PACKAGE_FOLDER.exec(input) ?? [];
    if (folder === undefined || name === undefined) continue;
    const binary = input.endsWith(".node") || folders.get(folder)?.binary === true;
    folders.set(folder, { name, binary });
  }
  const native = [...folders].filter(([folder, { binary }]) => binary || isNative(resolve(root, folder)));
  return [...new Set(native.map(([, { name }]) => name))].sort();
}

function isNative(folder: string): boolean {
  if (existsSync(join(folder, "binding.gyp")) || existsSync(join(folder, "prebuilds"))) return true;
  const { dependencies, gypfile, napi } = readPackage(folder);
  return gypfile === true || napi !== undefined || BINARY_FINDERS.some((name) => dependencies?.[name] !== undefined);
}

interface PackageFields {
  dependencies?: Record<string, string>;
  gypfile?: boolean;
  napi?: unknown;
}

/** Folders of builds inside a package can have none, or one that is no JSON: nothing native is known of them. */
function readPackage(folder: string): PackageFields {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFields;
  } catch {
    return {};
  }
}
