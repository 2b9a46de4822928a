/** How the TypeScript container passes values: in the message where they are small, as blobs where they are not. */
import { createHash } from "node:crypto";
import type { Client } from "nice-grpc";
import type { Definition, FunctionInput } from "./codecs.ts";
import type { Fn } from "./model.ts";
import { readArguments, writeValue } from "./python-values.ts";
import { Invocation } from "./values.ts";

/** Carries out a request, as often as it takes. */
export type Sure = <T>(request: (options: { signal: AbortSignal }) => Promise<T>) => Promise<T>;

const MAX_OBJECT_SIZE = 2 * 1024 * 1024;
const MAX_ASYNC_OBJECT_SIZE = 8 * 1024;

export class Payloads {
  #client: Client<Definition>;
  #sure: Sure;
  #fn: Fn;

  constructor(client: Client<Definition>, sure: Sure, fn: Fn) {
    this.#client = client;
    this.#sure = sure;
    this.#fn = fn;
  }

  async read(input: FunctionInput | undefined) {
    if (!input?.argsBlobId) return readArguments(input?.args);
    const { argsBlobId: blobId } = input;
    const { downloadUrl } = await this.#sure((options) => this.#client.blobGet({ blobId }, options));
    const response = await fetch(downloadUrl);
    if (!response.ok) throw new Error(`the blob ${blobId} cannot be read: ${response.status}`);
    return readArguments(new Uint8Array(await response.arrayBuffer()));
  }

  async write(value: unknown, invocation: number): Promise<{ data: Uint8Array } | { dataBlobId: string }> {
    const data = writeValue(value);
    return data.length > this.#limit(invocation) ? { dataBlobId: await this.#upload(data) } : { data };
  }

  #limit(invocation: number): number {
    const { maxObjectSizeBytes, maxAsyncObjectSizeBytes } = this.#fn.metadata;
    const limit = maxObjectSizeBytes ?? MAX_OBJECT_SIZE;
    return invocation === Invocation.async ? Math.min(limit, maxAsyncObjectSizeBytes ?? MAX_ASYNC_OBJECT_SIZE) : limit;
  }

  async #upload(data: Uint8Array): Promise<string> {
    const contentMd5 = createHash("md5").update(data).digest("base64");
    const contentSha256Base64 = createHash("sha256").update(data).digest("base64");
    const request = { contentMd5, contentSha256Base64, contentLength: data.length };
    const { blobId, uploadUrl = "" } = await this.#sure((options) => this.#client.blobCreate(request, options));
    const headers = { "content-type": "application/octet-stream", "content-md5": contentMd5 };
    const response = await fetch(uploadUrl, { method: "PUT", body: Buffer.from(data), headers });
    if (!response.ok) throw new Error(`the blob cannot be written: ${response.status}`);
    return blobId;
  }
}
