/** Payloads that are too large for a message: put into and read from Modal's object store. */
import { createHash } from "node:crypto";
import { EngineUnavailableError, SerializationError } from "../../runtime/errors.ts";
import { LASTING, type RpcOptions, type Session } from "./client.ts";
import { Status } from "./errors.ts";
import { pause } from "./values.ts";

const ATTEMPTS = 4;
/** A store that is asked too much at the moment is asked again. */
const PATIENT: RpcOptions = { ...LASTING, additionalStatusCodes: [Status.resourceExhausted] };
const MANY_BYTES = 1024 ** 3;

/** Resolves to the blob's id. */
export async function putBlob(session: Session, data: Uint8Array, signal: AbortSignal): Promise<string> {
  const contentMd5 = createHash("md5").update(data).digest("base64");
  const contentSha256Base64 = createHash("sha256").update(data).digest("base64");
  const request = { contentMd5, contentSha256Base64, contentLength: data.length };
  const { blobId, uploadUrl } = await session.ask((rpc) => rpc.blobCreate(request, { ...PATIENT, signal }));
  if (!uploadUrl) {
    throw new SerializationError(`a payload of ${data.length} bytes would have to be sent to Modal in parts`, {
      hint: `Pass less than ${MANY_BYTES / 1024 ** 2} MiB at once: put large data into a volume or a bucket, and pass its path.`,
    });
  }
  const headers = { "Content-MD5": contentMd5, "Content-Type": "application/octet-stream" };
  await transfer("an argument cannot be uploaded", signal, async () => {
    // A view of an ArrayBuffer: payloads are never shared memory.
    const response = await fetch(uploadUrl, { method: "PUT", body: data as Uint8Array<ArrayBuffer>, headers, signal });
    await response.arrayBuffer();
    return response;
  });
  return blobId;
}

export async function getBlob(session: Session, blobId: string, signal: AbortSignal): Promise<Uint8Array> {
  const { downloadUrl } = await session.ask((rpc) => rpc.blobGet({ blobId }, { ...PATIENT, signal }));
  let data = new Uint8Array();
  await transfer("a result cannot be downloaded", signal, async () => {
    const response = await fetch(downloadUrl, { signal });
    data = new Uint8Array(await response.arrayBuffer());
    return response;
  });
  return data;
}

/** Tries again what the store or the network has failed. */
async function transfer(what: string, signal: AbortSignal, request: () => Promise<Response>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    let cause: unknown;
    try {
      const { ok, status, statusText } = await request();
      if (ok) return;
      problem = `${status} ${statusText}`.trim();
      if (status < 500 && status !== 408 && status !== 429) attempt = ATTEMPTS;
    } catch (error) {
      if (signal.aborted) throw error;
      cause = error;
      problem = error instanceof Error ? error.message : String(error);
    }
    if (attempt >= ATTEMPTS) {
      throw new EngineUnavailableError(`${what}: the object store of Modal says ${problem}`, { cause });
    }
    await pause(200 * 2 ** attempt, signal);
  }
}
