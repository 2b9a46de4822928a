/** The calls that the page makes: of a form's arguments, or of those of an earlier call. */
import { setTimeout as delay } from "node:timers/promises";
import type { CallInfo, Engine, Failure, FunctionRef, Output, PayloadCodec } from "../../engine/index.ts";
import { codecOf, FarcallError, failureToError, InvalidError, monitorOf } from "../../runtime/index.ts";
import { type AppManifest, classOf, constructorOf, type FunctionSchema } from "../../schema/index.ts";
import type { Again, Arguments, CallEvent, Checked, Tagged } from "../api.ts";
import { inFormOrder, passed } from "./arguments.ts";
import { faultsOf } from "./faults.ts";
import { shown, shownError, untag } from "./values.ts";

/** Yields that a generator may be ahead of the page. */
const AHEAD = 16;
/** Longest wait for room in what the browser has not read yet. */
const ROOM_MS = 10;
/** Binary values that are sent along: of a result, and of all that a generator yields. */
const MAX_DATA = 16 * 1024 * 1024;

/** What a call is made with. */
interface Given {
  ref: FunctionRef;
  fn: FunctionSchema;
  payload: Uint8Array;
}

/** The arguments of a form, read and judged as the container would. */
export async function readArguments(
  engine: Engine,
  { app, environment, name, version, args: tagged, construct = [] }: Arguments,
): Promise<Checked & { args: unknown[]; fn: FunctionSchema }> {
  const answer = await engine.registry.getManifest({ app, environment, version });
  const manifest = answer.manifest as AppManifest; // present, since no etag was given
  const { functions, declarations } = manifest;
  const deployed = functions.find((each) => each.name === name);
  if (!deployed)
    throw new InvalidError(`${app}, version ${version}, has no function ${name}`, { hint: "Reload the page." });
  const fn = inFormOrder(deployed);
  const read = (values: readonly Tagged[]): unknown[] => {
    const args = values.map((value) => untag(value, declarations));
    while (args.length > 0 && args.at(-1) === undefined) args.pop();
    return args;
  };
  const args = read(tagged);
  const faults = faultsOf(fn, args, declarations);
  const of = classOf(fn, manifest);
  if (!of) return { args, fn, faults };
  const made = read(construct);
  const wrong = faultsOf(constructorOf(of), made, declarations).map((fault) => ({ ...fault, construct: true }));
  if (wrong.length > 0) return { args, fn, faults: [...wrong, ...faults] };
  return { args, fn, faults, instance: codecOf(engine).encodeInstance(of.name, made) };
}

/** The same for the arguments of an earlier call, on the newest version. */
async function readAgain(engine: Engine, { again: { id, index } }: Again): Promise<Checked & Given> {
  const { app, environment, function: name, instance } = await engine.invoker.call(id);
  const [record] = await monitorOf(engine).inputs(id, { start: index, end: index + 1 });
  if (!record?.payload) throw new InvalidError("the arguments of this call are no longer remembered");
  const { payload } = record;
  const { manifest } = await engine.registry.getManifest({ app, environment });
  const { functions, declarations, version } = manifest as AppManifest; // present, since no etag was given
  const fn = functions.find((each) => each.name === name);
  if (!fn) {
    throw new InvalidError(`${app}, version ${version}, has no function ${name}`, {
      hint: "It is called on the newest version.",
    });
  }
  const { args, kwargs } = codecOf(engine).decodeArguments(payload);
  const ref = { app, environment, name, version, instance };
  return { ref, fn, payload, instance, faults: kwargs ? [] : faultsOf(fn, args, declarations) };
}

async function readForm(engine: Engine, given: Arguments): Promise<Checked & Given> {
  const { args, ...read } = await readArguments(engine, given);
  const { app, environment, name, version } = given;
  const ref = { app, environment, name, version, instance: read.instance };
  const { args: positional, kwargs } = passed(read.fn, args);
  // Arguments that are at fault may be such as cannot be encoded.
  const payload = read.faults.length > 0 ? new Uint8Array() : codecOf(engine).encodeArguments(positional, kwargs);
  return { ...read, ref, payload };
}

/** Makes a call and tells what it brings. Leaving early cancels it, unless it is durable: that one ends when it is accepted. */
export async function* call(
  engine: Engine,
  given: Arguments | Again,
  durable: boolean,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  const read = "again" in given ? await readAgain(engine, given) : await readForm(engine, given);
  const { ref, fn, payload, faults, instance } = read;
  if (faults.length > 0) {
    yield { event: "refused", faults };
    return;
  }
  const codec = codecOf(engine);
  let data = MAX_DATA;
  const generates = fn.mode === "generator";
  const queue: CallEvent[] = [];
  let over = false;
  let wake = (): void => {};
  const put = (event: CallEvent, last: boolean): void => {
    queue.push(event);
    over ||= last;
    wake();
  };
  const handle = engine.invoker.open(
    {
      function: ref,
      method: generates ? "remoteGen" : durable ? "spawn" : "remote",
      durable: durable && !generates,
      ...(engine.progress !== false && { progress: true }),
    },
    {
      output: (output) => {
        const event = eventOf(codec, output, data);
        if ("value" in event) for (const { data: sent, size } of event.value.bytes ?? []) if (sent) data -= size;
        put(event, output.kind !== "yield");
      },
      progress: ({ fraction, message }) =>
        put({ event: "progress", fraction, ...(message !== undefined && { message }) }, false),
      failed: (failure) => put(failed(failure), true),
    },
  );
  const abort = (): void => {
    over = true;
    wake();
  };
  signal.addEventListener("abort", abort);
  try {
    handle.put(0, payload);
    if (durable && !generates) {
      // What fails before it is on disk rejects, and reaches the sink as well.
      yield { event: "opened", id: await handle.end(), instance };
      handle.detach();
      return;
    }
    const named = handle.end();
    // What fails reaches the sink as well.
    named.catch(() => {});
    if (generates) handle.credit(AHEAD);
    yield { event: "opened", id: handle.id || (await named.catch(() => "")), instance };
    for (;;) {
      for (let event = queue.shift(); event; event = queue.shift()) {
        yield event;
        if (event.event === "yield") handle.credit(1);
      }
      if (over) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      // What comes together is sent together.
      await delay(ROOM_MS);
    }
  } finally {
    signal.removeEventListener("abort", abort);
    if (!durable) handle.cancel();
  }
}

/** @param data bytes of binary values to send along */
function eventOf(codec: PayloadCodec, output: Output, data: number): CallEvent {
  try {
    if (output.kind === "failure") return failed(output.failure);
    if (output.kind === "exception") return { event: "failed", error: shownError(codec.decodeError(output.payload)) };
    if (output.kind === "end") return { event: "end" };
    return { event: output.kind, value: shown(codec.decodeValue(output.payload), { data }) };
  } catch (error) {
    return { event: "failed", error: shownError(error) };
  }
}

function failed(failure: Failure): CallEvent {
  return { event: "failed", error: shownError(failureToError(failure)) };
}

/** Of a call that has been looked up. */
export function isRunning(call: CallInfo): boolean {
  return call.endedAt === undefined && !call.cancelled;
}

export function problemOf(error: unknown): { code: string; message: string; hint?: string | undefined } {
  if (error instanceof FarcallError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "ERROR", message: error instanceof Error ? error.message : String(error) };
}
