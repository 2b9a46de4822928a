/**
 * An app is deployed from the module that exports it. A module that only adds functions to an app of another module is a part of it:
 * to deploy the part would remove the rest.
 */
import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { DeployError } from "./errors.ts";

/** Throws DeployError, unless the app is one of the entry module alone. @param files absolute paths of the app's modules */
export function requireExport(app: string, entry: string, root: string, files: readonly string[]): void {
  const name = slashes(relative(root, entry));
  const place = moduleOf(app, [entry, ...files]);
  if (place?.file === entry) return;
  const module = place && slashes(relative(root, place.file));
  throw new DeployError("check", `${name} registers functions of app ${app} but does not export the app`, [], {
    hint: place
      ? `Deploy ${module}, which exports the app, if it imports this module. To deploy this module, export the app from it: \`export { ${place.binding} } from "${specifier(name, module!)}";\`.`
      : "Deploy the module that exports the app and imports all of its functions, or export the app here.",
  });
}

/** The module that makes the app, and what it calls it. */
function moduleOf(app: string, files: readonly string[]): { file: string; binding: string } | undefined {
  const name = app.replace(/[$]/g, "\\$&");
  const made = new RegExp(
    `(?:\\b(?:const|let|var)\\s+([\\p{L}\\p{N}_$]+)[^=;]*=\\s*)?new\\s+[\\w$.]*App\\s*\\(\\s*(["'\`])${name}\\2`,
    "u",
  );
  for (const file of files) {
    if (file.includes(`${sep}node_modules${sep}`) || !/\.[cm]?[jt]sx?$/.test(file)) continue;
    const found = made.exec(readFileSync(file, "utf8"));
    if (found) return { file, binding: found[1] ?? "app" };
  }
  return undefined;
}

/** From one file of the project to another, as an import names it. */
function specifier(from: string, to: string): string {
  const path = slashes(relative(from.includes("/") ? from.slice(0, from.lastIndexOf("/")) : ".", to));
  return path.startsWith(".") ? path : `./${path}`;
}

function slashes(path: string): string {
  return path.split(sep).join("/");
}
