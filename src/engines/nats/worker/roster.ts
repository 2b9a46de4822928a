/**
 * Which workers there are, and what each may run of the whole. Every worker reports once a second and computes the same shares
 * from the same list, so that nobody has to hand them out: while workers come and go, they may differ for a moment.
 */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { WorkerReport } from "../../../engine/index.ts";
import type { Connection, Msg } from "../connection.ts";
import { subjects } from "../names.ts";

const REPORT_MS = 1_000;
/** A worker that has not reported for so long is gone. */
const GONE_MS = 5_500;

export class Roster {
  readonly #connection: Connection;
  readonly #report: () => WorkerReport;
  readonly #onChange: () => void;
  readonly #others = new Map<string, { report: WorkerReport; at: number }>();
  #ids: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param report of this worker, as it is now */
  constructor(connection: Connection, report: () => WorkerReport, onChange: () => void) {
    this.#connection = connection;
    this.#report = report;
    this.#onChange = onChange;
  }

  /** @param others what the workers that are there have said */
  start(others: readonly WorkerReport[]): void {
    for (const report of others) this.#others.set(report.id, { report, at: performance.now() });
    this.#update();
    this.report();
    this.#timer = setInterval(() => {
      this.report();
      this.#update();
    }, REPORT_MS);
  }

  report(): void {
    this.#connection.publish(subjects.report, JSON.stringify(this.#report()));
  }

  onReport(message: Msg): void {
    const report = message.json<WorkerReport>();
    if (report.id === this.#report().id) return;
    this.#others.set(report.id, { report, at: performance.now() });
    this.#update();
  }

  #update(): void {
    const longAgo = performance.now() - GONE_MS;
    for (const [id, { at }] of this.#others) if (at < longAgo) this.#others.delete(id);
    const reports = [this.#report(), ...[...this.#others.values()].map(({ report }) => report)];
    const ids = reports
      .filter(({ draining }) => !draining)
      .map(({ id }) => id)
      .sort();
    if (ids.join() === this.#ids.join()) return;
    this.#ids = ids;
    this.#onChange();
  }

  /** How many of `total` containers of a workload are this worker's. Whom the odd ones go to differs from workload to workload. */
  share(total: number, workload: string): number {
    const count = this.#ids.length;
    const place = this.#place(workload);
    return place === undefined ? 0 : Math.floor(total / count) + (place < total % count ? 1 : 0);
  }

  /** Whether a workload that is not to be divided is this worker's. */
  owns(workload: string): boolean {
    return this.#place(workload) === 0;
  }

  /** Of this worker in the order of a workload. */
  #place(workload: string): number | undefined {
    const count = this.#ids.length;
    const at = this.#ids.indexOf(this.#report().id);
    if (at < 0) return undefined;
    const first = createHash("sha256").update(workload).digest().readUInt32LE(0) % count;
    return (at - first + count) % count;
  }

  /** One of the workers does what is to be done once. */
  get isFirst(): boolean {
    return this.#ids[0] === this.#report().id;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.report();
  }
}

export function aboutThisProcess(): Pick<WorkerReport, "host" | "pid" | "startedAt"> {
  return { host: hostname(), pid: process.pid, startedAt: new Date().toISOString() };
}
