/**
 * Containers of TypeScript functions: Node, running container/main. Starting Node and loading the container's code is most
 * of a cold start, and the same for every function, so one blank process is kept ready while there is work.
 */
import { fileURLToPath } from "node:url";
import type { ContainerProcess, Processes } from "../processes.ts";
import type { Launcher, LaunchOptions } from "./launcher.ts";

/** Inputs run while a process is made: more than one at a time would only slow each other down. */
const SPARE_DELAY_MS = 30;

const OWN_ENTRY = fileURLToPath(
  new URL(`../../container/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

export interface NodeLauncherOptions {
  /** Folder in which Node keeps compiled code. */
  compileCache: string;
  /** The container's program; farcall's own by default. */
  entry?: string;
}

export class NodeLauncher implements Launcher {
  readonly #processes: Processes;
  readonly #entry: string;
  readonly #env: Readonly<Record<string, string>>;
  #spare: ContainerProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(processes: Processes, { compileCache, entry = OWN_ENTRY }: NodeLauncherOptions) {
    this.#processes = processes;
    this.#entry = entry;
    this.#env = { NODE_COMPILE_CACHE: compileCache };
  }

  launch({ memoryMiB }: LaunchOptions): ContainerProcess {
    const spare = this.#spare;
    if (spare && memoryMiB === 0) {
      this.#spare = undefined;
      return spare;
    }
    return this.#spawn(memoryMiB > 0 ? [`--max-old-space-size=${memoryMiB}`] : []);
  }

  /** Makes a spare soon, unless there is one. */
  prepare(): void {
    if (this.#spare || this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      let spare: ContainerProcess;
      try {
        spare = this.#spawn([]);
      } catch {
        // A spare is only for speed: a container that needs a process will report the error.
        return;
      }
      this.#spare = spare;
      const gone = (): void => {
        if (this.#spare === spare) this.#spare = undefined;
      };
      spare.child.on("error", gone).on("exit", gone);
      spare.socket.on("error", gone).on("close", gone);
      // What it prints before it is used belongs to no function.
      spare.child.stdout!.resume();
      spare.child.stderr!.resume();
    }, SPARE_DELAY_MS);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#spare?.kill();
    this.#spare = undefined;
  }

  #spawn(flags: string[]): ContainerProcess {
    const args = ["--disable-warning=ExperimentalWarning", ...flags, this.#entry];
    return this.#processes.spawn(process.execPath, args, this.#env);
  }
}
