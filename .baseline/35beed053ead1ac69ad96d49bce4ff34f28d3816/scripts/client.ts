/**
 * Builds `@farcall/client`: the entry src/client.ts and what it reaches, from the same sources and declarations as farcall itself.
 * It does not need other packages, so it is small: cbor-x is bundled, with its license.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { bundle } from "./bundle.ts";

/** @param staging has the declarations of all of src/ @returns the folder to install */
export async function buildClient(root: string, staging: string): Promise<string> {
  const outDir = join(staging, "client-package");
  await bundle(join(root, "src"), outDir, ["client"]);
  copyDeclarations(join(staging, "client.d.ts"), staging, outDir);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const manifest = JSON.parse(readFileSync(join(root, "packages/client/package.json"), "utf8")) as { version: string };
  if (manifest.version !== version) {
    throw new Error(`packages/client/package.json has version ${manifest.version}, farcall itself ${version}`);
  }
  writeFileSync(join(outDir, "LICENSE-cbor-x"), readFileSync(join(root, "node_modules/cbor-x/LICENSE")));
  return outDir;
}

/** The declarations that one reaches, and no others. */
function copyDeclarations(entry: string, from: string, to: string): void {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const target = join(to, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
    // Imports in comments do not count.
    const code = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, specifier = ""] of code.matchAll(/(?:from |import\(|import )"(\.[^"]+)"/g)) {
      visit(resolve(dirname(file), specifier.replace(/\.js$/, ".d.ts").replace(/([^d])\.ts$/, "$1.d.ts")));
    }
  };
  visit(entry);
}
