/** The runtime core: all that stubs, programs that call, apps and containers share. */
export {
  classesOf,
  definitionsOf,
  type FunctionDefinition,
  type Hook,
  type Hooks,
  hooksOf,
  loadedApps,
} from "./app.ts";
export type { ClassDefinition, MethodDefinition } from "./class-definition.ts";
export {
  type DecodedArguments,
  decodeArguments,
  decodeError,
  decodeValue,
  encodeArguments,
  encodeError,
  encodeValue,
} from "./codec/index.ts";
export { setContext } from "./context.ts";
export { openEngine } from "./engines.ts";
export { type FailureCode, failureToError } from "./errors.ts";
export { DEFAULT_ENVIRONMENT } from "./function.ts";
export { decodeInstance, encodeInstance } from "./instances.ts";
export { isName, type ResolvedFunctionOptions } from "./options.ts";
export * from "./public.ts";
export { construct, RESERVED_METHODS } from "./remote-class.ts";
export { isObserved } from "./telemetry.ts";
