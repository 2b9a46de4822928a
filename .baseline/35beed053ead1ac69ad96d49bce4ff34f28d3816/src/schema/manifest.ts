/**
 * AppManifest: a deployed app as plain JSON. A deploy writes it, the engine's registry keeps it, codegen reads it.
 */
import type { Declaration, ReferenceType, TypeParameterSchema, TypeSchema } from "./type-schema.ts";

/**
 * The version of this format. A reader refuses a manifest of another one. Until the package is published, additions belong to
 * version 1; after that, a change that an older reader would refuse or misread makes it 2.
 */
export const SCHEMA_VERSION = 1;

/** How a function responds: once, many times, or over HTTP. */
export type FunctionMode = "unary" | "generator" | "web";

export interface ParameterSchema {
  name: string;
  type: TypeSchema;
  optional?: true;
  /** The declaration has a default, as source text for documentation: `= 100`. Such a parameter is optional to callers. */
  default?: string;
  /** The last parameter, taking all that is left; `type` is then the array or tuple type. */
  rest?: true;
  /** Can be passed by name only (Python's `*`). */
  keywordOnly?: true;
  /** Can be passed by position only, although the function's other parameters have names (those before Python's `/`). */
  positionalOnly?: true;
  /** The last parameter, taking all arguments whose names no other parameter has (Python's `**`); `type` is that of each value. */
  keywordRest?: true;
  doc?: string;
}

/** One way to call a function. */
export interface CallSignature {
  typeParameters?: TypeParameterSchema[];
  parameters: ParameterSchema[];
  /** Awaited: never a Promise. What one iteration yields for a generator. */
  returns: TypeSchema;
  doc?: string;
}

export interface SourceLocation {
  /** Relative to the app's project root, with forward slashes. */
  file: string;
  /** 1-based. */
  line: number;
}

export interface RetryPolicy {
  /** Attempts after the first. */
  maxRetries: number;
  backoffCoefficient: number;
  initialDelayMs: number;
  maxDelayMs: number;
}

/** Inputs that run together in one call of the function, which takes and returns arrays. */
export interface BatchOptions {
  /** Most inputs of a batch. */
  maxSize: number;
  /** How long an input waits for others to join it, in milliseconds. */
  waitMs: number;
}

/** Where in the arguments of an input a value lies: the argument's index, then names of properties and indices. */
export type ArgumentPath = (string | number)[];

/** How many inputs run at the same time. */
export interface ConcurrencyOptions {
  /** In one container. */
  maxInputs: number;
  /** Inputs whose arguments agree in all these places have the same key. */
  key?: ArgumentPath[];
  /** For each key, in all containers together. Present when there is a key. */
  perKey?: number;
}

/** How many inputs may start in a span of time, in all containers together. */
export interface RateLimit {
  /** Most inputs that start in any `perMs` milliseconds. */
  count: number;
  perMs: number;
  /** Then `count` holds for each key: see ConcurrencyOptions. */
  key?: ArgumentPath[];
}

/** When a function runs by itself, without arguments. */
export type Schedule =
  /** Five fields, or six with seconds first; in this time zone. */
  | { kind: "cron"; expression: string; timezone: string }
  /** Counted from the deploy. */
  | { kind: "every"; everyMs: number };

/** FunctionOptions with every default filled in. */
export interface ResolvedFunctionOptions {
  retries: RetryPolicy;
  /** Per attempt, in milliseconds. */
  timeoutMs: number;
  startupTimeoutMs: number;
  /** How long spawned inputs wait for containers that fail to start; absent: a day. */
  startRetryMs?: number;
  minContainers: number;
  maxContainers: number;
  bufferContainers: number;
  scaledownWindowMs: number;
  concurrency: ConcurrencyOptions;
  limit?: RateLimit;
  /** Names of environment variables of the deploying shell that the container gets. */
  secrets: string[];
  env: Record<string, string>;
  /** Heap limit of the container in MiB; 0 means that farcall does not set one. */
  memoryMiB: number;
  /** Check arguments against the schema at the container's boundary. */
  validate: boolean;
  batch?: BatchOptions;
  /** The function can also be called over HTTP, with arguments and result as JSON. */
  web?: true;
  schedule?: Schedule;
  /** Optional properties that cannot cross the wire are left out of its types, and of its results. */
  omit?: "uncrossable";
}

export interface FunctionSchema extends CallSignature {
  /** A method's begins with its class's name: `Model.predict`. */
  name: string;
  /** The class whose instances run it: see ClassSchema. */
  class?: string;
  mode: FunctionMode;
  /** Present when the function is overloaded: all its signatures in order; the fields of this object are then those of the last, but for `doc`, which is that of the whole. */
  overloads?: CallSignature[];
  /** Arguments can be passed by name too (Python functions). */
  keywords?: true;
  /** The error classes that it declares: declarations that have `error`. It may throw others too. */
  errors?: ReferenceType[];
  /** Names of the optional properties that its types lack because values of them cannot cross the wire: see the option `omit`. */
  omitted?: string[];
  source?: SourceLocation;
  options: ResolvedFunctionOptions;
  /** Stable hash of everything that callers' types depend on; see signature.ts. A method's includes its class's constructor. */
  signature: string;
}

/** One way to construct an instance. */
export type ConstructorSchema = Pick<CallSignature, "parameters" | "doc">;

/**
 * A class whose instances are made where its methods run, one for each set of arguments that callers construct it with. The
 * methods are functions of the app that name it as their class; the options of all of them agree on its containers.
 */
export interface ClassSchema {
  name: string;
  doc?: string;
  /** In order; more than one when the constructor is overloaded. */
  constructors: ConstructorSchema[];
  source?: SourceLocation;
  /** As for a function: a hash of everything that callers of its constructor depend on. */
  signature: string;
}

export interface AppManifest {
  schemaVersion: typeof SCHEMA_VERSION;
  app: string;
  environment: string;
  /** Counts deploys of this app and environment, from 1. 0 before the registry has assigned one. */
  version: number;
  /** ISO 8601; empty before the registry has assigned it. */
  deployedAt: string;
  language: "typescript" | "python";
  doc?: string;
  declarations: Declaration[];
  functions: FunctionSchema[];
  /** Absent when there are none. */
  classes?: ClassSchema[];
}
