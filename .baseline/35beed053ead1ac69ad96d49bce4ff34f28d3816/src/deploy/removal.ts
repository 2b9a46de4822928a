/** What a deploy removes: functions of the version before that the new one does not have. Callers of them fail from then on. */
import type { DeploymentOrigin } from "../engine/index.ts";
import type { AppManifest } from "../schema/index.ts";
import { count, list } from "../text/index.ts";
import { DeployError } from "./errors.ts";

export interface Removal {
  app: string;
  environment: string;
  /** Names; methods with their class. */
  functions: string[];
  /** They are another project's, and the deploy is to take the app over. */
  takesOver: boolean;
}

export function removedFunctions(before: AppManifest, after: AppManifest): string[] {
  const kept = new Set(after.functions.map(({ name }) => name));
  return before.functions.map(({ name }) => name).filter((name) => !kept.has(name));
}

/** `removes 2 functions of app shop (main): pay, refund` */
export function removalText({ app, environment, functions }: Removal): string {
  return `removes ${count(functions.length, "function")} of app ${app} (${environment}): ${list(functions)}`;
}

/** @param entry what is deployed @param deployed where the version before came from */
export function removalError(removal: Removal, entry: string | undefined, deployed?: DeploymentOrigin): DeployError {
  const other = deployed?.entry;
  const hint = "Nothing was registered. Pass --allow-removal if their callers no longer need them.";
  return new DeployError("register", `this deploy ${removalText(removal)}`, [], {
    hint:
      other === undefined || other === entry
        ? hint
        : `${hint} The version before was deployed from ${other}, which may be the module to deploy.`,
  });
}
