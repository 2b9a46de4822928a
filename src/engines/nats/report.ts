/** What workers tell each other, and operators, about themselves. */

export interface WorkerReport {
  id: string;
  host: string;
  pid: number;
  /** farcall's. */
  version: string;
  /** ISO 8601. */
  startedAt: string;
  labels: string[];
  containers: number;
  /** Inputs that it has. */
  inputs: number;
  draining: boolean;
}
