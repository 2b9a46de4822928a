/** What a durable call needs of the host. */
import type { AttemptsFile, CallStorage } from "../storage/index.ts";
import type { Backlog } from "./backlog.ts";
import type { DueCalls } from "./due-calls.ts";

export interface DurableHost {
  readonly storage: CallStorage;
  readonly attempts: AttemptsFile;
  readonly backlog: Backlog;
  readonly due: DueCalls;
  /** Begins nothing that the next host can do. */
  readonly draining: boolean;
  warn(message: string): void;
}

/** A disk that is full or cannot be read is tried again after so long, in milliseconds. */
export const AGAIN_MS = 1_000;
