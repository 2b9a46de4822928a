/** The invoker: runs calls on Modal. */
import type {
  AutoscalerSettings,
  CallHandle,
  CallInfo,
  CallSink,
  FunctionRef,
  FunctionStats,
  InputRange,
  Invoker,
  OpenCall,
  Output,
} from "../../engine/index.ts";
import { InvalidError } from "../../runtime/errors.ts";
import { POLL_MS } from "./apps/index.ts";
import { type CallContext, type CallDescriber, openModalCall, pollOutputs, Reading } from "./calls/index.ts";

export class ModalInvoker implements Invoker {
  readonly #context: CallContext;
  readonly #describer: CallDescriber;
  readonly #readings = new Set<Reading>();

  constructor(context: CallContext, describer: CallDescriber) {
    this.#context = context;
    this.#describer = describer;
  }

  open(request: OpenCall, sink: CallSink): CallHandle {
    return openModalCall(this.#context, request, sink);
  }

  attach(callId: string, range: InputRange, sink: CallSink): Pick<CallHandle, "credit" | "detach"> {
    return new Reading(this.#context.session, callId, range, sink, this.#readings);
  }

  poll(callId: string, range: InputRange): Promise<Output[]> {
    return pollOutputs(this.#context.session, callId, range);
  }

  call(callId: string): Promise<CallInfo> {
    return this.#describer.describe(callId);
  }

  async cancel(callId: string, { terminateContainers = false } = {}): Promise<void> {
    const request = { functionCallId: callId, terminateContainers };
    await this.#context.session.ask((rpc, options) => rpc.functionCallCancel(request, options));
  }

  async stats(ref: FunctionRef): Promise<FunctionStats> {
    const { functionId } = await this.#context.callees.find(ref, POLL_MS);
    const request = { functionId };
    const found = await this.#context.session.ask((rpc, options) => rpc.functionGetCurrentStats(request, options));
    const { backlog, numTotalTasks, numRunningInputs } = found;
    return { backlog, numTotalRunners: numTotalTasks, numRunningInputs };
  }

  async updateAutoscaler(ref: FunctionRef, settings: AutoscalerSettings): Promise<void> {
    const { scaledownWindowMs, minContainers, maxContainers, bufferContainers } = settings;
    if (scaledownWindowMs !== undefined && scaledownWindowMs % 1000 !== 0) {
      throw new InvalidError(`scaledownWindowMs is ${scaledownWindowMs}, and Modal takes whole seconds`, {
        hint: `Pass ${Math.max(1, Math.round(scaledownWindowMs / 1000)) * 1000}.`,
      });
    }
    const { functionId } = await this.#context.callees.find(ref, POLL_MS);
    const scaledownWindow = scaledownWindowMs === undefined ? undefined : scaledownWindowMs / 1000;
    const changed = { minContainers, maxContainers, bufferContainers, scaledownWindow };
    const request = { functionId, warmPoolSizeOverride: 0, settings: changed };
    await this.#context.session.ask((rpc, options) => rpc.functionUpdateSchedulingParams(request, options));
  }

  /** Ends what waits: calls that are not kept are cancelled. Resolves once Modal has been notified. */
  async close(): Promise<void> {
    const { open, background, session } = this.#context;
    const error = session.closedError();
    for (const call of [...open]) call.close(error);
    for (const reading of [...this.#readings]) reading.close(error);
    await Promise.all(background);
  }
}
