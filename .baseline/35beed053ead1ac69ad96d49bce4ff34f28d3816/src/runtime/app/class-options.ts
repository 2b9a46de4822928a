/** What an author may say about how a class runs. */
import type { AnyClass, MethodNames } from "../class-types.ts";
import type { FunctionOptions } from "./options.ts";

/** What may differ between the methods of a class, which share containers. */
export type MethodOptions = Pick<FunctionOptions, "timeoutMs" | "retries" | "validate">;

/** Options of `app.class`. Those about containers are for each set of constructor arguments; `maxContainers` is 1 by default. */
export interface ClassOptions<C extends AnyClass = AnyClass>
  extends Omit<FunctionOptions, "batch" | "web" | "schedule" | "limit" | "concurrency" | "omit"> {
  /** Inputs that one instance runs at a time. Default 1. */
  concurrency?: { maxInputs: number };
  /** Options of single methods, where they differ from the class's. */
  methods?: { [M in MethodNames<InstanceType<C>>]?: MethodOptions };
}
