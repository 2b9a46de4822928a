/**
 * Which workers there are, and what each may run of the whole. Every worker reports once a second and computes the same shares
 * from the same list, so that nobody has to hand them out: while workers come and go, they may differ for a moment.
 */
import { createHash } from "node:crypto";
import { availableParallelism, hostname } from "node:os";
import type { WorkerReport } from "../../../engine/index.ts";
import type { Connection, Msg } from "../connection.ts";
import { subjects } from "../names.ts";
import { type Capacity, capacityOf, sharesOf } from "./capacity.ts";

const REPORT_MS = 1_000;
/** A worker that has not reported for so long is gone. */
const GONE_MS = 5_500;

export class Roster {
  readonly #connection: Connection;
  readonly #report: () => WorkerReport;
  readonly #onChange: () => void;
  readonly #others = new Map<string, { report: WorkerReport; at: number }>();
  #ids: readonly string[] = [];
  #known: ReadonlyMap<string, WorkerReport> = new Map();
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
    this.#known = new Map(reports.map((report) => [report.id, report]));
    const ids = reports
      .filter(({ draining }) => !draining)
      .map(({ id }) => id)
      .sort();
    if (ids.join() === this.#ids.join()) return;
    this.#ids = ids;
    this.#onChange();
  }

  /**
   * How many of `total` containers of a workload are this worker's: the next one is always for the worker that is the most
   * free. Among equals, whom the odd ones go to differs from workload to workload.
   * @param memoryMiB of one container
   */
  share(total: number, workload: string, memoryMiB: number): number {
    const capacities = this.#capacities(memoryMiB);
    const own = this.#ids.indexOf(this.#report().id);
    return own < 0 ? 0 : sharesOf(total, capacities, this.#firstOf(workload, capacities.length))[own]!;
  }

  /** Whether a workload that is not to be divided is this worker's. */
  owns(workload: string, memoryMiB: number): boolean {
    return this.share(1, workload, memoryMiB) === 1;
  }

  /** Whether any worker can run a container of so much memory. */
  hasRoomFor(memoryMiB: number): boolean {
    return this.#capacities(memoryMiB).some(({ most }) => most > 0);
  }

  #capacities(memoryMiB: number): Capacity[] {
    return this.#ids.map((id) => capacityOf(this.#known.get(id)!, memoryMiB));
  }

  /** Of the workers in their order, the one that an odd container goes to. */
  #firstOf(workload: string, count: number): number {
    return createHash("sha256").update(workload).digest().readUInt32LE(0) % count;
  }

  /** What this worker reports. */
  get own(): WorkerReport {
    return this.#report();
  }

  /** That take work, this one among them. */
  get size(): number {
    return this.#ids.length;
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

export function aboutThisProcess(): Pick<WorkerReport, "host" | "pid" | "startedAt" | "cores"> {
  return { host: hostname(), pid: process.pid, startedAt: new Date().toISOString(), cores: availableParallelism() };
}
