/** The `nats` engine: apps on any number of machines, which share their work over NATS. */
export { natsEngine } from "./engine.ts";
export type { InitOptions, InitStep } from "./layout.ts";
export { initializeNats, newSealKey } from "./operate.ts";
export { runWorker, type WorkerHandle, type WorkerSettings } from "./worker/index.ts";
