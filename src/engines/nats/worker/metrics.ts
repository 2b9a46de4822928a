/** A worker's figures for whoever watches it, in the text that Prometheus reads (0.0.4). */
import type { FunctionStats, WorkerReport } from "../../../engine/index.ts";
import type { Workload } from "../../../pool/index.ts";

export const OUTCOMES = ["result", "exception", "failure"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Inputs of one function that have ended here, by how. */
export class Tally {
  readonly #counts: Record<Outcome, number> = { result: 0, exception: 0, failure: 0 };

  count(outcome: Outcome): void {
    this.#counts[outcome]++;
  }

  of(outcome: Outcome): number {
    return this.#counts[outcome];
  }
}

/** What has containers: a function, or a class. */
export interface Named {
  environment: string;
  app: string;
  name: string;
}

export function namedOf({ version: { environment, app }, name }: Pick<Workload, "version" | "name">): Named {
  return { environment, app, name };
}

export interface WorkerFigures {
  report: WorkerReport;
  /** A server hears it. */
  connected: boolean;
  /** Those that take work, as far as this one hears. */
  workers: number;
  /** Durable calls whose home it is. */
  homes: number;
  /** Of each version and instance. */
  pools: Iterable<{ named: Named; stats: FunctionStats }>;
  /** At callers: all workers hear the same. */
  waiting: Iterable<{ named: Named; inputs: number }>;
  ended: Iterable<{ named: Named; tally: Tally }>;
}

type Labels = Readonly<Record<string, string>>;
type Samples = Iterable<readonly [labels: Labels, value: number]>;

const MIB = 1024 * 1024;

export function metricsText({ report, connected, workers, homes, pools, waiting, ended }: WorkerFigures): string {
  const all = [...pools];
  const ofPools = (figure: (stats: FunctionStats) => number): Samples =>
    sums(all.map(({ named, stats }) => [named, figure(stats)]));
  const { id, host, version, maxContainers, memoryMiB } = report;
  const memory = process.memoryUsage.rss();
  const { user, system } = process.cpuUsage();
  return [
    gauge("farcall_worker_info", "1, with what the worker is.", [[{ worker: id, host, version }, 1]]),
    gauge("farcall_worker_connected", "1 while a NATS server hears the worker.", one(Number(connected))),
    gauge("farcall_worker_draining", "1 once the worker takes nothing more.", one(Number(report.draining))),
    gauge("farcall_workers", "Workers that take work, as far as this one hears.", one(workers)),
    gauge("farcall_worker_containers", "Containers of all functions.", one(report.containers)),
    gauge("farcall_worker_containers_limit", "The worker's --max-containers.", one(maxContainers)),
    gauge("farcall_worker_memory_bytes", "Memory that containers may use.", one(report.usedMemoryMiB, MIB)),
    gauge("farcall_worker_memory_limit_bytes", "The worker's --memory.", one(memoryMiB, MIB)),
    gauge("farcall_worker_inputs", "Inputs that the worker has.", one(report.inputs)),
    gauge("farcall_worker_durable_calls", "Durable calls whose home the worker is.", one(homes)),
    gauge(
      "farcall_containers",
      "Containers of a function.",
      ofPools(({ numTotalRunners }) => numTotalRunners),
    ),
    gauge(
      "farcall_inputs_running",
      "Inputs that run here.",
      ofPools(({ numRunningInputs }) => numRunningInputs),
    ),
    gauge(
      "farcall_inputs_queued",
      "Inputs that wait at this worker.",
      ofPools(({ backlog }) => backlog),
    ),
    gauge(
      "farcall_inputs_waiting",
      "Inputs that wait at callers, for any worker: all workers say the same.",
      sums([...waiting].map(({ named, inputs }) => [named, inputs])),
    ),
    counter("farcall_inputs_ended_total", "Inputs that have ended here.", outcomes(ended)),
    gauge("process_resident_memory_bytes", "Memory of the worker itself, without containers.", one(memory)),
    counter("process_cpu_seconds_total", "Processor time of the worker itself.", one((user + system) / 1e6)),
    gauge("process_start_time_seconds", "When the worker started.", one(Date.parse(report.startedAt) / 1_000)),
  ].join("");
}

function* outcomes(ended: WorkerFigures["ended"]): Generator<readonly [Labels, number]> {
  for (const { named, tally } of ended) {
    for (const outcome of OUTCOMES) yield [{ ...labelsOf(named), outcome }, tally.of(outcome)];
  }
}

function labelsOf({ environment, app, name }: Named): Labels {
  return { environment, app, function: name };
}

/** One sample for each name. */
function sums(values: readonly (readonly [Named, number])[]): Samples {
  const byName = new Map<string, [Labels, number]>();
  for (const [named, value] of values) {
    const labels = labelsOf(named);
    const key = JSON.stringify(labels);
    byName.set(key, [labels, (byName.get(key)?.[1] ?? 0) + value]);
  }
  return byName.values();
}

/** Nothing for what has no value. */
function one(value: number | undefined, unit = 1): Samples {
  return value === undefined ? [] : [[{}, value * unit]];
}

function gauge(name: string, help: string, samples: Samples): string {
  return metric(name, "gauge", help, samples);
}

function counter(name: string, help: string, samples: Samples): string {
  return metric(name, "counter", help, samples);
}

function metric(name: string, type: string, help: string, samples: Samples): string {
  const lines = Array.from(samples, ([labels, value]) => {
    const list = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
    return `${name}${list.length > 0 ? `{${list.join(",")}}` : ""} ${value}\n`;
  });
  return lines.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
