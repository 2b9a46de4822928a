/** What is compared, and what the comparison says. */
import type { ClassSchema, FunctionSchema } from "../manifest.ts";
import type { Declaration } from "../type-schema.ts";

export interface Compatibility {
  /**
   * `same`: nothing that a caller sees. `docs only`: what a caller reads, not what it may pass or gets (documentation,
   * labels, names of types, order). `compatible`: old stubs go on working. `breaking`: they may not.
   */
  verdict: "compatible" | "breaking" | "docs only" | "same";
  /** One line each: `parameter 'width' became required`. Of a breaking change, only what breaks; empty for `same`. */
  reasons: string[];
}

/** A function and what its references refer to. */
export interface FunctionVersion {
  fn: Omit<FunctionSchema, "signature" | "options">;
  declarations: readonly Declaration[];
}

/** A class's constructor and what its references refer to. */
export interface ClassVersion {
  of: ClassSchema;
  declarations: readonly Declaration[];
}
