/** Which introspection it is that keeps something: another version of farcall or of the compiler may find something else. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

let known: string | undefined;

/** Of farcall's own code, by its files, since sources change without their version, and of the packages with the compiler. */
export function identity(): string {
  if (known !== undefined) return known;
  const code = fileURLToPath(new URL("../../", import.meta.url));
  const modules = readdirSync(code, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts"))
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(code, name));
      return `${name}:${size}:${mtimeMs}`;
    });
  const project = findPackageJSON("ts-morph", import.meta.url)!; // it is a dependency
  const compiler = findPackageJSON("@ts-morph/common", project)!; // and of it
  known = createHash("sha256")
    .update(JSON.stringify([code, modules, readFileSync(project, "utf8"), readFileSync(compiler, "utf8")]))
    .digest("base64url");
  return known;
}
