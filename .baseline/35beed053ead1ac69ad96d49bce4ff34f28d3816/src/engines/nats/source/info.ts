/** A call as the monitor shows it. */
import type { CallInfo } from "../../../engine/index.ts";
import type { SourceCall } from "./call.ts";

/** Undefined while its function is not found. */
export function infoOf({ id, request, place, counts }: SourceCall): CallInfo | undefined {
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
