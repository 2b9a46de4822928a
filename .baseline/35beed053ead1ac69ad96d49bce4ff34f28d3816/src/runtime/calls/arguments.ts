/** Takes apart what a method was called with: the function's own arguments, those by name, and how the call is to be made. */
import { type Checks, checkRecord, duration, flag, integer, signal } from "../checks.ts";
import { InvalidError } from "../errors.ts";
import type { ForEachOptions, MapOptions, SpawnMapOptions } from "../map-options.ts";
import { CallOptionsArgument, type CallOptionsInit, KwargsArgument } from "../markers.ts";
import { dueChecks } from "./due.ts";
import { isIterable } from "./inputs.ts";

export interface CallArguments {
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>> | undefined;
  init: CallOptionsInit | undefined;
}

const onProgress = (value: unknown) => (typeof value === "function" ? undefined : "must be a function");

const callChecks: Checks = {
  ...dueChecks,
  signal,
  onProgress,
  timeoutMs: duration(1),
  idempotencyKey: (value) => (typeof value === "string" && value !== "" ? undefined : "must be a non-empty string"),
};

/** @param subject for messages: `resize.remote` */
export function splitCall(subject: string, given: readonly unknown[]): CallArguments {
  const last = given.at(-1);
  // The common case: nothing but the function's own arguments.
  if (!(last instanceof CallOptionsArgument) && !(last instanceof KwargsArgument)) {
    for (const value of given) refuseMarker(subject, value);
    return { args: given, kwargs: undefined, init: undefined };
  }
  const args = [...given];
  let init: CallOptionsInit | undefined;
  let kwargs: Readonly<Record<string, unknown>> | undefined;
  if (args.at(-1) instanceof CallOptionsArgument) {
    init = (args.pop() as CallOptionsArgument).init;
    checkRecord(subject, "call option", "", init, callChecks);
  }
  if (args.at(-1) instanceof KwargsArgument) kwargs = (args.pop() as KwargsArgument).values;
  for (const value of args) refuseMarker(subject, value);
  return { args, kwargs, init };
}

function refuseMarker(subject: string, value: unknown): void {
  if (value instanceof CallOptionsArgument || value instanceof KwargsArgument) {
    throw new InvalidError(`${subject}: kwargs() and callOptions() come last, once each`, {
      hint: `Write \`${subject}(…arguments, kwargs({ … }), callOptions({ … }))\`.`,
    });
  }
}

interface MapArguments<O> {
  inputs: readonly unknown[];
  options: O & { kwargs?: Readonly<Record<string, unknown>> };
}

const common: Checks = {
  signal,
  kwargs: (value) => (typeof value === "object" && value !== null ? undefined : "must be an object"),
};

const maxOutstanding = integer(1);
const running = { maxOutstanding, onProgress };

export const mapChecks: Checks = {
  ...common,
  ...running,
  orderOutputs: flag,
  returnExceptions: flag,
  wrapReturnedExceptions: flag,
};
export const forEachChecks: Checks = { ...common, ...running, ignoreExceptions: flag };
export const spawnMapChecks: Checks = { ...common, ...dueChecks };

/** Options differ from inputs in that they are not iterable. */
export function splitMap<O extends MapOptions | ForEachOptions | SpawnMapOptions>(
  subject: string,
  given: readonly unknown[],
  checks: Checks,
): MapArguments<O> {
  const last = given.at(-1);
  if (last instanceof CallOptionsArgument || last instanceof KwargsArgument) {
    throw new InvalidError(`${subject} takes its options as a plain object`, {
      hint: `Write \`${subject}(…inputs, { signal, kwargs: { … } })\`.`,
    });
  }
  if (typeof last !== "object" || last === null || isIterable(last) || last instanceof Promise) {
    return { inputs: given, options: {} as O };
  }
  checkRecord(subject, "option", "", last, checks);
  return { inputs: given.slice(0, -1), options: last as O };
}
