/** An artifact runs on other machines than the one that deployed it, so it has to bring all of its code. */
import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import type { Artifact } from "../../../engine/index.ts";
import { InvalidError } from "../../../runtime/errors.ts";
import { readSpecifier } from "../../../wire/specifiers.ts";

/** As esbuild prints what it leaves to run time. */
const IMPORTS = [
  /^\s*import\s+(?:[\w*\s{},$]+\s+from\s+)?"([^"\n]+)"/gm,
  /^\s*export\s+[\w*\s{},$]+\s+from\s+"([^"\n]+)"/gm,
  /\b(?:import|__require|require)\(\s*"([^"\n]+)"\s*\)/g,
];

/** Throws InvalidError that names the packages which would have to be installed on the workers. */
export function checkPortable({ code, root }: Artifact): void {
  // What is not installed here either is optional: the code does without it.
  const packages = packagesLeftOut(code).filter((name) => isInstalled(name, root));
  if (packages.length === 0) return;
  throw new InvalidError(`the app needs packages that are not part of its bundle: ${packages.join(", ")}`, {
    hint: "Workers run the bundle alone. Packages with native code cannot be bundled and are not supported on NATS yet; remove others from `bundle.external`.",
  });
}

function packagesLeftOut(code: string): string[] {
  const found = new Set<string>();
  for (const pattern of IMPORTS) {
    for (const [, written = ""] of code.matchAll(pattern)) {
      const specifier = readSpecifier(written)?.specifier ?? written;
      const name = packageOf(specifier);
      if (name !== undefined) found.add(name);
    }
  }
  return [...found].sort();
}

/** Undefined for what is there on every worker. */
function packageOf(specifier: string): string | undefined {
  if (!/^[@\w]/.test(specifier) || /^[a-z]+:/.test(specifier)) return undefined;
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  return name === "farcall" || builtinModules.includes(name) ? undefined : name;
}

function isInstalled(name: string, folder: string): boolean {
  if (existsSync(join(folder, "node_modules", name))) return true;
  const above = dirname(folder);
  return above !== folder && isInstalled(name, above);
}
