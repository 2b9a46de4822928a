/** Chooses the deployed apps that the config names, and gets their manifests from a registry or the lock file. */
import type { Engine } from "../engine/index.ts";
import type { LockedManifest } from "../plan/index.ts";
import { NotFoundError } from "../runtime/errors.ts";
import { matcher } from "../text/index.ts";
import type { Lock } from "./lock-file.ts";
import type { Settings } from "./settings.ts";

/** An app that the config chose. */
export interface ChosenRef {
  app: string;
  environment: string;
  /** Changes with the app. */
  etag: string;
  as: string | undefined;
  functions: readonly string[] | undefined;
}

/** The apps to choose from. */
export interface Source {
  /** For messages: the engine's URL or the lock's path. */
  name: string;
  /** How to deploy an app there, as a sentence; absent for a lock file. */
  deployHint?: string;
  list(environment?: string): Promise<{ app: string; environment: string; etag: string }[]>;
  manifest(ref: { app: string; environment: string }): Promise<LockedManifest>;
}

export function registrySource({ registry, url, deployHint }: Engine): Source {
  return {
    name: url,
    deployHint,
    list: (environment) => registry.listApps(environment === undefined ? {} : { environment }),
    async manifest({ app, environment }) {
      // An unchanged manifest is not fetched, and the code that reads it is not loaded.
      const [{ manifest }, { parseManifest }, { lockManifest }] = await Promise.all([
        registry.getManifest({ app, environment }),
        import("../schema/index.ts"),
        import("../plan/index.ts"),
      ]);
      return lockManifest(await parseManifest(manifest));
    },
  };
}

export function lockSource({ apps }: Lock, file: string): Source {
  const summaries = apps.map(({ app, environment }) => ({ app, environment, etag: "" }));
  return {
    name: file,
    list: async (environment) =>
      summaries.filter((item) => environment === undefined || item.environment === environment),
    manifest: async (ref) => apps.find((item) => item.app === ref.app && item.environment === ref.environment)!,
  };
}

/** Rejects with NotFoundError that names the nearest apps when one is not deployed. */
export async function chooseApps(settings: Settings, source: Source): Promise<ChosenRef[]> {
  const environments = [...new Set(settings.apps.map((app) => app.environment ?? settings.environment))];
  const listed = new Map(await Promise.all(environments.map(async (name) => [name, await source.list(name)] as const)));
  const isExcluded = settings.excluded.length > 0 ? matcher(settings.excluded) : () => false;

  const chosen: ChosenRef[] = [];
  const named = new Set<string>();
  const isPattern = (name: string) => name.includes("*");
  // An app listed by name keeps the settings listed there, even if it also matches patterns.
  for (const selection of [...settings.apps].sort((a, b) => Number(isPattern(a.name)) - Number(isPattern(b.name)))) {
    const { name, functions, as } = selection;
    const environment = selection.environment ?? settings.environment;
    const all = listed.get(environment)!;
    const matches = all.filter(({ app }) =>
      isPattern(name) ? matcher([name])(app) && !isExcluded(app) : app === name,
    );
    if (matches.length === 0) throw await notDeployed(name, environment, all, source);
    for (const { app, etag } of matches) {
      const key = JSON.stringify([app, environment]);
      if (isPattern(name) && named.has(key)) continue;
      named.add(key);
      chosen.push({ app, environment, etag, as, functions });
    }
  }
  // Sorted by app, the config's own environment first.
  const rank = ({ app, environment, as }: ChosenRef) => [
    app,
    environment === settings.environment ? "" : environment,
    as ?? "",
  ];
  return chosen.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

async function notDeployed(
  name: string,
  environment: string,
  there: readonly { app: string }[],
  source: Source,
): Promise<NotFoundError> {
  const everywhere = await source.list();
  const elsewhere = everywhere
    .filter((item) => item.app === name && item.environment !== environment)
    .map((item) => item.environment);
  const { nearest } = await import("../schema/index.ts");
  const near = nearest(
    name,
    there.map(({ app }) => app),
  );
  const hints = [
    elsewhere.length > 0 && `It is deployed in ${elsewhere.join(", ")}: name that \`environment\` in the config.`,
    near.length > 0 && `Did you mean ${near.join(" or ")}?`,
    source.deployHint,
    "`farcall apps` lists what is deployed.",
  ];
  const what = name.includes("*") ? `no app that matches ${name} is deployed` : `the app ${name} is not deployed`;
  return new NotFoundError(`${what} in the environment ${environment} (${source.name})`, {
    hint: hints.filter(Boolean).join(" "),
  });
}

/** A key that is equal for two references to the same app. */
export function keyOf({ app, environment }: { app: string; environment: string }): string {
  return JSON.stringify([app, environment]);
}
