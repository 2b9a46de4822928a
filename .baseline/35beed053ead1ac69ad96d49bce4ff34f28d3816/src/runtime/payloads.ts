/** Which codec the payloads of an engine are written in, and what is encoded before the engine is known. */
import type { Engine, FunctionRef, PayloadCodec } from "../engine/index.ts";
import { decodeArguments, decodeError, decodeValue, encodeArguments } from "./codec/index.ts";
import type { FindErrorClass } from "./declared-errors.ts";
import { decodeInstance, encodeInstance } from "./instances.ts";

/** Farcall's own. */
export const farcallCodec: PayloadCodec = {
  encodeArguments,
  decodeArguments,
  decodeValue,
  decodeError: (payload) => decodeError(payload),
  encodeInstance,
  decodeInstance,
};

/** @param find the classes that the caller's stubs have for errors; an engine with a codec of its own has no such classes */
export function codecOf(engine: Engine, find?: FindErrorClass): PayloadCodec {
  return engine.codec ?? (find ? codecWith(find) : farcallCodec);
}

const withClasses = new WeakMap<FindErrorClass, PayloadCodec>();

function codecWith(find: FindErrorClass): PayloadCodec {
  let codec = withClasses.get(find);
  if (!codec) {
    codec = { ...farcallCodec, decodeError: (payload) => decodeError(payload, find) };
    withClasses.set(find, codec);
  }
  return codec;
}

/**
 * Arguments that were given before their engine was open. They are taken as they are at that moment, in farcall's own codec:
 * what the caller changes afterwards does not count, and what cannot cross fails at once.
 */
export class TakenArguments {
  readonly #payload: Uint8Array;

  /** Throws SerializationError. */
  constructor(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>> | undefined) {
    this.#payload = encodeArguments(args, kwargs);
  }

  /** As the engine carries them. Throws SerializationError for what its codec refuses. */
  for(engine: Engine): Uint8Array {
    if (!engine.codec) return this.#payload;
    const { args, kwargs } = decodeArguments(this.#payload);
    return engine.codec.encodeArguments(args, kwargs);
  }
}

/** The reference as the engine has it: an instance is kept in farcall's own codec until then. Throws SerializationError. */
export function refFor(engine: Engine, ref: FunctionRef): FunctionRef {
  if (!engine.codec || ref.instance === undefined) return ref;
  const { args, kwargs } = decodeInstance(ref.instance);
  const className = ref.name.slice(0, ref.name.indexOf("."));
  const { app, environment, version, name, signature } = ref;
  const instance = engine.codec.encodeInstance(className, args, kwargs);
  return { app, environment, version, name, signature, instance };
}
