/** What programs that call import, and generated stubs: the whole of `@farcall/client`, and a part of `farcall`. */
export type { AutoscalerSettings, FunctionStats, Progress } from "../engine/index.ts";
export type { BatchOptions, Schedule } from "../schema/index.ts";
// A star, as TypeScript adds to an interface through nothing else.
export * from "./apps.ts";
export type { CallProgress, ProgressOptions } from "./calls/index.ts";
export {
  type AnyClass,
  type AnyRemoteClass,
  Class,
  type ClassLookup,
  type RemoteClass,
  type RemoteInstance,
} from "./class-types.ts";
export { Client, type ClientOptions } from "./client.ts";
export { type CallContext, context, isRemote } from "./context.ts";
export { type Codec, codec, type InstanceOf } from "./custom-codecs.ts";
export type { ErrorClass } from "./declared-errors.ts";
export { type Configuration, configure, disconnect, registerEngine } from "./engines.ts";
export {
  CancelledError,
  EngineUnavailableError,
  ExecutionError,
  FarcallError,
  type FarcallErrorOptions,
  FunctionTimeoutError,
  InternalFailure,
  InvalidError,
  NotFoundError,
  OutputExpiredError,
  RemoteError,
  SerializationError,
  SignatureMismatchError,
  TimeoutError,
  UnsupportedError,
  UserCodeException,
} from "./errors.ts";
export { type CancelOptions, FunctionCall, type GetOptions, type IterOptions } from "./function-call.ts";
export {
  type LocalDefinition,
  type LocalDefinitions,
  type LocalInstance,
  type LocalStubs,
  withLocal,
} from "./local/index.ts";
export type { ForEachOptions, MapItem, MapOptions, SpawnMapOptions } from "./map-options.ts";
export {
  type CallOptions,
  type CallOptionsInit,
  callOptions,
  type GivenKwargs,
  type Kwargs,
  kwargs,
  repeat,
} from "./markers.ts";
export type { Keywords } from "./named-forms.ts";
export type { AnyIterable } from "./positional-forms.ts";
export type { AnyCallable, Arguments, MapInputs, NoKeywords, StarmapInputs } from "./signatures.ts";
export { type MethodStub, type StubFactory, type StubsRef, stubs } from "./stubs.ts";
export type {
  TemporalDuration,
  TemporalInstant,
  TemporalPlainDate,
  TemporalPlainDateTime,
  TemporalPlainMonthDay,
  TemporalPlainTime,
  TemporalPlainYearMonth,
  TemporalZonedDateTime,
} from "./temporal-types.ts";
export {
  type AnyBatched,
  type AnyFunction,
  type Defined,
  type DefinedBatched,
  type DefinedWeb,
  type Definition,
  type Deployed,
  Function,
  // The main names, which shadow no global; those above are what readers of Modal's documentation look for.
  Function as RemoteFunction,
  GeneratorFunction,
  GeneratorFunction as RemoteGenerator,
  type LookupOptions,
  type WebFunction,
  type WebHandler,
} from "./types.ts";
export { withClient } from "./with-client.ts";
