/** The part of the runtime core that the package exports. */
export type { AutoscalerSettings, FunctionStats, Progress } from "../engine/index.ts";
export type { BatchOptions, Schedule } from "../schema/index.ts";
export { App } from "./app/app.ts";
export { type CallContext, context, isRemote } from "./app/context.ts";
export type { AppOptions, FunctionOptions, WebOptions } from "./app/options.ts";
export { type CronOptions, cron, every, type Period } from "./app/schedule.ts";
// A star, as TypeScript adds to an interface through nothing else.
export * from "./apps.ts";
export type { CallProgress, ProgressOptions } from "./calls/progress.ts";
export {
  type AnyClass,
  type AnyRemoteClass,
  Class,
  type ClassLookup,
  type ClassOptions,
  type MethodOptions,
  type RemoteClass,
  type RemoteInstance,
} from "./class-types.ts";
export { Client, type ClientOptions, withClient } from "./client.ts";
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
  type CallOptions,
  type CallOptionsInit,
  callOptions,
  type GivenKwargs,
  type Kwargs,
  kwargs,
  repeat,
} from "./markers.ts";
export type { Arguments, Keywords, MapInputs, NoKeywords, StarmapInputs } from "./signatures.ts";
export { type MethodStub, type StubFactory, type StubsRef, stubs } from "./stubs.ts";
export {
  type AnyBatched,
  type AnyCallable,
  type AnyFunction,
  type AnyIterable,
  type Defined,
  type DefinedBatched,
  type Definition,
  type Deployed,
  type ForEachOptions,
  Function,
  GeneratorFunction,
  type LookupOptions,
  type MapItem,
  type MapOptions,
  type SpawnMapOptions,
  type WebFunction,
  type WebHandler,
} from "./types.ts";
