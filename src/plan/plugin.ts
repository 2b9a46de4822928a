/** Plugins: three places at which a project can have its own say in what is generated. */
import type { LockedManifest } from "./locked.ts";
import type { Plan } from "./plan.ts";

/** Each hook may change what it gets and return it, or return something in its place; nothing returned keeps it. */
export interface Plugin {
  /** For messages. */
  name: string;
  /** What is known of one app, reduced to the chosen functions, before anything is decided. */
  onManifest?: (manifest: LockedManifest) => Hooked<LockedManifest>;
  /** What is going to be written, before it is text. */
  onPlan?: (plan: Plan) => Hooked<Plan>;
  /** One file's text, before it is formatted. `path` is absolute. */
  onFile?: (file: { path: string; text: string }) => Hooked<{ path: string; text: string }>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is one without `return`
type Hooked<T> = T | void | Promise<T | void>;
