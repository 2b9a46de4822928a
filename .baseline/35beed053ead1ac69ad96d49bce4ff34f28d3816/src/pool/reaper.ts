/**
 * Ends what is left when the process that runs the pools is gone, however it went. A container notices that itself unless
 * user code never returns to its event loop; what user code has started does not. So a shell waits for the end of this
 * process, and then kills the process groups that it was given last. Not on Windows, which has no such groups.
 */
import { type ChildProcess, spawn } from "node:child_process";

const SCRIPT =
  "trap '' HUP INT TERM; while read -r line; do groups=$line; done; for group in $groups; do kill -9 -$group; done";

export class Reaper {
  readonly #shell: ChildProcess;

  /** @param onError called when there can be no such shell */
  constructor(onError: (error: Error) => void) {
    // Detached: killing the group of this process must not kill it.
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#shell.on("error", onError);
    this.#shell.stdin!.on("error", () => {});
    this.#shell.unref();
    // A pipe of a child process is a socket, which its type does not say.
    (this.#shell.stdin as unknown as { unref(): void }).unref();
  }

  /** In place of those that it was given before. */
  watch(groups: readonly number[]): void {
    this.#shell.stdin!.write(`${groups.join(" ")}\n`);
  }
}
