/** The engine: its roles, put together over one connection. Nothing is connected before the first use. */
import type {
  CallHandle,
  CallInfo,
  CallSink,
  Engine,
  EngineStatus,
  FunctionRef,
  FunctionStats,
  Invoker,
  OpenCall,
  Output,
} from "../../engine/index.ts";
import { cancelledCall } from "../../engine/index.ts";
import { EngineUnavailableError, errorToFailure, NotFoundError, UnsupportedError } from "../../runtime/errors.ts";
import { type Address, parseAddress } from "./address.ts";
import { ask } from "./ask.ts";
import { Connection } from "./connection.ts";
import { Apps, Catalog, NatsDeployer, NatsRegistry, Objects, Overrides } from "./registry/index.ts";
import { Source, type SourceCall } from "./source/index.ts";

export const DEPLOY_HINT = "Run `farcall deploy FILE`.";

export class NatsEngine implements Engine {
  readonly url: string;
  readonly registry: NatsRegistry;
  readonly deployer: NatsDeployer;
  readonly invoker: Invoker;
  readonly deployHint = DEPLOY_HINT;
  readonly idempotency = false;
  readonly #connection: Connection;
  readonly #invoker: NatsInvoker;

  constructor(address: Address) {
    this.url = address.url;
    this.#connection = new Connection(address, `farcall ${process.pid}`);
    const apps = new Apps(this.#connection);
    const catalog = new Catalog(apps, new Objects(this.#connection), DEPLOY_HINT);
    this.registry = new NatsRegistry(this.#connection, catalog);
    this.deployer = new NatsDeployer(this.#connection, catalog, new Overrides(this.#connection));
    this.#invoker = new NatsInvoker(this.#connection, catalog);
    this.invoker = this.#invoker;
  }

  async status(): Promise<EngineStatus> {
    const { nc } = await this.#connection.link();
    const facts = [
      { name: "server", value: `nats-server ${nc.info?.version} at ${nc.getServer()}` },
      ...(nc.info?.cluster ? [{ name: "cluster", value: nc.info.cluster }] : []),
    ];
    return { facts, warnings: [] };
  }

  async close(): Promise<void> {
    await this.#invoker.close();
    await this.#connection.close();
  }
}

class NatsInvoker implements Invoker {
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  #source: Source | undefined;

  constructor(connection: Connection, catalog: Catalog) {
    this.#connection = connection;
    this.#catalog = catalog;
  }

  get #calls(): Source {
    this.#source ??= new Source(this.#connection, this.#catalog);
    return this.#source;
  }

  open(request: OpenCall, sink: CallSink): CallHandle {
    if (request.durable || request.idempotencyKey !== undefined) return refused(request, sink);
    return this.#calls.open(request, sink);
  }

  attach(callId: string, _range: object, sink: CallSink) {
    const failure = errorToFailure(unkept(`the outputs of call ${callId}`));
    queueMicrotask(() => sink.failed(failure));
    return { credit() {}, detach() {} };
  }

  async poll(callId: string): Promise<Output[]> {
    throw unkept(`the outputs of call ${callId}`);
  }

  async call(callId: string): Promise<CallInfo> {
    const own = this.#source?.find(callId);
    const info = own ? infoOf(own) : undefined;
    if (info) return info;
    throw new NotFoundError(`no call ${callId} is known`, {
      hint: "Calls that are not durable are known to the process that made them.",
    });
  }

  async cancel(callId: string, { terminateContainers = false } = {}): Promise<void> {
    const own = this.#source?.find(callId);
    if (!own) await this.call(callId);
    own?.stop({ terminate: terminateContainers, reason: cancelledCall(callId) });
  }

  async stats(ref: FunctionRef): Promise<FunctionStats> {
    await this.#catalog.function(ref);
    const sum: FunctionStats = { backlog: 0, numTotalRunners: 0, numRunningInputs: 0 };
    for (const stats of await ask<FunctionStats>(this.#connection, "stats", ref)) {
      sum.backlog += stats.backlog;
      sum.numTotalRunners += stats.numTotalRunners;
      sum.numRunningInputs += stats.numRunningInputs;
      if (stats.startProblem !== undefined) sum.startProblem = stats.startProblem;
    }
    return sum;
  }

  async updateAutoscaler(ref: FunctionRef, settings: object): Promise<void> {
    await this.#catalog.function(ref);
    const answers = await ask<null>(this.#connection, "autoscale", { ref, settings }, { one: true });
    if (answers.length > 0) return;
    throw new EngineUnavailableError(`no worker of ${this.#connection.address.url} is there`, {
      hint: "Start one: `farcall worker`.",
    });
  }

  async close(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.close();
  }
}

function infoOf({ id, request, place, counts }: SourceCall): CallInfo | undefined {
  if (!place) return undefined;
  const { app, environment, name, instance } = request.function;
  const { numInputs, numEnded, numFailed, cancelled, createdAt, endedAt } = counts;
  return {
    id,
    app,
    environment,
    function: name,
    ...(instance !== undefined && { instance }),
    version: place.fn.stored.version,
    method: request.method,
    mode: place.fn.schema.mode,
    numInputs,
    numEnded,
    numFailed,
    createdAt: new Date(createdAt).toISOString(),
    ...(endedAt > 0 && { endedAt: new Date(endedAt).toISOString() }),
    cancelled,
  };
}

function unkept(what: string): UnsupportedError {
  return new UnsupportedError(`${what} are not kept by the engine nats:`, {
    hint: "Durable calls are not part of this engine yet: use remote() or map().",
  });
}

function refused({ method }: OpenCall, sink: CallSink): CallHandle {
  const error = unkept(`the results of ${method}()`);
  const failing = Promise.reject(error);
  failing.catch(() => {});
  queueMicrotask(() => sink.failed(errorToFailure(error)));
  return { id: "", put() {}, drained: () => undefined, end: () => failing, credit() {}, cancel() {}, detach() {} };
}

export function natsEngine(url: string): Engine {
  return new NatsEngine(parseAddress(url));
}
