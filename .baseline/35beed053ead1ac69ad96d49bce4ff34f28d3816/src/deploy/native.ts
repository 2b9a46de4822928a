/** Which packages have native code: those cannot be bundled, since they look for their binaries by their own place. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Packages whose work is to find a binary next to the package that uses them. */
const BINARY_FINDERS = [
  "bindings",
  "node-gyp-build",
  "node-gyp-build-optional-packages",
  "@mapbox/node-pre-gyp",
  "prebuild-install",
];

const PACKAGE_FOLDER = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/;

/** The folder of the package that a file belongs to; undefined for a file of the project itself. */
export function packageFolderOf(file: string): string | undefined {
  return PACKAGE_FOLDER.exec(file)?.[1];
}

/** Whether the package in a folder has native code, as far as its files and its package.json show. */
export function isNativePackage(folder: string): boolean {
  if (existsSync(join(folder, "binding.gyp")) || existsSync(join(folder, "prebuilds"))) return true;
  const { dependencies, gypfile, napi } = readPackage(folder);
  return gypfile === true || napi !== undefined || BINARY_FINDERS.some((name) => dependencies?.[name] !== undefined);
}

interface PackageFields {
  dependencies?: Record<string, string>;
  gypfile?: boolean;
  napi?: unknown;
}

/** A folder inside a package may lack a package.json, or have one that is not JSON: nothing native is known of it. */
function readPackage(folder: string): PackageFields {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFields;
  } catch {
    return {};
  }
}
