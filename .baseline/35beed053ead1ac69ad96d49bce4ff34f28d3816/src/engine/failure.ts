/** What an engine reports when something goes wrong: a code rather than a class, since an engine does not encode user values. */

/** The runtime has an error class for each: `failureToError`. */
export type FailureCode =
  | "INVALID"
  | "NOT_FOUND"
  | "SIGNATURE_MISMATCH"
  | "EXECUTION"
  | "SERIALIZATION"
  | "TIMEOUT"
  | "FUNCTION_TIMEOUT"
  | "INTERNAL_FAILURE"
  | "OUTPUT_EXPIRED"
  | "CANCELLED"
  | "ENGINE_UNAVAILABLE"
  | "UNSUPPORTED";

/** The failure that ends every input of a cancelled call. */
export function cancelledCall(id: string): Failure {
  return { code: "CANCELLED", message: `call ${id} was cancelled` };
}

export interface Failure {
  code: FailureCode;
  message: string;
  /** What to do next, as a sentence. */
  hint?: string | undefined;
}
