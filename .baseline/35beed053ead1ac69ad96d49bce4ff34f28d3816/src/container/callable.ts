/** The code that a container has loaded and its inputs run: a function, or an instance's methods. */
import type { Hooks } from "../runtime/index.ts";
import type { ArgumentValidator } from "../schema/check/index.ts";
import type { FunctionMode } from "../schema/index.ts";
import type { CallMessage } from "../wire/container-protocol.ts";
import type { Handler } from "./web.ts";

/** The function or method that a call runs. */
export interface Callable {
  name: string;
  /** From the manifest: decides whether what it returns is iterated. */
  mode: FunctionMode;
  fn: (...args: never[]) => unknown;
  validate: ArgumentValidator | undefined;
  /** Answers HTTP requests. */
  handler: Handler | undefined;
}

export interface Loaded {
  /** Throws InputFailure. */
  callableOf(call: CallMessage): Callable;
  hooks: Hooks;
}
