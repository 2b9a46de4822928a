/** Refuses apps whose files or exports could not be told apart, with a way out. */
import { InvalidError } from "../runtime/errors.ts";
import type { AppPlan } from "./model.ts";
import type { ChosenApp } from "./plan-settings.ts";

export function refuseCollisions(named: readonly { app: ChosenApp; file: string; namespace: string }[]): void {
  for (const key of ["file", "namespace"] as const) {
    const seen = new Map<string, (typeof named)[number]>();
    for (const item of named) {
      // In lower case: on many file systems `Images.ts` is `images.ts`.
      const folded = key === "file" ? item.file.toLowerCase() : item.namespace;
      const other = seen.get(folded);
      if (other && appText(other.app) === appText(item.app)) {
        throw new InvalidError(`${appText(item.app)} is listed twice in the config's apps`, {
          hint: "Remove one of them, or give one another name with `as`.",
        });
      }
      if (other) {
        throw new InvalidError(
          `${appText(other.app)} and ${appText(item.app)} would both have the ${key} ${item[key]}`,
          {
            hint: `Name one of them: { name: ${JSON.stringify(item.app.manifest.app)}, as: "…" } in the config's apps.`,
          },
        );
      }
      seen.set(folded, item);
    }
  }
}

export function refuseFlatCollisions(apps: readonly AppPlan[]): void {
  const seen = new Map<string, AppPlan>();
  for (const app of apps) {
    for (const name of new Set([
      ...app.functions.map(({ exported }) => exported),
      ...app.classes.flatMap(({ exported, instance }) => [exported, instance]),
      ...[...app.declarations, ...app.errors].map((item) => item.name),
    ])) {
      const other = seen.get(name);
      if (other) {
        throw new InvalidError(`${other.app} and ${app.app} both export ${name}`, {
          hint: 'Use exports: "namespaces", or tell them apart with the config\'s `rename`.',
        });
      }
      seen.set(name, app);
    }
  }
}

const appText = ({ manifest }: ChosenApp) => `${JSON.stringify(manifest.app)} (${manifest.environment})`;
