/**
 * FunctionOptions: what a producer may say about how a function runs, checked when the function is defined, because a
 * wrong option found at deploy is found too late.
 */
import type { ResolvedFunctionOptions, RetryPolicy } from "../schema/index.ts";

export interface FunctionOptions {
  /** Name in the app; default: the function's own name, then the name it is exported under. */
  name?: string;
  /** Attempts after the first, or a policy. Default 0. */
  retries?: number | Partial<RetryPolicy>;
  /** Longest time for one attempt, in milliseconds. Default 300 000. */
  timeoutMs?: number;
  /** Longest time for a container to load the app, in milliseconds. Default 60 000. */
  startupTimeoutMs?: number;
  /** Containers kept warm. Default 0. */
  minContainers?: number;
  /** Default: the number of cores. */
  maxContainers?: number;
  /** Idle containers kept beyond those at work, while there is work. Default 0. */
  bufferContainers?: number;
  /** How long a container stays idle before it stops, in milliseconds. Default 60 000. */
  scaledownWindowMs?: number;
  /** Inputs that one container runs at a time. Default 1. */
  concurrency?: { maxInputs: number };
  /** Environment variables of the deploying shell to hand to the container, by name. */
  secrets?: readonly string[];
  /** Environment variables for the container. */
  env?: Readonly<Record<string, string>>;
  /** Heap limit of the container, in MiB. Default: Node's own. */
  memoryMiB?: number;
  /** Check arguments against the deployed schema before they reach the function. Default true. */
  validate?: boolean;
}

/** FunctionOptions with defaults; maxContainers 0 stands for "as many as the engine has cores". */
export type { ResolvedFunctionOptions };
