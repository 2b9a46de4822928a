/**
 * Config: a project's settings for its stubs. The types are the documentation that an editor shows; check.ts enforces
 * them on the loaded value.
 */
import type { Plugin as BundlePlugin, Loader } from "esbuild";
import type { Plugin } from "../plan/plugin.ts";

export interface Config {
  /** Configs to start from, nearest last: paths relative to this file, or packages. A key given here replaces theirs. */
  extends?: string | readonly string[];
  /**
   * URL of the engine that the apps are deployed on. Stubs remember it. Default: FARCALL_ENGINE, then `local:`; stubs
   * then choose their engine where they run.
   */
  engine?: string;
  /** Environment of apps that do not name one. Default "main". */
  environment?: string;
  /** Apps to write stubs for: names, or patterns with `*`. Default: every app of the environment. */
  apps?: readonly (string | AppSelection)[];
  /** Folder for the files, relative to this file. Default "src/generated". */
  output?: string;
  /** Folder of Handlebars templates that replace shipped ones of the same name, relative to this file. */
  templates?: string;
  /** TypeScript (default), or JavaScript with declarations and declaration maps. */
  emit?: "ts" | "js";
  /** What the index exports: a namespace for each app (default), or every function by its own name. */
  exports?: "namespaces" | "flat";
  /** Names of Python functions and parameters in stubs: as deployed (default), or in camelCase. Calls use the deployed names. */
  names?: "deployed" | "camelCase";
  /** How files import each other. Default: what the tsconfig that owns the output folder can resolve. */
  importExtension?: ".ts" | ".js" | "none";
  /** Lets `output` be outside the folder of this file. Default false. */
  allowOutside?: boolean;
  /** Returns the name that a stub is exported by. Calls still use the deployed name. */
  rename?: (name: string, of: { app: string; environment: string }) => string;
  /** Formats a file before it is compared and written; for instance with the project's Biome or Prettier. */
  format?: (text: string, file: { path: string }) => string | Promise<string>;
  plugins?: readonly Plugin[];
  /** How a deploy bundles apps. An app's own `bundle` in `apps` adds to it. */
  bundle?: BundleOptions;
}

/** Settings of the bundler, with esbuild's names. */
export interface BundleOptions {
  /** Packages, or patterns with one `*`, that stay out of the bundle: containers import them from the project's node_modules. */
  external?: readonly string[];
  /** How files are read, by extension: `{ ".yaml": "text" }`. Known without it: .sql, .txt, .md, .html, .graphql, .gql, .wasm. */
  loader?: Readonly<Record<string, Loader>>;
  plugins?: readonly BundlePlugin[];
  /** Conditions in packages' `exports`, in addition to Node's own. */
  conditions?: readonly string[];
  /** Identifiers and the expressions that replace them: `{ "BUILD": "\"2024-06\"" }`. */
  define?: Readonly<Record<string, string>>;
}

export interface AppSelection {
  /** A deployed app's name, or a pattern with `*`. */
  name: string;
  /** Default: the config's. */
  environment?: string;
  /** Patterns of function names; `!` excludes: `["embed*", "!embedOld"]`. Default: all. */
  functions?: readonly string[];
  /** Name of the file and namespace. Default: the app's. Needed where two apps would have the same. */
  as?: string;
  /** How a deploy bundles the app, in addition to the config's own `bundle`. */
  bundle?: BundleOptions;
}

/** Gives the compiler the config's type. A config can be an array, with one item per output. */
export function defineConfig<const C extends Config | readonly Config[]>(config: C): C {
  return config;
}
