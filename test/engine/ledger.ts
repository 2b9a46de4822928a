/** What loops that break an engine again and again keep: how each call ended, what was wrong, and a source of chance that can be repeated. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./drive.ts";

/** While things break, nothing says how long a call may take; after that it has so long. */
const WAIT_MS = 60_000;

/** What the loops' functions return: it differs from run to run. */
export interface Value {
  n: number;
  run: string;
}

export class Ledger {
  readonly counts = { calls: 0, inputs: 0, executions: 0, failed: 0, faults: 0, events: {} as Record<string, number> };
  readonly #wrong: string[] = [];
  readonly #calm = Promise.withResolvers<void>();
  #random: number;

  constructor(seed: number) {
    this.#random = seed;
  }

  log(line: string): void {
    console.log(`${new Date().toISOString().slice(11, 23)} ${line}`);
  }

  complain(line: string): void {
    this.counts.faults++;
    this.#wrong.push(line);
    this.log(`WRONG: ${line}`);
  }

  /** mulberry32: the same rounds for the same seed. */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  event(name: string): void {
    this.counts.events[name] = (this.counts.events[name] ?? 0) + 1;
    this.log(name);
  }

  /** Nothing breaks any more. */
  calm(): void {
    this.log("nothing breaks any more");
    this.#calm.resolve();
  }

  /** Rejects when nothing breaks any more and it has not ended all the same. @param about says more of what is waited for */
  async within<T>(name: string, promise: Promise<T>, about?: () => Promise<string>): Promise<T> {
    let ended = false;
    const late = this.#calm.promise.then(async () => {
      for (let waited = 0; waited < WAIT_MS && !ended; waited += 500) await sleep(500);
      if (ended) return new Promise<never>(() => {});
      throw new Error(`${name} does not end${about ? `: ${await about()}` : ""}`);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      ended = true;
    }
  }

  /** Each input has one outcome, which is its own. Returns the runs that the outcomes are of. */
  check(name: string, outcomes: readonly Outcome[], count: number): string[] {
    const runs: string[] = [];
    for (const { index, value, error } of outcomes) {
      if (runs[index] !== undefined) this.complain(`${name}: input ${index} was told twice`);
      if (!error && (value as Value).n !== index) this.complain(`${name}: input ${index} has the value of another`);
      runs[index] = error ? `error ${(error as { code?: string }).code}` : (value as Value).run;
    }
    for (let index = 0; index < count; index++)
      if (!runs[index]) this.complain(`${name}: input ${index} has no outcome`);
    return runs;
  }

  same(name: string, one: readonly string[], other: readonly string[]): void {
    const at = one.findIndex((run, index) => run !== other[index]);
    if (at >= 0) this.complain(`${name}: readers disagree about input ${at}: ${one[at]} and ${other[at]}`);
  }

  /** Prints the sums. Returns the exit code. */
  close(): number {
    this.log(JSON.stringify(this.counts));
    for (const line of this.#wrong) console.log(line);
    return this.#wrong.length === 0 ? 0 : 1;
  }
}
