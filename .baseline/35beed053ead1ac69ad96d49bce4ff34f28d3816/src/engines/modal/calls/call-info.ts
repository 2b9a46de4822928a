/** What Modal's server knows about a call. The method that opened it, and of a class the method that runs, it does not say. */
import type { CallInfo } from "../../../engine/index.ts";
import { NotFoundError } from "../../../runtime/errors.ts";
import { isoTime } from "../apps/deployments.ts";
import type { Reply, Session } from "../client.ts";
import { GENERATOR } from "../values.ts";

type Info = NonNullable<Reply<"functionCallGetInfo">["info"]>;

export interface Named {
  app: string;
  environment: string;
  function: string;
  mode: CallInfo["mode"];
}

export class CallDescriber {
  readonly #session: Session;
  /** Names never change: by function and app id. */
  readonly #names = new Map<string, Promise<Named>>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Rejects with NotFoundError. */
  async describe(callId: string): Promise<CallInfo> {
    const [found, { info }] = await Promise.all([
      this.#session.ask((rpc, options) => rpc.functionCallFromId({ functionCallId: callId }, options)),
      this.#session.ask((rpc, options) => rpc.functionCallGetInfo({ functionCallId: callId }, options)),
    ]);
    if (!info || !found.metadata) throw new NotFoundError(`Modal says nothing about call ${callId}`);
    const { appId, functionId } = found.metadata;
    return infoOf(info, await this.names(appId, functionId), found.numInputs);
  }

  names(appId: string, functionId: string): Promise<Named> {
    let names = this.#names.get(functionId);
    if (!names) {
      names = this.#askNames(appId, functionId);
      this.#names.set(functionId, names);
      names.catch(() => this.#names.delete(functionId));
    }
    return names;
  }

  async #askNames(appId: string, functionId: string): Promise<Named> {
    const [{ info }, { handleMetadata }] = await Promise.all([
      this.#session.ask((rpc, options) => rpc.appGetInfo({ appId }, options)),
      this.#session.ask((rpc, options) => rpc.functionGetById({ functionId }, options)),
    ]);
    return {
      app: info?.description ?? appId,
      environment: info?.environmentName ?? "",
      function: (handleMetadata?.functionName ?? functionId).replace(/\.\*$/, ""),
      mode: handleMetadata?.webUrl ? "web" : handleMetadata?.functionType === GENERATOR ? "generator" : "unary",
    };
  }
}

export function infoOf(info: Info, names: Named, numInputs = info.totalInputs): CallInfo {
  const { succeededInputs, failedInputs, timeoutInputs, cancelledInputs, pendingInputs, createdAt } = info;
  const numFailed = (failedInputs?.total ?? 0) + (timeoutInputs?.total ?? 0);
  const categories = [succeededInputs, failedInputs, timeoutInputs, cancelledInputs];
  const finished = Math.max(0, ...categories.flatMap((each) => each?.latest.map(({ finishedAt }) => finishedAt) ?? []));
  // Calls are opened when their first input is at hand: one without inputs has ended as it began.
  const endedAt = numInputs === 0 ? createdAt : finished;
  return {
    id: info.functionCallId,
    ...names,
    numInputs,
    numEnded: (succeededInputs?.total ?? 0) + numFailed,
    numFailed,
    createdAt: isoTime(createdAt),
    ...((numInputs === 0 || pendingInputs?.total === 0) && endedAt > 0 && { endedAt: isoTime(endedAt) }),
    cancelled: (cancelledInputs?.total ?? 0) > 0,
  };
}
