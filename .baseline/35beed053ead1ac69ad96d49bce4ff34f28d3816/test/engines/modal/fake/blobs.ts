/** Payloads that are too large for a message: an HTTP server in place of the object store, and the RPCs that name its URLs. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ServerError, Status } from "nice-grpc";
import type { Handlers } from "./codecs.ts";
import { makeId } from "./values.ts";

export class Blobs {
  readonly stored = new Map<string, Buffer>();
  /** From this size on, `BlobCreate` asks for an upload in parts. */
  multipartFrom = Number.POSITIVE_INFINITY;
  #announced = new Map<string, { md5: string; length: number }>();
  #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  #url = "";

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    // The address of a TCP server is an object.
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  get(blobId: string): Buffer {
    const data = this.stored.get(blobId);
    if (!data) throw new ServerError(Status.NOT_FOUND, `blob ${blobId} not found`);
    return data;
  }

  readonly rpcs = {
    blobCreate: async (request) => {
      const blobId = makeId("bl");
      const uploadUrl = `${this.#url}/${blobId}`;
      if (request.contentLength >= this.multipartFrom) {
        const multipart = { partLength: this.multipartFrom, uploadUrls: [uploadUrl], completionUrl: uploadUrl };
        return { blobId, blobIds: [blobId], multipart, multiparts: { items: [multipart] } };
      }
      this.#announced.set(blobId, { md5: request.contentMd5, length: request.contentLength });
      return { blobId, blobIds: [blobId], uploadUrl, uploadUrls: { items: [uploadUrl] } };
    },
    blobGet: async ({ blobId }) => ({ downloadUrl: `${this.#url}/${blobId}` }),
  } satisfies Handlers;

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const blobId = (request.url ?? "").slice(1);
    if (request.method === "GET") {
      const data = this.stored.get(blobId);
      response.writeHead(data ? 200 : 404).end(data);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const data = Buffer.concat(parts);
    const announced = this.#announced.get(blobId);
    const md5 = createHash("md5").update(data);
    const hex = md5.copy().digest("hex");
    const base64 = md5.digest("base64");
    const given = request.headers["content-md5"];
    // The object store refuses an upload that differs from what was announced.
    if (announced?.md5 !== base64 || announced.length !== data.length || (given !== undefined && given !== base64)) {
      response.writeHead(400).end("the upload is not what was announced");
      return;
    }
    this.stored.set(blobId, data);
    response.setHeader("ETag", `"${hex}"`);
    response.end();
  }
}
