/** The package's main entry: what apps, generated stubs and their users import. Adapters of engines load when first used. */
import "./engines/index.ts";

export type { Config } from "./config/config.ts";
export { defineConfig } from "./config/config.ts";
export * from "./runtime/public.ts";
