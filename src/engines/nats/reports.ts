/** What operators are told, and what workers tell each other about themselves. */

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
