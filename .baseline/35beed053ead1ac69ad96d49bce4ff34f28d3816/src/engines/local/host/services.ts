/** What connections and the web server see of the host. */
import type { DeployRequest, DeployResult, ResolvedFunction } from "../../../engine/index.ts";
import type { Pools } from "../../../pool/index.ts";
import type { StatePaths } from "../paths.ts";
import type { HostStatus, Requests } from "../protocol.ts";
import type { Calls } from "./calls/index.ts";
import type { Registry } from "./registry/index.ts";
import type { Logs } from "./storage/index.ts";

export interface Services {
  readonly paths: StatePaths;
  readonly registry: Registry;
  readonly pools: Pick<Pools, "prepare" | "stats" | "recentStats" | "updateAutoscaler">;
  readonly calls: Calls;
  readonly logs: Logs;
  /** The host is about to stop: durable calls wait for the next one. */
  readonly draining: boolean;
  /** The URL of a web function. */
  webUrl(fn: ResolvedFunction): string | undefined;
  /** When a function's schedule runs it next, ISO 8601. */
  nextRunAt(fn: ResolvedFunction): string | undefined;
  deploy(request: DeployRequest): Promise<DeployResult>;
  rollback(to: Requests["rollback"]["params"]): Promise<DeployResult>;
  remove(app: { app: string; environment: string }): void;
  status(): HostStatus;
  /** `drain`: running inputs finish, within half a minute. */
  stop(how: "drain" | "force"): void;
}
