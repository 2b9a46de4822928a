/** What stands in for containers: the suite's apps, evaluated in this process. */
import { AsyncLocalStorage } from "node:async_hooks";
import * as fs from "node:fs";
import type { TestApp } from "../conformance/index.ts";

/** What a running function can ask about its call. */
export interface RunContext {
  callId: string;
  version: number;
  attempt: number;
  function: string;
  signal: AbortSignal;
}

export type AnyFunction = (...args: unknown[]) => unknown;
export type AnyClass = new (...args: unknown[]) => Record<string, AnyFunction>;

export interface Program {
  functions: ReadonlyMap<string, AnyFunction>;
  classes: ReadonlyMap<string, AnyClass>;
}

const running = new AsyncLocalStorage<RunContext>();

export function within<T>(context: RunContext, run: () => T): T {
  return running.run(context, run);
}

/** Runs the app's JavaScript, with the few names that it uses. */
export function evaluate({ body }: TestApp): Program {
  const functions = new Map<string, AnyFunction>();
  const classes = new Map<string, AnyClass>();
  const app = {
    function: (fn: AnyFunction) => functions.set(fn.name, fn),
    class: (definition: AnyClass) => classes.set(definition.name, definition),
  };
  const script = body
    .replace(/^import (\{.*\}) from "node:fs";$/gm, "const $1 = fs;")
    .replace(/^export const (\w+) =/gm, "");
  new Function("app", "context", "fs", script)(app, () => running.getStore(), fs);
  return { functions, classes };
}
