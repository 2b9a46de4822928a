/** The project's settings for building apps: the config's `bundle`, and the variables in the files that the command line names. */
import { readFile } from "node:fs/promises";
import type { BuildSettings } from "../../deploy/index.ts";
import { InvalidError } from "../../runtime/errors.ts";

/** @param envFiles paths of `.env` files; a later one wins, and the shell's own variables win over all */
export async function buildSettings(envFiles: readonly string[]): Promise<BuildSettings> {
  const { checkConfig, loadConfig } = await import("../../config/index.ts");
  const loaded = await loadConfig();
  // Checking a config takes longer than loading it, and most do not set `bundle`.
  const configs = loaded && mentionsBundle(loaded.value) ? await checkConfig(loaded.value, loaded.file) : [];
  const own = configs
    .flatMap(({ apps }) => apps ?? [])
    .flatMap((app) => (typeof app === "object" && app.bundle ? [[app.name, app.bundle] as const] : []));
  return {
    bundle: configs.find(({ bundle }) => bundle)?.bundle,
    bundleOf: own.length > 0 ? Object.fromEntries(own) : undefined,
    variables: { ...(await variablesOf(envFiles)), ...process.env },
  };
}

function mentionsBundle(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mentionsBundle);
  if (typeof value !== "object" || value === null) return false;
  return "bundle" in value || ("apps" in value && mentionsBundle(value.apps));
}

async function variablesOf(files: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const variables: NodeJS.ProcessEnv = {};
  if (files.length === 0) return variables;
  const { parseEnv } = await import("node:util");
  for (const file of files) Object.assign(variables, parseEnv(await read(file)));
  return variables;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new InvalidError(`the environment file ${file} cannot be read: ${(error as Error).message}`, {
      hint: `Paths are relative to ${process.cwd()}.`,
    });
  }
}
