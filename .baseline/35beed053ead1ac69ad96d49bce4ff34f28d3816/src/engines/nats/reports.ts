/** What operators are told, and what workers tell each other about themselves. */
import type { FunctionStats } from "../../engine/index.ts";

/** Of one function, at one worker. */
export interface WorkerStats extends FunctionStats {
  /** Inputs that wait at sources, as far as it has heard: all workers hear the same. */
  waiting: number;
}

export interface InitOptions {
  /** Copies of each stream, on as many servers: 1, 3 or 5. */
  replicas: number;
  /** Says what would be done, and does nothing. */
  dryRun?: boolean;
}

export interface InitStep {
  stream: string;
  /** For people: what it keeps. */
  what: string;
  action: "create" | "update" | "keep";
  /** What differs. */
  detail?: string;
}
