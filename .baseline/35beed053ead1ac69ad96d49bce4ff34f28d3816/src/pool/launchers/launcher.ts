/** What starts a container for functions of one language. All that a pool asks of the process is to speak src/wire on its file descriptor 3. */
import type { ContainerProcess } from "../processes.ts";

export interface LaunchOptions {
  /** Limit of the heap in MiB; 0 for none. */
  memoryMiB: number;
}

export interface Launcher {
  /** A process that waits for its `load` message. Throws when the system has no process to give. */
  launch(options: LaunchOptions): ContainerProcess;
  /** Work is coming: a launcher may keep something ready for it. */
  prepare?(): void;
  /** No more containers will be started. */
  close?(): void;
}
