/** A config with its defaults filled in and its paths made absolute: one for each output. */
import { resolve } from "node:path";
import type { AppSelection, Config } from "../config/index.ts";
import { DEFAULT_ENVIRONMENT } from "../engine/index.ts";
import type { Plugin } from "../plan/index.ts";
import { InvalidError } from "../runtime/errors.ts";

export interface Settings {
  /** As the config names it; stubs remember it. */
  engine: string | undefined;
  environment: string;
  apps: readonly AppSelection[];
  /** Names and patterns of excluded apps: `!internal`. */
  excluded: readonly string[];
  output: string;
  templates: string | undefined;
  emit: "ts" | "js";
  exports: "namespaces" | "flat";
  names: "deployed" | "camelCase";
  importExtension: ".ts" | ".js" | "none" | undefined;
  allowOutside: boolean;
  rename: Config["rename"];
  format: Config["format"];
  plugins: readonly Plugin[];
}

/** The settings of all outputs of a config. Throws InvalidError when two would write to the same folder. */
export function settingsOfAll(configs: readonly Config[], root: string): Settings[] {
  const all = configs.map((config) => settingsOf(config, root));
  const seen = new Set<string>();
  for (const { output } of all) {
    const folded = output.toLowerCase();
    if (seen.has(folded)) {
      throw new InvalidError(`two configs have the same output, ${output}`, {
        hint: "Give each its own `output`, or make them one config with the `apps` of both.",
      });
    }
    seen.add(folded);
  }
  return all;
}

/** `root` is the folder that the config's paths are relative to. */
function settingsOf(config: Config, root: string): Settings {
  const apps = (config.apps ?? ["*"]).map((app) => (typeof app === "string" ? { name: app } : app));
  const included = apps.filter(({ name }) => !name.startsWith("!"));
  return {
    engine: config.engine,
    environment: config.environment ?? DEFAULT_ENVIRONMENT,
    // If there are only exclusions, they apply to all apps.
    apps: included.length === 0 && apps.length > 0 ? [{ name: "*" }] : included,
    excluded: apps.filter(({ name }) => name.startsWith("!")).map(({ name }) => name.slice(1)),
    output: resolve(root, config.output ?? "src/generated"),
    templates: config.templates === undefined ? undefined : resolve(root, config.templates),
    emit: config.emit ?? "ts",
    exports: config.exports ?? "namespaces",
    names: config.names ?? "deployed",
    importExtension: config.importExtension,
    allowOutside: config.allowOutside ?? false,
    rename: config.rename,
    format: config.format,
    plugins: config.plugins ?? [],
  };
}
