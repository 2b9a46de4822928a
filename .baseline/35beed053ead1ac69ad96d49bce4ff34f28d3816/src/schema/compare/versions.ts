/** The input and the result of a comparison. */
import type { ClassSchema, FunctionSchema } from "../manifest.ts";
import type { Declaration } from "../type-schema.ts";

export interface Compatibility {
  /**
   * `same`: callers see no change. `docs only`: only what callers read has changed, not what they pass or get (documentation,
   * labels, names of types, order). `compatible`: old stubs still work. `breaking`: they may not.
   */
  verdict: "compatible" | "breaking" | "docs only" | "same";
  /** One line each: `parameter 'width' became required`. For a breaking change, only what breaks; empty for `same`. */
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
