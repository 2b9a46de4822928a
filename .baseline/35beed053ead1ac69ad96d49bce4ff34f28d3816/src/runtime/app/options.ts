/**
 * FunctionOptions: what a producer may say about how a function runs, checked when the function is defined, because a
 * wrong option found at deploy is found too late.
 */
import type {
  BatchOptions,
  ConcurrencyOptions,
  RateLimit,
  ResolvedFunctionOptions,
  RetryPolicy,
  Schedule,
} from "../../schema/index.ts";
import { autoscalerChecks } from "../autoscaler-settings.ts";
import { type Checks, checkRecord, describe, duration, finite, integer, isRecord } from "../checks.ts";
import type { Codec } from "../custom-codecs.ts";
import { InvalidError } from "../errors.ts";
import { isName } from "../names.ts";
import { type AnyKey, argumentPaths, type KeyPart } from "./argument-path.ts";

/**
 * Says which inputs belong together: an argument, a property of one, or a list of such. It is called once, when the function is
 * defined, and kept as a place in the arguments, so it cannot compute: `(order) => order.customer`.
 * @typeParam P the function's parameters
 */
export interface KeyedBy<P extends readonly unknown[]> {
  key(...args: P): KeyPart | readonly KeyPart[];
}

/**
 * Of options that are written before it is known whose they are: those of a helper that registers any function. Only `any` suits
 * the parameters of every function.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyParameters = any;

/** How many inputs run at the same time. @typeParam P the function's parameters */
export type Concurrency<P extends readonly unknown[] = AnyParameters> =
  | { maxInputs: number; key?: undefined; perKey?: undefined }
  | (KeyedBy<P> & {
      /** In one container. Default 1. */
      maxInputs?: number;
      /** Of one key, in all containers together. Inputs of other keys overtake those that wait. */
      perKey: number;
    });

/** How many inputs may start in a span of time. @typeParam P the function's parameters */
export interface Limit<P extends readonly unknown[] = AnyParameters> extends Partial<KeyedBy<P>> {
  /** Most inputs that start in any `perMs` milliseconds, in all containers together; of one key, when there is one. */
  count: number;
  perMs: number;
}

/** @typeParam P the function's parameters, for `key` */
export interface FunctionOptions<P extends readonly unknown[] = AnyParameters> {
  /** Name in the app; default: the function's own name, then the name it is exported under. */
  name?: string;
  /**
   * Attempts after the first, one second apart; or a policy, whose parts default to `{ maxRetries: 0, backoffCoefficient: 2,
   * initialDelayMs: 1000, maxDelayMs: 60_000 }`. Each wait is up to a fifth longer, by chance. Default 0.
   */
  retries?: number | Partial<RetryPolicy>;
  /** Longest time for one attempt, in milliseconds. Default 300 000. */
  timeoutMs?: number;
  /** Longest time for a container to load the app, in milliseconds. Default 60 000. */
  startupTimeoutMs?: number;
  /**
   * How long spawned inputs wait while containers fail to start, in milliseconds, before they fail too. Calls whose callers wait fail at
   * once. Default a day.
   */
  startRetryMs?: number;
  /** Containers kept warm. Default 0. */
  minContainers?: number;
  /** Default: the number of cores. */
  maxContainers?: number;
  /** Idle containers kept beyond those at work, while there is work. Default 0. */
  bufferContainers?: number;
  /** How long a container stays idle before it stops, in milliseconds. Default 60 000. */
  scaledownWindowMs?: number;
  /**
   * Inputs that one container runs at a time, 1 by default; and how many of one key run at a time in all containers:
   * `{ maxInputs: 4, key: (order) => order.customer, perKey: 2 }`.
   */
  concurrency?: Concurrency<P>;
  /** Inputs that may start in a span of time: `{ count: 100, perMs: 60_000 }`. Those beyond wait. */
  limit?: Limit<P>;
  /** Environment variables of the deploying shell to hand to the container, by name. */
  secrets?: readonly string[];
  /** Environment variables for the container. */
  env?: Readonly<Record<string, string>>;
  /** Heap limit of the container, in MiB. Default: Node's own. */
  memoryMiB?: number;
  /** Check arguments against the deployed schema before they reach the function. Default true. */
  validate?: boolean;
  /**
   * Inputs, of any calls, run together: the function takes an array for each of its parameters and returns (a promise of) an
   * array with the result of each input, in their order. Callers give and get single items. What it throws fails the batch.
   */
  batch?: BatchOptions;
  /**
   * The function answers HTTP too, at the URL that `getWebUrl()` gives: POST a JSON object of its arguments by name, get its
   * result as JSON. A request is not tried again.
   */
  web?: boolean;
  /**
   * The function runs by itself, without arguments: `cron("0 9 * * *")`, `every({ hours: 1 })`. A run that was missed because
   * nothing was running is made up for once within a day.
   */
  schedule?: Schedule;
  /**
   * Error classes that callers get as classes, so that `instanceof` holds: the stubs export them. As `@throws {TooLarge}` in the
   * function's documentation does. Write them out here; each extends Error.
   */
  errors?: readonly (abstract new (
    ...args: never
  ) => Error)[];
  /**
   * Leaves optional properties whose values cannot cross the wire (callbacks, symbols, streams, instances of classes with methods) out of
   * the types that callers get, and out of results, where they would otherwise be refused. A deploy lists them. Write it out here.
   */
  omit?: "uncrossable";
}

/** What an app may say for all its functions: nothing that depends on their arguments. */
export interface AppOptions extends Omit<FunctionOptions, OwnOption | "concurrency"> {
  /** Inputs that one container runs at a time. Default 1. */
  concurrency?: { maxInputs: number };
  /** How values of classes cross the wire that it does not know: `codecs: [decimal]`, each made by `codec()`. Callers register them too. */
  codecs?: readonly Codec<unknown, unknown>[];
}

/** Options of `app.web`: HTTP requests are not tried again, and have no key. */
export interface WebOptions extends Omit<AppOptions, "retries" | "codecs"> {
  /** Name in the app; default: the handler's own name, then the name it is exported under. */
  name?: string;
  /** Requests that may start in a span of time. Those beyond wait. */
  limit?: { count: number; perMs: number };
}

type OwnOption = (typeof OWN_OPTIONS)[number];
export const OWN_OPTIONS = ["name", "batch", "web", "schedule", "limit", "errors", "omit"] as const;

/** FunctionOptions with defaults; maxContainers 0 stands for "as many as the engine has cores". */
export type { ResolvedFunctionOptions };

const retryChecks: Checks = {
  maxRetries: integer(0),
  backoffCoefficient: finite(1),
  initialDelayMs: duration(0),
  maxDelayMs: duration(0),
};

const key = (value: unknown) =>
  typeof value === "function" ? undefined : "must be a function: (order) => order.customer";

const concurrencyChecks: Checks = { maxInputs: integer(1), key, perKey: integer(1) };

/** Starts of the last `perMs` milliseconds are remembered one by one. */
const MAX_COUNT = 100_000;

const limitChecks: Checks = {
  count: (value) => integer(1)(value) ?? ((value as number) > MAX_COUNT ? `must be at most ${MAX_COUNT}` : undefined),
  perMs: duration(1),
  key,
};

const batchChecks: Checks = { maxSize: integer(1), waitMs: duration(0) };

const NAME_RULE = "must be a name: letters, digits, - and _, starting with a letter or _";

const checks: Checks = {
  name: (value) => (typeof value === "string" && isName(value) ? undefined : NAME_RULE),
  retries: (value) => (isRecord(value) ? undefined : integer(0)(value)),
  timeoutMs: duration(1),
  startupTimeoutMs: duration(1),
  startRetryMs: duration(0),
  ...autoscalerChecks,
  concurrency: (value) => (isRecord(value) ? undefined : "must be an object: { maxInputs: 10 }"),
  limit: (value) => (isRecord(value) ? undefined : "must be an object: { count: 100, perMs: 60_000 }"),
  secrets: (value) =>
    Array.isArray(value) && value.every((name) => typeof name === "string" && name !== "")
      ? undefined
      : "must be a list of names of environment variables",
  env: (value) =>
    isRecord(value) && Object.values(value).every((text) => typeof text === "string")
      ? undefined
      : "must be an object of strings",
  memoryMiB: integer(32),
  validate: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  web: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  schedule: (value) =>
    isRecord(value) && (value["kind"] === "cron" || value["kind"] === "every")
      ? undefined
      : 'must be made by cron("0 9 * * *") or every({ hours: 1 })',
  omit: (value) => (value === "uncrossable" ? undefined : 'must be "uncrossable"'),
  errors: (value) =>
    Array.isArray(value) && value.every(isErrorClass) ? undefined : "must be a list of classes that extend Error",
  batch: (value) => (isRecord(value) ? undefined : "must be an object: { maxSize: 32, waitMs: 20 }"),
};

function isErrorClass(value: unknown): boolean {
  return typeof value === "function" && value.prototype instanceof Error;
}

/**
 * Checks options (InvalidError) and fills in the defaults.
 * @param subject what they are options of, for messages: `function "resize"`
 * @param layers the app's defaults, then the function's own, which win
 */
export function resolveOptions(subject: string, ...layers: readonly FunctionOptions[]): ResolvedFunctionOptions {
  for (const layer of layers) checkOptions(subject, layer);
  const given: FunctionOptions = Object.assign({}, ...layers.map(withoutUndefined));
  const resolved: ResolvedFunctionOptions = {
    retries: resolveRetries(given.retries ?? 0),
    timeoutMs: given.timeoutMs ?? 300_000,
    startupTimeoutMs: given.startupTimeoutMs ?? 60_000,
    minContainers: given.minContainers ?? 0,
    maxContainers: given.maxContainers ?? 0,
    bufferContainers: given.bufferContainers ?? 0,
    scaledownWindowMs: given.scaledownWindowMs ?? 60_000,
    concurrency: resolveConcurrency(subject, given.concurrency),
    secrets: [...(given.secrets ?? [])],
    env: { ...given.env },
    memoryMiB: given.memoryMiB ?? 0,
    validate: given.validate ?? true,
  };
  if (given.startRetryMs !== undefined) resolved.startRetryMs = given.startRetryMs;
  if (given.schedule) resolved.schedule = { ...given.schedule };
  if (given.web) resolved.web = true;
  if (given.batch && given.web) {
    throw new InvalidError(`${subject}: a batched function cannot answer HTTP as well`, {
      hint: "Write another function that answers HTTP and calls this one with remote().",
    });
  }
  if (given.omit) resolved.omit = given.omit;
  if (given.limit) resolved.limit = resolveLimit(subject, given.limit);
  refuseTogether(subject, resolved, given);
  if (given.batch) resolved.batch = { maxSize: given.batch.maxSize, waitMs: given.batch.waitMs };
  if (resolved.maxContainers > 0 && resolved.minContainers > resolved.maxContainers) {
    throw new InvalidError(
      `${subject}: minContainers (${resolved.minContainers}) is more than maxContainers (${resolved.maxContainers})`,
      { hint: "Raise maxContainers or lower minContainers." },
    );
  }
  return resolved;
}

function checkOptions(subject: string, options: FunctionOptions): void {
  if (!isRecord(options)) throw new InvalidError(`${subject}: options must be an object, not ${describe(options)}`);
  checkRecord(subject, "option", "", options, checks);
  if (isRecord(options.retries)) checkRecord(subject, "part of retries", "retries.", options.retries, retryChecks);
  if (isRecord(options.batch)) {
    checkRecord(subject, "part of batch", "batch.", options.batch, batchChecks);
    if (options.batch.maxSize === undefined || options.batch.waitMs === undefined) {
      throw new InvalidError(`${subject}: batch needs both maxSize and waitMs`, {
        hint: "Write `batch: { maxSize: 32, waitMs: 20 }`.",
      });
    }
  }
  if (isRecord(options.concurrency)) {
    const { concurrency } = options;
    checkRecord(subject, "part of concurrency", "concurrency.", concurrency, concurrencyChecks);
    if ((concurrency.key === undefined) !== (concurrency.perKey === undefined)) {
      throw new InvalidError(`${subject}: concurrency needs both key and perKey, or neither`, {
        hint: "Write `concurrency: { maxInputs: 4, key: (order) => order.customer, perKey: 2 }`.",
      });
    }
  }
  if (isRecord(options.limit)) {
    checkRecord(subject, "part of limit", "limit.", options.limit, limitChecks);
    if (options.limit.count === undefined || options.limit.perMs === undefined) {
      throw new InvalidError(`${subject}: limit needs both count and perMs`, {
        hint: "Write `limit: { count: 100, perMs: 60_000 }`.",
      });
    }
  }
}

function resolveConcurrency(subject: string, given: FunctionOptions["concurrency"]): ConcurrencyOptions {
  const maxInputs = given?.maxInputs ?? 1;
  if (given?.key === undefined) return { maxInputs };
  return { maxInputs, key: argumentPaths(`${subject}: concurrency.key`, given.key as AnyKey), perKey: given.perKey };
}

function resolveLimit(subject: string, { count, perMs, key: by }: Limit): RateLimit {
  return by === undefined ? { count, perMs } : { count, perMs, key: argumentPaths(`${subject}: limit.key`, by) };
}

/** Inputs are held back one by one, by one key, which is read from their arguments. */
function refuseTogether(
  subject: string,
  { concurrency, limit }: ResolvedFunctionOptions,
  given: FunctionOptions,
): void {
  const keyed = concurrency.key ? "concurrency.key" : limit?.key ? "limit.key" : undefined;
  if (given.batch && (keyed || limit)) {
    throw new InvalidError(`${subject}: a batched function cannot have ${keyed ?? "limit"}`, {
      hint: "Limit the function that calls it, or the callers of each input.",
    });
  }
  if (given.web && keyed) {
    throw new InvalidError(`${subject}: a function that answers HTTP cannot have ${keyed}`, {
      hint: "Write another function that answers HTTP and calls this one with remote().",
    });
  }
  if (concurrency.key && limit?.key && JSON.stringify(concurrency.key) !== JSON.stringify(limit.key)) {
    throw new InvalidError(`${subject}: concurrency.key and limit.key are not the same`, {
      hint: "Use one key for both, or let one function call another that has the second limit.",
    });
  }
}

function withoutUndefined(options: FunctionOptions): FunctionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** A bare number waits one second each time; a policy backs off. */
function resolveRetries(retries: number | Partial<RetryPolicy>): RetryPolicy {
  if (typeof retries === "number") {
    return { maxRetries: retries, backoffCoefficient: 1, initialDelayMs: 1000, maxDelayMs: 60_000 };
  }
  return {
    maxRetries: retries.maxRetries ?? 0,
    backoffCoefficient: retries.backoffCoefficient ?? 2,
    initialDelayMs: retries.initialDelayMs ?? 1000,
    maxDelayMs: retries.maxDelayMs ?? 60_000,
  };
}
