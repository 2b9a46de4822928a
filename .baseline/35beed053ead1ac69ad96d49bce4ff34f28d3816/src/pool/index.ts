/**
 * Pools of containers: what every machine that runs functions shares, whatever engine it serves. A pool knows the calls that
 * it runs (Call), the versions they belong to (Versions), what starts a container (Launcher) and where it reports (PoolLog);
 * it knows no client, registry, disk, path or socket of callers.
 */
export { type Load, type ScalingPolicy, type Target, targetOf } from "./autoscaler.ts";
export {
  type Call,
  type CallPool,
  type CancelOptions,
  Input,
  type OutcomeKind,
  type ParentInput,
} from "./call.ts";
export { CallInPool } from "./call-in-pool.ts";
export { queueTime } from "./clock.ts";
export type { Container, ContainerState } from "./container.ts";
export { type Launcher, type LaunchOptions, NodeLauncher, type NodeLauncherOptions } from "./launchers/index.ts";
export type { ContainerOutput, PoolLog } from "./log.ts";
export type { Pool } from "./pool.ts";
export { Pools, type PoolsOptions } from "./pools.ts";
export { type ContainerProcess, Processes, type ProcessesOptions } from "./processes.ts";
export { Queue } from "./queue.ts";
export { memoryOf, type RoomLimits } from "./room.ts";
export { Schedules, type SchedulesOptions } from "./schedules.ts";
export { deployedSettings, mergeSettings, type Settings } from "./settings.ts";
export { startSdk, startTelemetry, telemetry } from "./telemetry.ts";
export {
  type DeployedFunction,
  isNamed,
  type Version,
  type Versions,
  type Workload,
  workloadKey,
  workloadOf,
} from "./workload.ts";
