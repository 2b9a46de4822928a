/** Where an app's project is: what sources are named relative to, and where its packages are found. */
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidError } from "../runtime/errors.ts";

export interface Project {
  /** Absolute path of the entry module. */
  entry: string;
  /** Absolute folder. */
  root: string;
}

/** The root is the folder of the nearest package.json, or the entry's own when there is none. */
export function findProject(entry: string, root: string | undefined): Project {
  const path = resolve(entry);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new InvalidError(`the module ${entry} does not exist`, {
      hint: `Give the file that exports the app. Paths are relative to ${process.cwd()}.`,
    });
  }
  return { entry: path, root: root === undefined ? nearestPackage(dirname(path)) : resolve(root) };
}

function nearestPackage(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (at === dirname(at)) return folder;
  }
}
