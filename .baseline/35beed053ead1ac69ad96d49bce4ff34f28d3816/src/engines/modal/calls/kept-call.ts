/** spawn and spawnMap: the server keeps inputs and outputs, and retries by itself; nobody waits here once it has all inputs. */
import { CallType, Invocation } from "../values.ts";
import type { Callee } from "./callee.ts";
import { inputsOf } from "./inputs.ts";
import { OpenedCall } from "./opened-call.ts";
import { openCall, persist } from "./persist.ts";

/** Inputs in one request: larger ones are blobs. */
const BATCH = 512;

export class KeptCall extends OpenedCall {
  protected override async run(callee: Callee): Promise<void> {
    const { session, callees } = this.context;
    const { signal } = this;
    const many = this.request.method !== "spawn";
    await this.anyInput();
    const prepare = { kept: true, signal };
    const [first] = many ? [] : await inputsOf(session, callee, (await this.take(1)) ?? [], prepare);
    if (this.over) return;
    let { functionId } = callee;
    const request = {
      functionId,
      functionCallType: many ? CallType.map : CallType.unary,
      functionCallInvocationType: Invocation.async,
      fromSpawnMap: many,
      pipelinedInputs: first ? [{ idx: first.index, input: first.input }] : [],
    };
    const { functionCallId } = await openCall(session, signal, request, async () => {
      callees.forget(this.request.function);
      functionId = (await callees.find(this.request.function, 0)).functionId;
      return functionId;
    });
    this.named(functionCallId);
    if (!many || this.over) return;
    for (let puts = await this.take(BATCH); puts; puts = await this.take(BATCH)) {
      const batch = await inputsOf(session, callee, puts, prepare);
      const inputs = batch.map(({ index, input }) => ({ idx: index, input }));
      await persist(session, signal, (rpc, options) =>
        rpc.functionPutInputs({ functionId, functionCallId, inputs }, options),
      );
    }
    if (this.over) return;
    const finish = { functionId, functionCallId, numInputs: this.total };
    await persist(session, signal, (rpc, options) => rpc.functionFinishInputs(finish, options));
  }
}
