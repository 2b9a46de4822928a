/**
 * The connection: Modal's npm SDK, loaded when it is first needed, for credentials, tokens and the transport with its retries.
 * The SDK's raw client is not public API, so the version is exact.
 */
import type { ModalClient } from "modal";
import { EngineUnavailableError } from "../../runtime/errors.ts";
import { rpcError, Status, statusOf } from "./errors.ts";

export type Rpc = ModalClient["cpClient"];
/** What an RPC answers. */
export type Reply<M extends keyof Rpc> = Awaited<ReturnType<Rpc[M]>>;
/** What an RPC is asked. */
export type Request<M extends keyof Rpc> = Parameters<Rpc[M]>[0];
export type RpcOptions = NonNullable<Parameters<Rpc["functionMap"]>[1]>;

/** The version that the raw client was tested with: this minor. */
const SERIES = "0.11.";
const INSTALL = "Run `npm install modal@0.11.1`.";

/** Polls wait up to 55 s on the server; a connection that has broken is found within a minute, which counts all attempts of one poll. */
const POLL: RpcOptions = { retries: 20, timeoutMs: 60_000, additionalStatusCodes: [Status.resourceExhausted] };
export const POLL_SECONDS = 55;
/** So many polls in a row may pass without any answer. */
const MAX_LATE = 5;
/**
 * Outlasts a restart of the server of eight seconds: the transport connects again about 1, 2.6, 5.2 and 9.3 s after it was lost, and
 * some seconds later than that at worst. Requests have keys: none is carried out twice.
 */
export const LASTING: RpcOptions = { retries: 18 };
/** A server that has never answered may not be there at all. */
const FIRST: RpcOptions = { retries: 5 };

export class Session {
  readonly url: string;
  readonly #load: () => Promise<unknown>;
  #client: Promise<ModalClient> | undefined;
  #closed = new AbortController();
  #answered = false;

  /** @param load the SDK's module */
  constructor(url: string, load: () => Promise<unknown> = loadSdk) {
    this.url = url;
    this.#load = load;
  }

  /** Aborts when the present connection is closed. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Rejects with FarcallError. */
  async ask<T>(run: (rpc: Rpc, options: RpcOptions) => Promise<T>): Promise<T> {
    const { signal } = this;
    try {
      const answer = await run(await this.rpc(), { ...(this.#answered ? LASTING : FIRST), signal });
      this.#answered = true;
      return answer;
    } catch (error) {
      throw signal.aborted ? this.closedError() : rpcError(error, this.url);
    }
  }

  /**
   * Asks what the server answers when there is something to tell. A poll that was sent again after a broken connection would be
   * answered after its time: it is asked anew. Rejects with FarcallError.
   */
  async poll<T>(signal: AbortSignal, run: (rpc: Rpc, options: RpcOptions) => Promise<T>): Promise<T> {
    for (let late = 0; ; late++) {
      const answer = await this.ask(async (rpc) => {
        try {
          return { value: await run(rpc, { ...POLL, signal }) };
        } catch (error) {
          if (statusOf(error) !== Status.deadlineExceeded || signal.aborted || late >= MAX_LATE) throw error;
          return undefined;
        }
      });
      if (answer) return answer.value;
    }
  }

  closedError(): EngineUnavailableError {
    return new EngineUnavailableError(`the connection to ${this.url} was closed`, {
      hint: "Call again to open a new one.",
    });
  }

  /** The control plane. */
  async rpc(): Promise<Rpc> {
    return (await this.client()).cpClient;
  }

  /** Another server of Modal's, which some functions name for their calls. */
  async plane(url: string): Promise<Rpc> {
    return (await this.client()).ipClient(url);
  }

  /** For an operator. Rejects with FarcallError. */
  async about(): Promise<{ profile: ModalClient["profile"]; version: string }> {
    const client = await this.client();
    return { profile: client.profile, version: client.version() };
  }

  client(): Promise<ModalClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<ModalClient> {
    try {
      return createClient(await this.#load());
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  /** Ends what waits for an answer. A later question opens a new connection. */
  async close(): Promise<void> {
    const opening = this.#client;
    this.#client = undefined;
    this.#closed.abort();
    this.#closed = new AbortController();
    // A client that could not be opened has nothing to close; its caller has the error.
    const client = await opening?.catch(() => undefined);
    client?.close();
  }
}

/** Not written as one literal, or a bundler would want the package of every consumer. */
const SDK = ["modal"].join();

async function loadSdk(): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ SDK);
  } catch (cause) {
    throw new EngineUnavailableError("the engine modal: needs the npm package modal, which is not installed", {
      cause,
      hint: INSTALL,
    });
  }
}

/** Throws EngineUnavailableError for another package or version, and for credentials that contradict each other. */
function createClient(sdk: unknown): ModalClient {
  const { ModalClient: Client } = sdk as { ModalClient?: new () => ModalClient };
  if (typeof Client !== "function") {
    throw new EngineUnavailableError("the installed npm package modal is not Modal's SDK", { hint: INSTALL });
  }
  let client: ModalClient;
  try {
    client = new Client();
  } catch (error) {
    throw rpcError(error, "modal:");
  }
  const version = client.version();
  if (version.startsWith(SERIES)) return client;
  client.close();
  throw new EngineUnavailableError(`the engine modal: works with modal ${SERIES}x, and ${version} is installed`, {
    hint: INSTALL,
  });
}
