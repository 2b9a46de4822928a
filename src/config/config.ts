/**
 * Config: what a project says about its stubs. The types are the documentation that an editor shows; check.ts enforces
 * them on what was really loaded.
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
  /** Environment of the apps that name none. Default "main". */
  environment?: string;
  /** Apps to write stubs of: names, or patterns with `*`. Default: every app of the environment. */
  apps?: readonly (string | AppSelection)[];
  /** Folder that the files go to, relative to this file. Default "src/generated". */
  output?: string;
  /** Folder of Handlebars templates that replace shipped ones of the same name, relative to this file. */
  templates?: string;
  /** TypeScript (default), or JavaScript with declarations and declaration maps. */
  emit?: "ts" | "js";
  /** What the index exports: a namespace for each app (default), or every function by its own name. */
  exports?: "namespaces" | "flat";
  /** What Python's functions and parameters are called: as they are deployed (default), or in camelCase. Calls go by the deployed names. */
  names?: "deployed" | "camelCase";
  /** How files import each other. Default: what the tsconfig that owns the output folder can resolve. */
  importExtension?: ".ts" | ".js" | "none";
  /** Lets `output` be outside the folder of this file. Default false. */
  allowOutside?: boolean;
  /** The name that a stub is exported by. It is called by its deployed name all the same. */
  rename?: (name: string, of: { app: string; environment: string }) => string;
  /** Formats a file before it is compared and written; for instance with the project's Biome or Prettier. */
  format?: (text: string, file: { path: string }) => string | Promise<string>;
  plugins?: readonly Plugin[];
  /** How apps are bundled at deploy. `bundle` of an app in `apps` adds to it. */
  bundle?: BundleOptions;
}

/** Settings of the bundler, named as esbuild names them. */
export interface BundleOptions {
  /** Packages, or patterns with one `*`, that stay out of the bundle: containers import them from the project's node_modules. */
  external?: readonly string[];
  /** How files are read, by extension: `{ ".yaml": "text" }`. Known without it: .sql, .txt, .md, .html, .graphql, .gql, .wasm. */
  loader?: Readonly<Record<string, Loader>>;
  plugins?: readonly BundlePlugin[];
  /** Conditions of package.json's `exports`, beside Node's own. */
  conditions?: readonly string[];
  /** Expressions by the identifiers that they replace: `{ "BUILD": "\"2024-06\"" }`. */
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
  /** How the app is bundled at deploy, beside the config's own `bundle`. */
  bundle?: BundleOptions;
}

/** Gives the compiler the config's type. A config can be an array: each item is an output of its own. */
export function defineConfig<const C extends Config | readonly Config[]>(config: C): C {
  return config;
}
