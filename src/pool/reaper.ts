/**
 * Ends what a host leaves behind when it is gone, however it went. A container notices that itself unless user code never returns
 * to its event loop; what user code has started does not. So a shell waits for the end of this process, and then
 * kills the process groups that it was told of last. Not on Windows, which has no such groups.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { warn } from "../engines/local/host/failures.ts";

const SCRIPT =
  "trap '' HUP INT TERM; while read -r line; do groups=$line; done; for group in $groups; do kill -9 -$group; done";

export class Reaper {
  readonly #shell: ChildProcess;

  constructor() {
    // Detached: who kills the host's group is to leave it.
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#shell.on("error", (error) => warn(`containers are not watched over: ${error.message}`));
    this.#shell.stdin!.on("error", () => {});
    this.#shell.unref();
    (this.#shell.stdin as unknown as { unref(): void }).unref();
  }

  /** In place of those that it was told of before. */
  watch(groups: readonly number[]): void {
    this.#shell.stdin!.write(`${groups.join(" ")}\n`);
  }
}
