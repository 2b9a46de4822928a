/**
 * The schema's own error. This folder is below the runtime and cannot import FarcallError; the shape is the same
 * (`code`, `message`, `hint`), so that code that prints errors treats both alike.
 */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  readonly code = "FARCALL_SCHEMA";
  /** What to do next. */
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions & { hint?: string | undefined } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.hint = options.hint;
  }
}
