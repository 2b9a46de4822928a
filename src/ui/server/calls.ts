/** Calls, as the page shows them, and those that it makes. */
import { setTimeout as delay } from "node:timers/promises";
import type { CallInfo, Engine, Failure, InputRecord, Output, PayloadCodec, Progress } from "../../engine/index.ts";
import {
  codecOf,
  FarcallError,
  failureToError,
  InvalidError,
  monitorOf,
  OutputExpiredError,
} from "../../runtime/index.ts";
import { type AppManifest, classOf, constructorOf, type FunctionSchema } from "../../schema/index.ts";
import type { Arguments, CallEvent, CallView, Checked, InputView, ShownValue, Tagged } from "../api.ts";
import { inFormOrder, passed } from "./arguments.ts";
import { faultsOf } from "./faults.ts";
import { shown, shownArguments, shownError, untag } from "./values.ts";

/** Inputs of a call that are shown at a time. */
const PAGE = 20;
/** Yields that a generator may be ahead of the page. */
const AHEAD = 16;
/** Longest wait for room in what the browser has not read yet. */
const ROOM_MS = 10;

export async function callView(engine: Engine, id: string, start: number): Promise<CallView> {
  const call = await engine.invoker.call(id);
  const monitor = monitorOf(engine);
  const codec = codecOf(engine);
  const progress: Progress[] = [];
  if (call.endedAt === undefined && engine.progress !== false)
    for await (const each of monitor.progress(id)) progress.push(each);
  let records: InputRecord[] = [];
  let note: string | undefined;
  try {
    records = await monitor.inputs(id, start > 0 ? { start } : {});
  } catch (error) {
    if (!(error instanceof OutputExpiredError)) throw error;
    note = "Its inputs and results have expired.";
  }
  if (records.length === 0 && call.numInputs > start)
    note ??= "Its inputs are no longer remembered: newer calls took their place.";
  return {
    call,
    ...(call.instance !== undefined && {
      constructedWith: constructedWith(codec, call.instance),
    }),
    inputs: records.slice(0, PAGE).map((record) => inputView(codec, record)),
    more: records.length > PAGE,
    progress: progress.slice(0, PAGE),
    ...(note !== undefined && { note }),
  };
}

/** A value of a call in full: `part` is "args", or the place of an output. */
export async function wholeValue(engine: Engine, id: string, index: number, part: string): Promise<ShownValue> {
  const [record] = await monitorOf(engine).inputs(id, { start: index, end: index + 1 });
  if (record) {
    const view = inputView(codecOf(engine), record, true);
    if (part === "args" && view.args) return view.args;
    const output = view.outputs[Number(part)];
    if (output && "value" in output) return output.value;
  }
  throw new InvalidError("this value is no longer remembered");
}

function constructedWith(codec: PayloadCodec, instance: string): ShownValue {
  const { args, kwargs } = codec.decodeInstance(instance);
  return shownArguments(args, kwargs, true);
}

function inputView(codec: PayloadCodec, { index, payload, outputs }: InputRecord, all = false): InputView {
  return {
    index,
    ...(payload && { args: argumentsIn(codec, payload, all) }),
    outputs: outputs.map((output): InputView["outputs"][number] => {
      if (output.kind === "end") return { kind: "end" };
      if (output.kind === "failure") return { kind: "failed", error: shownError(failureToError(output.failure)) };
      if (output.payload.length === 0) return { kind: "forgotten" };
      if (output.kind === "exception") return { kind: "failed", error: shownError(codec.decodeError(output.payload)) };
      return { kind: output.kind, value: shown(codec.decodeValue(output.payload), all) };
    }),
  };
}

function argumentsIn(codec: PayloadCodec, payload: Uint8Array, all: boolean): ShownValue {
  const { args, kwargs } = codec.decodeArguments(payload);
  return shownArguments(args, kwargs, all);
}

// ---- calling --------------------------------------------------------------------------------------------------

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

/** Makes a call and tells what it brings. Leaving early cancels it, unless it is durable: that one ends when it is accepted. */
export async function* call(
  engine: Engine,
  given: Arguments,
  durable: boolean,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  const { args, fn, faults, instance } = await readArguments(engine, given);
  if (faults.length > 0) {
    yield { event: "refused", faults };
    return;
  }
  const { app, environment, name, version } = given;
  const codec = codecOf(engine);
  const { args: positional, kwargs } = passed(fn, args);
  const payload = codec.encodeArguments(positional, kwargs);
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
      function: { app, environment, name, version, instance },
      method: generates ? "remoteGen" : durable ? "spawn" : "remote",
      durable: durable && !generates,
      ...(engine.progress !== false && { progress: true }),
    },
    {
      output: (output) => put(eventOf(codec, output), output.kind !== "yield"),
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

function eventOf(codec: PayloadCodec, output: Output): CallEvent {
  try {
    if (output.kind === "failure") return failed(output.failure);
    if (output.kind === "exception") return { event: "failed", error: shownError(codec.decodeError(output.payload)) };
    if (output.kind === "end") return { event: "end" };
    return { event: output.kind, value: shown(codec.decodeValue(output.payload)) };
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
