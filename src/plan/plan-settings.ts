/** What a config decides about a plan. */
import type { LockedManifest } from "./locked.ts";

/** One app that the config chose. */
export interface ChosenApp {
  manifest: LockedManifest;
  as?: string | undefined;
}

export interface PlanSettings {
  engine?: string | undefined;
  exports: "namespaces" | "flat";
  /** Extension of the specifiers by which generated files import each other. */
  importExtension: string;
  /** The package that the files import. Default: `farcall`. */
  runtime?: string;
  /** Apps that the index of another output declares in `interface Apps`. */
  declaredElsewhere?: readonly string[];
  /** The style of Python functions', methods' and parameters' names. */
  names?: "deployed" | "camelCase" | undefined;
  rename?: ((name: string, of: { app: string; environment: string }) => string) | undefined;
}
