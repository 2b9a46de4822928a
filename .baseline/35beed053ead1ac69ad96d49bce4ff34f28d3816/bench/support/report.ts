/** Prints measures as tables and keeps them as JSON: figures for people now, for charts and comparison later. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { type Benchmark, judge, type Measure, median } from "./measure.ts";

const RESULTS = join(import.meta.dirname, "../results");
const BAR = 28;

export interface Results {
  title: string;
  about: string;
  machine: { cpu: string; cores: number; node: string; load: number };
  measures: Measure[];
}

export function saveResults(name: string, benchmark: Benchmark, measures: Measure[]): Results {
  const [cpu] = cpus();
  const results: Results = {
    title: benchmark.title,
    about: benchmark.about,
    machine: {
      cpu: cpu?.model ?? "unknown",
      cores: cpus().length,
      node: process.version,
      load: Number(loadavg()[0]!.toFixed(2)),
    },
    measures,
  };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(results, undefined, 2)}\n`);
  return results;
}

export function loadResults(name: string): Results {
  return JSON.parse(readFileSync(join(RESULTS, `${name}.json`), "utf8")) as Results;
}

export function printMeasure(measure: Measure): string {
  const names = Object.keys(measure.samples);
  const width = Math.max(...names.map((name) => name.length));
  const medians = names.map((name) => median(measure.samples[name]!));
  const largest = Math.max(...medians);
  const own = measure.samples.farcall ? median(measure.samples.farcall) : undefined;
  const lines = [`${measure.name} (${measure.unit}, ${measure.better} is better)`];
  for (const [i, name] of names.entries()) {
    const value = medians[i]!;
    const bar = "█".repeat(Math.max(1, Math.round((value / largest) * BAR)));
    const ratio = own === undefined || name === "farcall" ? "" : `farcall is ${times(own / value)} of it`;
    lines.push(`  ${name.padEnd(width)}  ${formatFigure(value).padStart(9)}  ${bar.padEnd(BAR)}  ${ratio}`.trimEnd());
  }
  for (const line of verdicts(measure)) lines.push(`  ${line}`);
  return `${lines.join("\n")}\n`;
}

/** One line per target: the target and the result. */
export function verdicts(measure: Measure): string[] {
  return measure.targets.flatMap((target) => {
    const verdict = judge(measure, target);
    if (!verdict) return [];
    const bound = measure.better === "lower" ? "at most" : "at least";
    return [
      `${verdict.reached ? "✓" : "✗"} ${target.of} is ${times(verdict.ratio)} ${verdict.best}; to reach: ${bound} ${times(target.ratio)}`,
    ];
  });
}

function times(ratio: number): string {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio >= 1 ? ratio.toFixed(2) : ratio.toFixed(3)}×`;
}

/** Three significant digits, thousands apart. */
export function formatFigure(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (value >= 100) return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  return String(Number(value.toPrecision(3)));
}
