/** Failures that the client and the host describe in the same way. */
import type { Failure } from "../../engine/index.ts";
import type { FarcallError } from "../../runtime/errors.ts";

/** What to run when nothing is deployed. */
export const DEPLOY_HINT = "Run `farcall deploy FILE`.";

/** An error in the form in which it is sent; `failureToError` turns it back. */
export function failureOf({ code, message, hint }: FarcallError): Failure {
  // Every code of farcall is that of a Failure behind this prefix.
  const known = code.replace(/^FARCALL_/, "") as Failure["code"];
  return hint === undefined ? { code: known, message } : { code: known, message, hint };
}

export function cancelledFailure(id: string): Failure {
  return { code: "CANCELLED", message: `call ${id} was cancelled` };
}
