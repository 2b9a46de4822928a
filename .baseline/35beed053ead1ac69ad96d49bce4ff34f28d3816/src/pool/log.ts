/** Where a pool reports: what containers print, and what goes wrong that no caller sees. The engine says where that is kept. */
import type { Call } from "./call.ts";
import type { Workload } from "./workload.ts";

export interface ContainerOutput {
  workload: Workload;
  /** The container's id. */
  container: string;
  /** `system`: what the pool has to say about the container. */
  stream: "stdout" | "stderr" | "system";
  text: string;
  /** What it belongs to, as far as that is known. */
  call?: Call | undefined;
  index?: number | undefined;
}

export interface PoolLog {
  output(output: ContainerOutput): void;
  /** @param error its stack is wanted too: it should not have happened */
  problem(what: string, error?: unknown): void;
}
