/** The producer's side: apps, the functions and classes that they register, and the options of those. */
export {
  App,
  classesOf,
  definitionsOf,
  type FunctionDefinition,
  type Hook,
  type Hooks,
  hooksOf,
  loadedApps,
} from "./app.ts";
export type { ClassDefinition, MethodDefinition } from "./class-definition.ts";
export type { ClassOptions, MethodOptions } from "./class-options.ts";
export {
  type AppOptions,
  type FunctionOptions,
  type ResolvedFunctionOptions,
  resolveOptions,
  type WebOptions,
} from "./options.ts";
export { type CronOptions, cron, every, type Period } from "./schedule.ts";
