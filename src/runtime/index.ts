/** The runtime core: all that stubs, programs that call, apps and containers share. */
export {
  classesOf,
  definitionsOf,
  type FunctionDefinition,
  type Hook,
  type Hooks,
  hooksOf,
  loadedApps,
} from "./app/app.ts";
export type { ClassDefinition, MethodDefinition } from "./app/class-definition.ts";
export { setContext } from "./app/context.ts";
export { isName, type ResolvedFunctionOptions } from "./app/options.ts";
export {
  type DecodedArguments,
  decodeArguments,
  decodeError,
  decodeValue,
  encodeArguments,
  encodeError,
  encodeValue,
} from "./codec/index.ts";
export { openEngine } from "./engines.ts";
export { failureToError } from "./errors.ts";
export { DEFAULT_ENVIRONMENT } from "./function.ts";
export { decodeInstance, encodeInstance } from "./instances.ts";
export * from "./public.ts";
export { construct, RESERVED_METHODS } from "./remote-class.ts";
export { deployerOf, monitorOf, requireFeature } from "./roles.ts";
export { isObserved } from "./telemetry.ts";
