/** The gRPC servers of the fake: all of Modal's service by name, each request counted and open to faults. */
import { createServer, type Server, ServerError, Status } from "nice-grpc";
import {
  type Context,
  type Definition,
  type Handlers,
  type Method,
  type RawDefinition,
  rawDefinition,
  type Service,
} from "./codecs.ts";
import type { Faults } from "./faults.ts";

const LIMITS = { "grpc.max_receive_message_length": 128 << 20, "grpc.max_send_message_length": 128 << 20 };

type AnyRequest = object;

export class RpcServer {
  /** How often each RPC was called: `{ functionMap: 2 }`. */
  readonly counts: Partial<Record<Method, number>> = {};
  #service: Service;
  #server: Server | undefined;
  #port = 0;
  readonly #answers = new Map<string, Promise<unknown>>();

  constructor(handlers: Handlers, faults: Faults) {
    const service: Record<string, unknown> = {};
    for (const [key, { name, responseStream }] of Object.entries(rawDefinition.methods)) {
      const method = key as Method;
      // Each handler takes the request of its own method: the service definition has paired them.
      const handler = handlers[method] as ((request: AnyRequest, context: Context) => unknown) | undefined;
      const begin = () => {
        this.counts[method] = (this.counts[method] ?? 0) + 1;
        if (!handler) throw new ServerError(Status.UNIMPLEMENTED, `the fake does not know ${name}`);
        return handler;
      };
      service[key] = responseStream
        ? async function* (request: AnyRequest, context: Context) {
            const stream = begin();
            await faults.around(method, () => {});
            yield* stream(request, context) as AsyncIterable<unknown>;
          }
        : async (request: AnyRequest, context: Context) => {
            const run = begin();
            return faults.around(method, () => this.#once(context, () => run(request, context)));
          };
    }
    // Built method by method from the definition that the type is made of.
    this.#service = service as unknown as Service;
  }

  /** A client that has not seen the answer repeats its request with the same key: it is carried out once. */
  #once(context: Context, run: () => unknown): unknown {
    const key = context.metadata.get("x-idempotency-key");
    if (key === undefined) return run();
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = (async () => run())();
    this.#answers.set(key, answer);
    // What failed may be tried again, and what was given up was never seen.
    answer.then(
      () => context.signal.aborted && this.#answers.delete(key),
      () => this.#answers.delete(key),
    );
    return answer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens at a free port at first, and at the same one ever after. */
  async start(): Promise<void> {
    const server = createServer(LIMITS);
    server.add(withRawFunctions(), this.#service);
    this.#port = await server.listen(`127.0.0.1:${this.#port}`);
    this.#server = server;
  }

  async stop(): Promise<void> {
    await this.#server?.forceShutdown();
    this.#server = undefined;
  }
}

const raw = new WeakMap<object, Uint8Array>();

/** The bytes of a `FunctionCreate` request as they came. */
export function rawRequest(request: object): Uint8Array {
  const bytes = raw.get(request);
  if (!bytes) throw new Error("the request was not decoded by this server");
  return bytes;
}

/** Containers get function definitions as they came, so that nothing is lost that the npm SDK does not know. */
function withRawFunctions(): Definition {
  const { functionCreate } = rawDefinition.methods;
  const { requestType } = functionCreate;
  const decode: typeof requestType.decode = (input, length) => {
    const message = requestType.decode(input, length);
    if (input instanceof Uint8Array) raw.set(message, Uint8Array.from(input));
    return message;
  };
  const kept = { ...functionCreate, requestType: { ...requestType, decode } };
  const service: RawDefinition = { ...rawDefinition, methods: { ...rawDefinition.methods, functionCreate: kept } };
  // nice-grpc makes of the generated description what the type says.
  return service as unknown as Definition;
}
