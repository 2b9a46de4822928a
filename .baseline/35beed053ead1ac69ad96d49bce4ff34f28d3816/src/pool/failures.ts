/** What the pool itself reports when an input fails for reasons other than the user's code. */
import type { Failure } from "../engine/index.ts";
import type { Input } from "./call.ts";
import { READER_MS } from "./deadlines.ts";
import type { DeathCause } from "./death.ts";
import type { Workload } from "./workload.ts";

export function timedOut(input: Input): Failure {
  const { timeoutMs } = input.call.fn.schema.options;
  return {
    code: "FUNCTION_TIMEOUT",
    message: `${functionOf(input)} took longer than its timeout of ${timeoutMs} ms`,
    hint: "Raise timeoutMs in the function's options, or split the work into smaller inputs.",
  };
}

export function abandonedByReader(input: Input): Failure {
  return {
    code: "CANCELLED",
    message: `${functionOf(input)}: the generator was stopped, since its reader had not asked for more in ${READER_MS} ms`,
    hint: "Read on, or leave the loop, which ends the generator at once.",
  };
}

export function outOfMemory(workload: Workload): Failure {
  const { memoryMiB } = workload.options;
  return {
    code: "INTERNAL_FAILURE",
    message: `${nameOf(workload)}: the container ran out of memory${memoryMiB > 0 ? ` (memoryMiB is ${memoryMiB})` : ""}`,
    hint: "Raise memoryMiB in the function's options, or split the work into smaller inputs.",
  };
}

export function diedTooOften(input: Input, detail: string): Failure {
  return {
    code: "INTERNAL_FAILURE",
    message: `${functionOf(input)}: the container died ${input.crashes} times while it ran input ${input.index} (${detail})`,
    hint: "Check whether the function calls process.exit or crashes a native module. Its logs show more: farcall logs.",
  };
}

/** @param reason what cut it off, as a clause */
export function generatorCutOff(input: Input, reason: string): Failure {
  return {
    code: "INTERNAL_FAILURE",
    message: `${functionOf(input)}: the generator had yielded ${input.yielded} values when ${reason}`,
    hint: "A generator that has yielded cannot be restarted. Call it again only if running it twice is safe.",
  };
}

export function didNotStart(workload: Workload, cause: DeathCause, detail: string): Failure {
  const what = cause === "start timed out" ? "" : cause === "load failed" ? "the app failed to load: " : `${cause}: `;
  return {
    code: "INTERNAL_FAILURE",
    message: `${nameOf(workload)}: its container did not start: ${what}${detail}`,
    hint: "The app's module runs when a container starts. Its logs show more: farcall logs.",
  };
}

/** What a pool's inputs wait for, as soon as one of so many is free. */
export interface Taken {
  readonly what: "container" | "key" | "instance";
  readonly count: number;
}

const TAKEN: Record<Taken["what"], (count: number) => { who: string; hint: string }> = {
  container: (count) => ({
    who: `all its containers (${count}) run inputs that wait`,
    hint: "Raise maxContainers or concurrency above the number of nested calls, or call the code directly instead of through remote().",
  }),
  key: (count) => ({
    who: `all inputs of one key that may run at a time (${count}) wait`,
    hint: "Give the nested call another key, raise concurrency.perKey, or call the code directly instead of through remote().",
  }),
  instance: (count) => ({
    who: `all instances that run at a time (${count}) have inputs that wait`,
    hint: "Raise FARCALL_HOST_MAX_INSTANCES above the number of nested instances, or call the code directly instead of through remote().",
  }),
};

/** @param circle each waits for the next, and the last for the first */
export function waitForEachOther(circle: readonly { name: string; taken: Taken }[]): Failure {
  // The same circle always gives the same message.
  const first = circle.reduce((least, { name }, at) => (name < circle[least]!.name ? at : least), 0);
  const pools = [...circle.slice(first), ...circle.slice(0, first)];
  const names = pools.map(({ name }) => name);
  const following = names.map((_, at) => names[(at + 1) % names.length]!);
  const parts = pools.map(({ taken }) => TAKEN[taken.what](taken.count));
  const isOne = new Set(names).size === 1;
  const summary = isOne
    ? `${names[0]} waits for itself`
    : `${names[0]} waits for ${following.join(", which waits for ")}`;
  const reasons = isOne
    ? `${parts[0]!.who} for another call of ${names[0]}`
    : parts.map(({ who }, at) => `${names[at]}: ${who} for ${following[at]}`).join("; ");
  return {
    code: "INTERNAL_FAILURE",
    message: isOne ? `${summary}: ${reasons}` : `${summary} (${reasons})`,
    hint: parts[0]!.hint,
  };
}

/** Of the function that the input is for. */
function functionOf({ call: { fn } }: Input): string {
  return `${fn.version.app}/${fn.schema.name}`;
}

/** Of the function or class, as a person writes it. */
export function nameOf({ version, name }: Workload): string {
  return `${version.app}/${name}`;
}
