/**
 * The processes of containers, in whatever language they are written: each has a private stream on its file descriptor 3,
 * an environment of its own, and, except on Windows, a process group, so that what user code has started ends with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { inherited } from "../wire/environment.ts";
import type { PoolLog } from "./log.ts";
import { Reaper } from "./reaper.ts";

export interface ContainerProcess {
  readonly child: ChildProcess;
  /** The private stream on its file descriptor 3. */
  readonly socket: Socket;
  /** Ends it at once, with all that user code has started in it. */
  kill(): void;
}

export interface ProcessesOptions {
  /** The working directory, until a container enters its project. */
  folder: string;
  /** Environment variables of every container. */
  env: Readonly<Record<string, string>>;
  log: Pick<PoolLog, "problem">;
}

export class Processes {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #reaper: Reaper | undefined;
  /** By process id, which is that of its group too. */
  readonly #running = new Map<number, ChildProcess>();

  constructor({ folder, env, log }: ProcessesOptions) {
    this.#folder = folder;
    this.#environment = { ...passedOn(process.env), ...env };
    if (process.platform !== "win32") {
      this.#reaper = new Reaper((error) => log.problem(`containers are not watched over: ${error.message}`));
    }
  }

  /** Throws when the system has no process to give. */
  spawn(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ContainerProcess {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      cwd: this.#folder,
      env: { ...this.#environment, ...env },
      windowsHide: true,
      // With a process group of its own.
      detached: this.#reaper !== undefined,
    });
    if (child.pid === undefined) throw spawnError(child, command);
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
    return { child, socket: child.stdio[3] as Socket, kill }; // a fourth pipe is a socket
  }

  /** Resolves once all processes have ended that were told to, or after a second. */
  async ended(): Promise<void> {
    const ends = [...this.#running.values()].map((child) => once(child, "exit"));
    await Promise.race([Promise.all(ends), delay(1_000, undefined, { ref: false })]);
  }
}

function passedOn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = inherited(environment);
  if (environment["FARCALL_OTEL"]) {
    for (const [name, value] of Object.entries(environment)) {
      if (name === "FARCALL_OTEL" || name.startsWith("OTEL_")) passed[name] = value;
    }
  }
  return passed;
}

/** The system's own error comes later, as an event, to a child that has no streams yet. */
function spawnError(child: ChildProcess, command: string): Error {
  child.on("error", () => {});
  return new Error(
    `the system did not start ${command}: it does not exist, or the limit of processes or open files is reached`,
  );
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // Nobody is left, or, in macOS's words, nobody who can be killed.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
