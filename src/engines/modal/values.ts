/** Numbers of Modal's protocol by name. */
import { clearTimeout, setTimeout } from "../../runtime/timers.ts";

/** `DataFormat`. */
export const Format = { pickle: 1, asgi: 2, generatorDone: 3, cbor: 4 } as const;
/** `FunctionCallType`. */
export const CallType = { unary: 1, map: 2 } as const;
/** `FunctionCallInvocationType`: of SYNC the caller retries, of the others the server. */
export const Invocation = { syncLegacy: 1, async: 3, sync: 4 } as const;
/** `GenericStatus`: how a result ended. */
export const Outcome = {
  success: 1,
  failure: 2,
  terminated: 3,
  timeout: 4,
  initFailure: 5,
  internalFailure: 6,
} as const;
/** `ParameterType`. */
export const Type = {
  string: 1,
  int: 2,
  pickle: 3,
  bytes: 4,
  unknown: 5,
  list: 6,
  dict: 7,
  none: 8,
  bool: 9,
} as const;
export const GENERATOR = 1;
/** `AppState`. */
export const DEPLOYED = 3;
/** `ParameterSerializationFormat`: parameters of a class as protobuf. */
export const PROTO_PARAMETERS = 2;

/** Runs so many at once, in order of the list. */
export async function inParallel<T, R>(items: readonly T[], limit: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      // Within the list, as just checked.
      results[index] = await run(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}

/** Resolves after the time, or when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
