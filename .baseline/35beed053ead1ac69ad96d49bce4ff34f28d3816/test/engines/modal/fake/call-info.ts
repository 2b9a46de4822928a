/** What `FunctionCallGetInfo`, `FunctionCallList` and `FunctionCallFetch` say of calls and their inputs. */
import type { Call, Input } from "./model.ts";
import { Outcome } from "./values.ts";

export function describeCall(call: Call) {
  const inputs = [...call.inputs].reverse().slice(0, 50);
  const latest = (wanted: (input: Input) => boolean) =>
    inputs.filter(wanted).map(({ id, idx, container, startedAt = 0, finishedAt = 0 }) => ({
      inputId: id,
      idx,
      taskId: container?.taskId ?? "",
      startedAt,
      finishedAt,
    }));
  const statusOf = new Map(call.outputs.map(({ inputId, result }) => [inputId, result?.status]));
  const ended = (...statuses: number[]) => {
    const is = ({ id, done }: Input) => done && statuses.includes(statusOf.get(id) ?? Outcome.success);
    return { total: call.inputs.filter(is).length, latest: latest(is) };
  };
  const pending = ({ done }: Input) => !done;
  return {
    functionCallId: call.id,
    createdAt: call.createdAt,
    pendingInputs: { total: call.inputs.filter(pending).length, latest: latest(pending) },
    succeededInputs: ended(Outcome.success),
    failedInputs: ended(Outcome.failure, Outcome.initFailure, Outcome.internalFailure),
    timeoutInputs: ended(Outcome.timeout),
    cancelledInputs: ended(Outcome.terminated),
    totalInputs: call.total ?? call.inputs.length,
  };
}

export function describeInput(input: Input) {
  const { call, enqueuedAt, startedAt, finishedAt, container } = input;
  const status = call.outputs.findLast(({ inputId }) => inputId === input.id)?.result?.status;
  return {
    // Pending 1, running 2, and the statuses of results moved by two.
    status: input.done ? (status ?? Outcome.success) + 2 : container ? 2 : 1,
    functionCallId: call.id,
    enqueuedAt: new Date(enqueuedAt * 1000),
    startedAt: startedAt === undefined ? undefined : new Date(startedAt * 1000),
    executionTimeSeconds: startedAt === undefined || finishedAt === undefined ? undefined : finishedAt - startedAt,
    containerId: container?.taskId,
    serviceMethodName: input.input.methodName,
  };
}
