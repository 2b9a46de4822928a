/**
 * A contestant is a separate process that runs bursts of work on request over IPC, so that its heap, threads
 * and sockets do not affect other contestants, and that stays warm while the others have their turn.
 */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { percentile } from "./measure.ts";

/** A request to a contestant. */
export interface Burst {
  kind: "latency" | "latencies" | "throughput";
  /** Calls to make. */
  count: number;
}

export interface Latency {
  /** Microseconds. */
  p50: number;
  p99: number;
}

/** Calls of one burst while something else goes on. */
const CALLS_BESIDE = 100;

export class Contestant implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts `contestants/<file>` and waits until it is ready for its first burst. */
  static async start(
    file: string,
    options: { env?: NodeJS.ProcessEnv; args?: string[]; execArgv?: string[] } = {},
  ): Promise<Contestant> {
    const child = fork(join(import.meta.dirname, "../contestants", file), options.args ?? [], {
      env: options.env ?? process.env,
      execArgv: options.execArgv ?? [],
      serialization: "advanced",
    });
    const contestant = new Contestant(child);
    await contestant.#reply(file);
    return contestant;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  latency(count: number): Promise<Latency> {
    return this.#ask<Latency>({ kind: "latency", count });
  }

  /** Of the calls made until `load` is done. */
  async latencyBeside(load: Promise<unknown>): Promise<Latency> {
    let done = false;
    const ended = load.finally(() => {
      done = true;
    });
    const all: number[] = [];
    while (!done) all.push(...(await this.#ask<Float64Array>({ kind: "latencies", count: CALLS_BESIDE })));
    await ended;
    return { p50: percentile(all, 0.5), p99: percentile(all, 0.99) };
  }

  /** Calls per second. */
  throughput(count: number): Promise<number> {
    return this.#ask<number>({ kind: "throughput", count });
  }

  async #ask<Result>(burst: Burst): Promise<Result> {
    this.#child.send(burst);
    return (await this.#reply(`${burst.kind} of ${burst.count}`)) as Result;
  }

  async #reply(what: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const exited = (): void => reject(new Error(`a contestant exited instead of answering: ${what}`));
    this.#child.once("exit", exited);
    this.#child.once("message", resolve);
    try {
      return await promise;
    } finally {
      this.#child.off("exit", exited);
      this.#child.off("message", resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await exited;
  }
}
