/**
 * Container processes before they know what they run. Starting Node and loading the container's code is most of a cold
 * start, and the same for every function: so while there is work one blank process is kept ready.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { StatePaths } from "../engines/local/paths.ts";
import { inherited } from "../wire/environment.ts";
import { Reaper } from "./reaper.ts";

/** Runs at a time while a process is made: more would only slow each other down. */
const SPARE_DELAY_MS = 30;

const entry = fileURLToPath(
  new URL(`../container/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

export interface ContainerProcess {
  child: ChildProcess;
  /** The private stream on its file descriptor 3. */
  socket: Socket;
  /** Ends it at once, with all that user code has started in it. */
  kill(): void;
}

export class Processes {
  readonly #paths: StatePaths;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #reaper = process.platform === "win32" ? undefined : new Reaper();
  /** By process id, which is that of its group too. */
  readonly #running = new Map<number, ChildProcess>();
  #spare: ContainerProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(paths: StatePaths) {
    this.#paths = paths;
    const environment: NodeJS.ProcessEnv = inherited(process.env);
    if (process.env["FARCALL_OTEL"]) {
      for (const [name, value] of Object.entries(process.env)) {
        if (name === "FARCALL_OTEL" || name.startsWith("OTEL_")) environment[name] = value;
      }
    }
    environment["FARCALL_HOME"] = paths.state;
    environment["FARCALL_ENGINE"] = paths.url;
    environment["NODE_COMPILE_CACHE"] = paths.compileCache;
    this.#environment = environment;
  }

  /** A process for a container with this heap limit, in MiB (0: none). Throws when the system has no process to give. */
  take(memoryMiB: number): ContainerProcess {
    const spare = this.#spare;
    if (spare && memoryMiB === 0) {
      this.#spare = undefined;
      return spare;
    }
    return this.#spawn(memoryMiB > 0 ? [`--max-old-space-size=${memoryMiB}`] : []);
  }

  /** Makes a spare soon, unless there is one. */
  prepare(): void {
    if (this.#spare || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      let spare: ContainerProcess;
      try {
        spare = this.#spawn([]);
      } catch {
        // A spare is only for speed: whoever needs a process will see the error.
        return;
      }
      this.#spare = spare;
      const gone = (): void => {
        if (this.#spare === spare) this.#spare = undefined;
      };
      spare.child.on("error", gone).on("exit", gone);
      spare.socket.on("error", gone).on("close", gone);
      // What it says before it is used is of no function.
      spare.child.stdout!.resume();
      spare.child.stderr!.resume();
    }, SPARE_DELAY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#spare?.kill();
    this.#spare = undefined;
  }

  /** Resolves once all have ended, which were told to; later than in a second nothing is to be hoped for. */
  async ended(): Promise<void> {
    const ends = [...this.#running.values()].map((child) => once(child, "exit"));
    await Promise.race([Promise.all(ends), delay(1_000, undefined, { ref: false })]);
  }

  #spawn(flags: string[]): ContainerProcess {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...flags, entry], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      cwd: this.#paths.state,
      env: this.#environment,
      windowsHide: true,
      // With a process group of its own.
      detached: this.#reaper !== undefined,
    });
    if (child.pid === undefined) {
      // The error itself comes as an event, to a child that has no streams yet.
      child.on("error", () => {});
      throw new Error("the system refused to start another process (its limit of processes or open files is reached)");
    }
    const { pid } = child;
    this.#running.set(pid, child);
    this.#reaper?.watch([...this.#running.keys()]);
    const kill = (): void => {
      if (this.#reaper) killGroup(pid);
      else child.kill("SIGKILL");
    };
    child.once("exit", () => {
      // What it has started ends with it.
      kill();
      this.#running.delete(pid);
      this.#reaper?.watch([...this.#running.keys()]);
    });
    return { child, socket: child.stdio[3] as Socket, kill };
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // Nobody is left, or, as macOS says it, nobody who can be killed.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
