/** Plugins: three hooks with which a project can change the generated code. */
import type { LockedManifest } from "./locked.ts";
import type { Plan } from "./model.ts";

/** Each hook may change its argument or return a replacement; returning nothing keeps the argument. */
export interface Plugin {
  /** For messages. */
  name: string;
  /** One app's manifest, reduced to the chosen functions, before anything is decided. */
  onManifest?: (manifest: LockedManifest) => Hooked<LockedManifest>;
  /** The plan of what is going to be written, as data. */
  onPlan?: (plan: Plan) => Hooked<Plan>;
  /** One file's content, before it is formatted. `path` is absolute. */
  onFile?: (file: { path: string; text: string }) => Hooked<{ path: string; text: string }>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is one without `return`
type Hooked<T> = T | void | Promise<T | void>;
