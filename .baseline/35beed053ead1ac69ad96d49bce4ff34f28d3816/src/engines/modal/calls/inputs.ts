/** Payloads as inputs of a function: in the message where they are small, as blobs where they are not. */
import { putBlob } from "../blobs.ts";
import type { Request, Session } from "../client.ts";
import { markTyped } from "../codec/index.ts";
import { Format, inParallel } from "../values.ts";
import type { Callee } from "./callee.ts";

export interface Put {
  index: number;
  payload: Uint8Array;
}

export type FunctionInput = NonNullable<NonNullable<Request<"functionPutInputs">["inputs"]>[number]["input"]>;

export interface Sent {
  index: number;
  input: FunctionInput;
}

/** Blobs of one batch that are uploaded at once. */
const UPLOADS = 8;

/** @param kept the server keeps the input, for which it takes less in a message */
export function inputsOf(
  session: Session,
  callee: Callee,
  puts: readonly Put[],
  { kept, signal }: { kept: boolean; signal: AbortSignal },
): Promise<Sent[]> {
  const { maxBytes, maxAsyncBytes, methodName, typed } = callee;
  const limit = kept ? Math.min(maxBytes, maxAsyncBytes) : maxBytes;
  return inParallel(puts, UPLOADS, async ({ index, payload }): Promise<Sent> => {
    const args = typed ? markTyped(payload) : payload;
    const data = args.length > limit ? { argsBlobId: await putBlob(session, args, signal) } : { args };
    const method = methodName === undefined ? {} : { methodName };
    return { index, input: { ...data, dataFormat: Format.cbor, finalInput: false, ...method } };
  });
}
