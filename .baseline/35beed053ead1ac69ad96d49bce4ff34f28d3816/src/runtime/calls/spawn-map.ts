/** spawnMap: sends all inputs of a durable call, at the pace at which the engine takes them. */
import type { CallHandle, Engine, OpenCall, PayloadCodec } from "../../engine/index.ts";
import { failureToError } from "../errors.ts";
import { codecOf } from "../payloads.ts";
import { answered, Raised, raise } from "../stacks.ts";
import { nextTurn, now } from "../timers.ts";
import { END, type Inputs, ignore, TURN_MS } from "./inputs.ts";
import { encodeInput } from "./map.ts";

interface Options {
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  signal?: AbortSignal | undefined;
}

/** Resolves to the call's id once all inputs are durable. What fails before that cancels the call. */
export async function spawnInputs(
  engine: Engine,
  request: OpenCall,
  inputs: Inputs,
  options: Options,
): Promise<string> {
  const { signal, kwargs } = options;
  signal?.throwIfAborted();
  let handle: CallHandle | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    handle = engine.invoker.open(request, {
      output() {},
      // A turn later, so that an acceptance that came with it counts.
      failed: (failure) => nextTurn(() => reject(new Raised(failureToError(failure), false))),
    });
  });
  stopped.catch(ignore);
  const call = handle!;
  try {
    const id = await Promise.race([stopped, sendAll(codecOf(engine), call, inputs, kwargs)]);
    // The results are read by id.
    call.detach();
    return id;
  } catch (error) {
    call.cancel();
    inputs.close()?.catch(ignore);
    throw raise(error);
  } finally {
    if (onAbort) signal?.removeEventListener("abort", onAbort);
  }
}

async function sendAll(
  codec: PayloadCodec,
  call: CallHandle,
  inputs: Inputs,
  kwargs: Readonly<Record<string, unknown>> | undefined,
): Promise<string> {
  inputs.open();
  let turnEnds = now() + TURN_MS;
  for (let index = 0; ; index++) {
    const next = inputs.next();
    const args = next instanceof Promise ? await next : next;
    if (args === END) return answered(call.end());
    call.put(index, encodeInput(codec, args, kwargs, index));
    const wait = call.drained();
    if (wait) await wait;
    else if (now() > turnEnds) await new Promise<void>((resolve) => nextTurn(resolve));
    else continue;
    turnEnds = now() + TURN_MS;
  }
}
