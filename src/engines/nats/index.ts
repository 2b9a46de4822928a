/** The `nats` engine: apps on any number of machines, which share their work over NATS. Workers have a door of their own. */
export { natsEngine } from "./engine.ts";
export type { InitOptions, InitStep } from "./layout.ts";
export { initializeNats, listWorkers, newSealKey } from "./operate.ts";
export type { WorkerReport } from "./report.ts";
