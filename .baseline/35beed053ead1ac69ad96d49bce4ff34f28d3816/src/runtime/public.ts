/** The part of the runtime core that the package exports. */
export {
  App,
  type AppOptions,
  type ClassOptions,
  type CronOptions,
  cron,
  every,
  type FunctionOptions,
  type MethodOptions,
  type Period,
  type WebOptions,
} from "./app/index.ts";
// Stars all the way to the interface that generated code adds to.
export * from "./calling.ts";
