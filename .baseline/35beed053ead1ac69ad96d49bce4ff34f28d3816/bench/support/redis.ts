/** A Redis server of the benchmark's own, on a unix socket in a throwaway folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasProgram } from "./peers.ts";

export class Redis implements AsyncDisposable {
  readonly socket: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.socket = join(folder, "s");
    this.#child = child;
  }

  /** `durable`: every acknowledged write is on disk. Undefined when no redis-server is installed. */
  static async start(options: { durable: boolean }): Promise<Redis | undefined> {
    if (!hasProgram("redis-server")) return undefined;
    const folder = mkdtempSync(join(tmpdir(), "fcq-"));
    const persistence = options.durable ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
    const child = spawn(
      "redis-server",
      ["--port", "0", "--unixsocket", join(folder, "s"), "--dir", folder, "--save", "", ...persistence],
      { stdio: "ignore" },
    );
    const redis = new Redis(folder, child);
    while (!existsSync(redis.socket)) {
      if (child.exitCode !== null) throw new Error(`redis-server exited with ${child.exitCode}`);
      await sleep(20);
    }
    return redis;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill();
    await exited;
    rmSync(this.#folder, { recursive: true });
  }
}
