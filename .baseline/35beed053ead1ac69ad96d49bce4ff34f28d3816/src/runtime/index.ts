/** The runtime core: all that stubs, programs that call, apps and containers share. */
export { DEFAULT_ENGINE, DEFAULT_ENVIRONMENT } from "../engine/index.ts";
export {
  type ClassDefinition,
  classesOf,
  definitionsOf,
  type FunctionDefinition,
  type Hook,
  type Hooks,
  hooksOf,
  loadedApps,
  type MethodDefinition,
  type ResolvedFunctionOptions,
} from "./app/index.ts";
export {
  argumentBytes,
  decodeArguments,
  decodeCustom,
  decodeError,
  decodeValue,
  encodeArguments,
  encodedForm,
  encodeError,
  encodeValue,
  isOfCodec,
  keepUnknownCodecs,
  withoutUncrossable,
} from "./codec/index.ts";
export { setContext } from "./context.ts";
export { openEngine } from "./engines.ts";
export { errorToFailure, failureToError } from "./errors.ts";
export { decodeInstance, encodeInstance } from "./instances.ts";
export { isName } from "./names.ts";
export { codecOf, refFor } from "./payloads.ts";
export * from "./public.ts";
export { construct, RESERVED_METHODS } from "./remote-class.ts";
export { deployerOf, monitorOf, requireFeature } from "./roles.ts";
export { OWN_FOLDER } from "./stacks.ts";
export { isObserved } from "./telemetry.ts";
export { MAX_TIMER_MS } from "./timers.ts";
