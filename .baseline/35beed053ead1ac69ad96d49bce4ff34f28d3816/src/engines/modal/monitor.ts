/** The monitor: calls and logs as Modal keeps them. Arguments and progress it does not keep. */
import type { CallInfo, InputQuery, InputRecord, LogEntry, LogFilter, Monitor, Progress } from "../../engine/index.ts";
import { DEFAULT_ENVIRONMENT } from "../../engine/index.ts";
import { NotFoundError, UnsupportedError } from "../../runtime/errors.ts";
import type { Deployment, Deployments } from "./apps/index.ts";
import { POLL_MS } from "./apps/index.ts";
import { type CallDescriber, infoOf, pollOutputs } from "./calls/index.ts";
import type { Session } from "./client.ts";
import { readLogs } from "./logs.ts";
import { inParallel } from "./values.ts";

const PARALLEL = 16;
const LISTED_CALLS = 100;

export class ModalMonitor implements Monitor {
  readonly #session: Session;
  readonly #deployments: Deployments;
  readonly #describer: CallDescriber;

  constructor(session: Session, deployments: Deployments, describer: CallDescriber) {
    this.#session = session;
    this.#deployments = deployments;
    this.#describer = describer;
  }

  async calls(
    filter: { app?: string; environment?: string; function?: string; limit?: number } = {},
  ): Promise<CallInfo[]> {
    const functions = (await this.#apps(filter)).flatMap((deployment) => functionsOf(deployment, filter.function));
    const lists = await inParallel(functions, PARALLEL, async ({ functionId, names }) => {
      const { functionCalls } = await this.#session.ask((rpc, options) =>
        rpc.functionCallList({ functionId }, options),
      );
      return functionCalls.map((info) => infoOf(info, names));
    });
    const newest = lists.flat().sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    return newest.slice(0, filter.limit ?? LISTED_CALLS);
  }

  /** Outputs alone. */
  async inputs(callId: string, { failed, limit, ...range }: InputQuery): Promise<InputRecord[]> {
    const outputs = await pollOutputs(this.#session, callId, range);
    return outputs
      .filter(({ kind }) => failed !== true || kind === "exception" || kind === "failure")
      .slice(0, limit)
      .map((output) => ({ index: output.index, outputs: [output] }));
  }

  progress(): AsyncIterable<Progress> {
    throw new UnsupportedError("Modal keeps no progress of calls", { hint: "Look at the call's logs." });
  }

  async *logs(filter: LogFilter): AsyncIterable<LogEntry> {
    const { callId } = filter;
    if (callId === undefined) {
      yield* readLogs(this.#session, await this.#apps(filter), filter);
      return;
    }
    const { app, environment } = await this.#describer.describe(callId);
    const deployment = await this.#deployments.get({ app, environment }, POLL_MS);
    const wanted = filter.app === undefined || filter.app === app;
    if (wanted) yield* readLogs(this.#session, [deployment], filter);
  }

  /** Of all environments where neither app nor environment is named; none where there is no such app. */
  async #apps({
    app,
    environment,
  }: {
    app?: string | undefined;
    environment?: string | undefined;
  }): Promise<Deployment[]> {
    if (app !== undefined) {
      try {
        return [await this.#deployments.get({ app, environment: environment ?? DEFAULT_ENVIRONMENT }, POLL_MS)];
      } catch (error) {
        if (error instanceof NotFoundError) return [];
        throw error;
      }
    }
    const environments = environment === undefined ? await this.#deployments.environments() : [environment];
    const listed = await this.#deployments.list(environments);
    return inParallel(listed, PARALLEL, (each) => this.#deployments.get(each, POLL_MS));
  }
}

function functionsOf(deployment: Deployment, name: string | undefined) {
  const { app, environment, layout, manifest } = deployment;
  const wanted = manifest.functions.filter((fn) => name === undefined || fn.name === name || fn.class === name);
  const tags = new Set(wanted.map((fn) => (fn.class === undefined ? fn.name : `${fn.class}.*`)));
  return [...tags].flatMap((tag) => {
    const located = layout.get(tag);
    const fn = tag.replace(/\.\*$/, "");
    const mode = wanted.find((each) => each.name === fn)?.mode ?? "unary";
    return located ? [{ functionId: located.functionId, names: { app, environment, function: fn, mode } }] : [];
  });
}
