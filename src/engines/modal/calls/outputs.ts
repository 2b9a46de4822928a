/** What Modal says came of an input, as the port has it. */
import { cancelledCall, type Failure, type Output } from "../../../engine/index.ts";
import { getBlob } from "../blobs.ts";
import type { Reply, Session } from "../client.ts";
import { encodePythonError } from "../codec/index.ts";
import { Format, Outcome } from "../values.ts";

export type Item = Reply<"functionGetOutputs">["outputs"][number];

export type Ended = Exclude<Output, { kind: "yield" }>;

export async function outputOf(session: Session, callId: string, item: Item, signal: AbortSignal): Promise<Ended> {
  const { idx: index, result, dataFormat } = item;
  if (result?.status === Outcome.success) {
    if (dataFormat === Format.generatorDone) return { kind: "end", index };
    if (dataFormat === Format.pickle) return { kind: "failure", index, failure: PICKLED };
    return { kind: "result", index, payload: await dataOf(session, result, signal) };
  }
  if (result?.status === Outcome.failure && !isWithoutCbor(result.exception)) {
    const { exception, traceback } = result;
    return { kind: "exception", index, payload: encodePythonError({ exception, traceback }) };
  }
  return { kind: "failure", index, failure: failureOf(callId, result) };
}

/** In the message, or in a blob. */
export async function dataOf(
  session: Session,
  { data, dataBlobId }: { data?: Uint8Array | undefined; dataBlobId?: string | undefined },
  signal: AbortSignal,
): Promise<Uint8Array> {
  return dataBlobId ? getBlob(session, dataBlobId, signal) : (data ?? new Uint8Array());
}

const PICKLED: Failure = {
  code: "SERIALIZATION",
  message: "the function has answered with a pickled value, which other languages cannot read",
  hint: "Deploy the app again with the Python package modal 1.2 or newer.",
};

const HELPER_HINT =
  'Add `.add_local_python_source("farcall")`, or `.pip_install("farcall")`, to the image of the function, and deploy again.';

function failureOf(callId: string, result: Item["result"]): Failure {
  const exception = result?.exception ?? "";
  switch (result?.status) {
    case Outcome.failure:
      return {
        code: "UNSUPPORTED",
        message: "the function's image lacks the Python package cbor2, by which other languages pass values",
        hint: 'Add `.pip_install("cbor2")` to the image, or set MODAL_IMAGE_BUILDER_VERSION to 2025.06 or newer, and deploy again.',
      };
    case Outcome.terminated:
      return cancelledCall(callId);
    case Outcome.timeout:
      return { code: "FUNCTION_TIMEOUT", message: exception || "the function's own time limit passed" };
    case Outcome.initFailure:
      return {
        code: "INTERNAL_FAILURE",
        message: `the container did not start: ${exception || "no reason was given"}`,
        ...(/No module named \\?'farcall/.test(exception) && { hint: HELPER_HINT }),
      };
    default:
      return { code: "INTERNAL_FAILURE", message: exception || "Modal has lost the input" };
  }
}

/** What Modal's container says where it cannot read the arguments. */
function isWithoutCbor(exception: string): boolean {
  return (
    exception.includes("CBOR support requires the 'cbor2' package") || exception.includes("requires the \\'cbor2\\'")
  );
}
