/** A project's config: its types, and how it is found and checked. */
import type { Config } from "./config.ts";

export type { AppSelection, Config } from "./config.ts";
export { defineConfig } from "./config.ts";
export type { LoadConfigOptions, LoadedConfig } from "./load.ts";
export { CONFIG_FILES, loadConfig } from "./load.ts";
export { waitedFor, waitFor } from "./waiting.ts";

/** The configs that a loaded value holds: itself or, of an array, its items. Rejects with InvalidError that lists every mistake. */
export async function checkConfig(value: unknown, file: string): Promise<readonly Config[]> {
  const check = await import("./check.ts");
  return check.checkConfig(value, file);
}
