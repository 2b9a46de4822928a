/** One call as the page shows it: its inputs, what came of them, and any of their values in full. */
import type { CallInfo, Engine, InputRecord, PayloadCodec, Progress } from "../../engine/index.ts";
import {
  codecOf,
  failureToError,
  InvalidError,
  monitorOf,
  NotFoundError,
  OutputExpiredError,
} from "../../runtime/index.ts";
import { type AppManifest, type CallSignature, classOf, constructorOf } from "../../schema/index.ts";
import type { CallView, InputView, ShownArgument, ShownValue } from "../api.ts";
import { asBytes, bytesIn } from "./bytes.ts";
import { type Shown, shown, shownArguments, shownError } from "./values.ts";

/** Inputs of a call that are shown at a time. */
const PAGE = 20;

export async function callView(engine: Engine, id: string, start: number, failed: boolean): Promise<CallView> {
  const call = await engine.invoker.call(id);
  const monitor = monitorOf(engine);
  const progress: Progress[] = [];
  if (call.endedAt === undefined && engine.progress !== false)
    for await (const each of monitor.progress(id)) progress.push(each);
  let records: InputRecord[] = [];
  let note: string | undefined;
  try {
    records = await monitor.inputs(id, { ...(start > 0 && { start }), failed, limit: PAGE + 1 });
  } catch (error) {
    if (!(error instanceof OutputExpiredError)) throw error;
    note = "Its inputs and results have expired.";
  }
  if (records.length === 0 && (failed ? call.numFailed > 0 : call.numInputs > start))
    note ??= "Its inputs are no longer remembered: newer calls took their place.";
  const shape = await Shape.of(engine, call);
  return {
    call,
    repeatable: engine.arguments !== false && call.method !== "web" && shape.isDeployed,
    ...(call.instance !== undefined && { constructedWith: shape.constructedWith(call.instance) }),
    inputs: records.slice(0, PAGE).map((record) => shape.input(record)),
    more: records.length > PAGE,
    progress: progress.slice(0, PAGE),
    ...(note !== undefined && { note }),
  };
}

/** A value of an input: "args/" and the place of the argument, or the place of an output. */
export async function wholeValue(engine: Engine, id: string, index: number, part: string): Promise<ShownValue> {
  return shown(await valueOf(engine, id, index, part), { all: true });
}

/** A binary value inside of such a value. @param path as ShownBytes has it */
export async function bytesOf(
  engine: Engine,
  id: string,
  index: number,
  part: string,
  path: string,
): Promise<Uint8Array> {
  const value = await valueOf(engine, id, index, part);
  const bytes = path === "" ? asBytes(value) : bytesIn(value).find((each) => each.path === path)?.bytes;
  if (bytes) return bytes;
  throw forgotten();
}

async function valueOf(engine: Engine, id: string, index: number, part: string): Promise<unknown> {
  const [record] = await monitorOf(engine).inputs(id, { start: index, end: index + 1 });
  if (!record) throw forgotten();
  const codec = codecOf(engine);
  const [, argument] = /^args\/(\d+)$/.exec(part) ?? [];
  if (argument !== undefined) {
    if (!record.payload) throw forgotten();
    const { args, kwargs = {} } = codec.decodeArguments(record.payload);
    return [...args, ...Object.values(kwargs)][Number(argument)];
  }
  const output = record.outputs[Number(part)];
  if ((output?.kind !== "result" && output?.kind !== "yield") || output.payload.length === 0) throw forgotten();
  return codec.decodeValue(output.payload);
}

function forgotten(): InvalidError {
  return new InvalidError("this value is no longer remembered");
}

/** What a call's function and class look like, which names its arguments. */
class Shape {
  readonly isDeployed: boolean;
  readonly #codec: PayloadCodec;
  readonly #signatures: readonly CallSignature[];
  readonly #constructors: readonly CallSignature[];

  private constructor(codec: PayloadCodec, call: CallInfo, manifest: AppManifest | undefined) {
    this.#codec = codec;
    const fn = manifest?.functions.find(({ name }) => name === call.function);
    const of = fn && manifest && classOf(fn, manifest);
    const construct = of && constructorOf(of);
    this.isDeployed = fn !== undefined;
    this.#signatures = fn ? (fn.overloads ?? [fn]) : [];
    this.#constructors = construct ? (construct.overloads ?? [construct]) : [];
  }

  /** At the version that was called, or the newest where that is gone or not known. */
  static async of(engine: Engine, call: CallInfo): Promise<Shape> {
    const { app, environment, version } = call;
    const find = async (ref: { app: string; environment: string; version?: number }) => {
      try {
        return (await engine.registry.getManifest(ref)).manifest;
      } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw error;
      }
    };
    const manifest =
      (version === undefined ? undefined : await find({ app, environment, version })) ??
      (await find({ app, environment }));
    return new Shape(codecOf(engine), call, manifest);
  }

  constructedWith(instance: string): ShownArgument[] {
    const decoded = this.#codec.decodeInstance(instance);
    return shownArguments(decoded, namesOf(this.#constructors, decoded.args.length));
  }

  input({ index, payload, attempts, outputs }: InputRecord, options?: Shown): InputView {
    const decoded = payload && this.#codec.decodeArguments(payload);
    return {
      index,
      ...(decoded && { args: shownArguments(decoded, namesOf(this.#signatures, decoded.args.length), options) }),
      ...(attempts !== undefined && { attempts }),
      outputs: outputs.map((output): InputView["outputs"][number] => {
        if (output.kind === "end") return { kind: "end" };
        if (output.kind === "failure") return { kind: "failed", error: shownError(failureToError(output.failure)) };
        if (output.payload.length === 0) return { kind: "forgotten" };
        if (output.kind === "exception")
          return { kind: "failed", error: shownError(this.#codec.decodeError(output.payload)) };
        return { kind: output.kind, value: shown(this.#codec.decodeValue(output.payload), options) };
      }),
    };
  }
}

/** Of overloads the first that has room for so many. */
function namesOf(signatures: readonly CallSignature[], count: number): string[] {
  const roomy = ({ parameters }: CallSignature): boolean =>
    parameters.length >= count || parameters.some(({ rest }) => rest === true);
  const { parameters = [] } = signatures.find(roomy) ?? {};
  const restAt = parameters.findIndex(({ rest }) => rest === true);
  return Array.from({ length: count }, (_, at) => {
    const { name = "" } = parameters[at] ?? parameters[restAt] ?? {};
    return restAt >= 0 && at >= restAt ? `${name}[${at - restAt}]` : name;
  });
}
