/** What a server does with a request until it is a call: judges it, finds its function, and reads its body. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Failure } from "../../engine/index.ts";
import type { FunctionSchema } from "../../schema/index.ts";
import { Bodies } from "./bodies.ts";
import { type Refusal, refusalOf, type Site } from "./guard.ts";
import { sendProblem, statusOf } from "./problem.ts";
import { functionIn, isWeb, type WebFunctionName, webPayload } from "./request.ts";

/** A request that has come whole. */
export interface WebRequest<F> {
  fn: F;
  /** See `webPayload`. */
  payload: Buffer;
  headers: IncomingHttpHeaders;
  response: ServerResponse;
}

export interface WebHandlerOptions<F> {
  site: () => Site;
  /** What a request's path and query mean here: those below the server's URL, and the URL that the function sees. */
  locate: (path: string, request: IncomingMessage) => { path: string; url: string };
  /** Why no requests are taken any more. */
  stopping: () => string | undefined;
  /** Throws FarcallError when there is no such function. */
  find: (name: WebFunctionName) => F | Promise<F>;
  failureOf: (error: unknown) => Failure;
  open: (request: WebRequest<F>) => void;
}

export class WebHandler<F extends { readonly schema: FunctionSchema }> {
  readonly #options: WebHandlerOptions<F>;
  readonly #bodies = new Bodies();

  constructor(options: WebHandlerOptions<F>) {
    this.#options = options;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#handle(request, response).catch((error: unknown) => {
      sendProblem(response, 500, this.#options.failureOf(error));
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { site, locate, stopping, find, failureOf, open } = this.#options;
    const refuse = ({ status, code, message, hint }: Refusal): void => {
      if (status === 503) response.setHeader("retry-after", "1");
      // A connection that is closed while the client sends can lose the answer.
      if (status === 503 && stopping() === undefined) request.resume();
      else response.setHeader("connection", "close"); // the rest of the body is not read
      sendProblem(response, status, { code, message, hint });
    };
    const refusal = refusalOf(request, site());
    if (refusal) return refuse(refusal);
    const why = stopping();
    if (why !== undefined) return refuse({ status: 503, code: "ENGINE_UNAVAILABLE", message: why });
    // A proxy's client names the whole URL.
    const { path, url } = locate((request.url ?? "/").replace(/^https?:\/\/[^/?#]*/i, ""), request);
    let fn: F;
    try {
      const name = functionIn(path, url);
      fn = await find(name);
      if (!isWeb(fn.schema)) {
        return refuse({
          status: 404,
          code: "NOT_FOUND",
          message: `${name.app}/${name.name} is not a web function`,
          hint: "Call it with remote().",
        });
      }
    } catch (error) {
      const failure = failureOf(error);
      return refuse({ ...failure, status: statusOf(failure, 400) });
    }
    const body = await this.#bodies.read(request);
    if (!body) return; // The client is gone.
    if (!("chunks" in body)) return refuse(body);
    response.once("close", body.release);
    if (response.destroyed) return body.release();
    open({ fn, payload: webPayload(request, url, body.chunks), headers: request.headers, response });
  }
}
