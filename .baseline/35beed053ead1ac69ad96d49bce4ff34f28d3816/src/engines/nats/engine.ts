/** The engine: its roles, put together over one connection. Nothing is connected before the first use. */
import type {
  CallHandle,
  CallInfo,
  CallSink,
  Engine,
  EngineStatus,
  FunctionRef,
  FunctionStats,
  InputRange,
  Invoker,
  Monitor,
  OpenCall,
  Output,
} from "../../engine/index.ts";
import { cancelledCall } from "../../engine/index.ts";
import { EngineUnavailableError, errorToFailure } from "../../runtime/errors.ts";
import type { Address } from "./address.ts";
import { ask } from "./ask.ts";
import { Connection } from "./connection.ts";
import { Attachment, CallStore, OpenedCall } from "./durable/index.ts";
import { answerOf, Calls, NatsMonitor, type SourceQuestion } from "./monitor/index.ts";
import { Apps, Catalog, NatsDeployer, NatsRegistry, Objects, Overrides } from "./registry/index.ts";
import type { WorkerStats } from "./reports.ts";
import type { Environment } from "./settings.ts";
import { newCallId, Source } from "./source/index.ts";
import { statusOf } from "./status.ts";

export const DEPLOY_HINT = "Run `farcall deploy FILE`.";

export class NatsEngine implements Engine {
  readonly url: string;
  readonly registry: NatsRegistry;
  readonly deployer: NatsDeployer;
  readonly invoker: Invoker;
  readonly monitor: Monitor;
  readonly deployHint = DEPLOY_HINT;
  readonly #connection: Connection;
  readonly #invoker: NatsInvoker;

  /** @param env where its settings come from */
  constructor(address: Address, env: Environment) {
    this.url = address.url;
    this.#connection = new Connection(address, `farcall ${process.pid}`, env);
    const apps = new Apps(this.#connection);
    const catalog = new Catalog(apps, new Objects(this.#connection), DEPLOY_HINT);
    this.registry = new NatsRegistry(this.#connection, catalog);
    this.deployer = new NatsDeployer(this.#connection, catalog, new Overrides(this.#connection));
    this.#invoker = new NatsInvoker(this.#connection, catalog);
    this.invoker = this.#invoker;
    this.monitor = this.#invoker.monitor();
  }

  status(): Promise<EngineStatus> {
    return statusOf(this.#connection);
  }

  async close(): Promise<void> {
    await this.#invoker.close();
    await this.#connection.close();
  }
}

class NatsInvoker implements Invoker {
  readonly #connection: Connection;
  readonly #catalog: Catalog;
  readonly #store: CallStore;
  readonly #all: Calls;
  #source: Source | undefined;
  /** Durable calls that are opened or read here. */
  readonly #open = new Set<OpenedCall | Attachment>();

  constructor(connection: Connection, catalog: Catalog) {
    this.#connection = connection;
    this.#catalog = catalog;
    this.#store = new CallStore(connection);
    this.#all = new Calls(connection, this.#store, () => this.#source);
  }

  monitor(): Monitor {
    return new NatsMonitor(this.#connection, this.#store, this.#all);
  }

  get #calls(): Source {
    this.#source ??= new Source({
      connection: this.#connection,
      catalog: this.#catalog,
      answer: (source, question) => answerOf(source, question as SourceQuestion),
    });
    return this.#source;
  }

  open(request: OpenCall, sink: CallSink): CallHandle {
    if (!request.durable && request.idempotencyKey === undefined) return this.#calls.open(request, sink);
    const call = new OpenedCall({
      connection: this.#connection,
      store: this.#store,
      id: newCallId(),
      request,
      sink,
      find: () => this.#catalog.callee(request),
      onEnd: (each) => this.#open.delete(each),
    });
    this.#open.add(call);
    return call;
  }

  attach(id: string, range: InputRange, sink: CallSink): Pick<CallHandle, "credit" | "detach"> {
    const onEnd = (each: Attachment): void => {
      this.#open.delete(each);
    };
    const attachment = new Attachment(
      { connection: this.#connection, store: this.#store },
      { id, range, sink, holds: true, onEnd },
    );
    this.#open.add(attachment);
    return attachment;
  }

  async poll(id: string, { start = 0, end = Number.POSITIVE_INFINITY }: InputRange): Promise<Output[]> {
    const call = await this.#store.get(id);
    this.#store.requireResults(call);
    const outputs = new Map((await this.#store.outputs(call)).map((output) => [output.index, output]));
    const { cancelled, ended, accepted } = call;
    const reason = ended?.record.cancelled ?? (cancelled && cancelledCall(id).message);
    const found: Output[] = [];
    for (let index = start; index < Math.min(end, accepted.numInputs); index++) {
      const output = outputs.get(index);
      if (output) found.push(output);
      else if (reason !== undefined)
        found.push({ kind: "failure", index, failure: { code: "CANCELLED", message: reason } });
    }
    return found;
  }

  call(id: string): Promise<CallInfo> {
    return this.#all.info(id);
  }

  cancel(id: string, { terminateContainers = false } = {}): Promise<void> {
    return this.#all.cancel(id, terminateContainers);
  }

  async stats(ref: FunctionRef): Promise<FunctionStats> {
    await this.#catalog.function(ref);
    const sum: FunctionStats = { backlog: 0, numTotalRunners: 0, numRunningInputs: 0 };
    const answers = await ask<WorkerStats>(this.#connection, "stats", ref);
    // Each has heard of what waits at its callers.
    sum.backlog = Math.max(0, ...answers.map(({ waiting }) => waiting));
    for (const stats of answers) {
      sum.backlog += stats.backlog;
      sum.numTotalRunners += stats.numTotalRunners;
      sum.numRunningInputs += stats.numRunningInputs;
      if (stats.numHeldBack !== undefined) sum.numHeldBack = (sum.numHeldBack ?? 0) + stats.numHeldBack;
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
    const failure = errorToFailure(
      new EngineUnavailableError(`the engine ${this.#connection.address.url} was closed while this was under way`),
    );
    for (const each of [...this.#open]) each.fail(failure);
    const source = this.#source;
    this.#source = undefined;
    await source?.close();
  }
}
