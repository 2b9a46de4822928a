/**
 * A benchmark's result: measures, each with every contestant's samples and farcall's target. Contestants
 * take turns, so that other load on the machine affects them all; a figure is the median of a contestant's samples, and
 * a verdict is a ratio of two figures of the same run, never an absolute number.
 */

export interface Target {
  /** The contestant whose figure is judged. */
  of: string;
  /** The contestants it is compared with: the best of them counts. */
  to: string[];
  /** `of` should be at most (lower is better) or at least (higher is better) this many times the best of `to`. */
  ratio: number;
}

export interface Measure {
  /** "one call, median". */
  name: string;
  unit: string;
  better: "lower" | "higher";
  /** In the order of printing. */
  samples: Record<string, number[]>;
  targets: Target[];
}

export interface Benchmark {
  title: string;
  /** One or two sentences for readers of the figures: what each contestant does. */
  about: string;
  run(context: BenchContext): Promise<Measure[]>;
}

export interface BenchContext {
  /** Rounds to run; a benchmark may scale it to the cost of a round. */
  rounds: number;
  /** Without the peers, which need not be installed. */
  alone: boolean;
  log(line: string): void;
}

/** Runs each contestant once a round, in turns, beginning with another one each round; collects what `run` returns. */
export async function takeTurns<Result>(
  rounds: number,
  contestants: Record<string, () => Result | Promise<Result>>,
): Promise<Record<string, Result[]>> {
  const names = Object.keys(contestants);
  const results: Record<string, Result[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]!;
      results[name]!.push(await contestants[name]!());
    }
  }
  return results;
}

/** Of each contestant's results, one figure. */
export function figures<Result>(
  results: Record<string, Result[]>,
  pick: (result: Result) => number,
): Record<string, number[]> {
  return Object.fromEntries(Object.entries(results).map(([name, list]) => [name, list.map(pick)]));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest rank; NaN of nothing. */
export function percentile(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export interface Verdict {
  target: Target;
  /** The contestant of `target.to` with the best figure. */
  best: string;
  ratio: number;
  reached: boolean;
}

/** Undefined when a contestant of the target was not measured. */
export function judge(measure: Measure, target: Target): Verdict | undefined {
  const own = median(measure.samples[target.of] ?? []);
  const lower = measure.better === "lower";
  let best: string | undefined;
  for (const name of target.to) {
    const figure = median(measure.samples[name] ?? []);
    if (Number.isNaN(figure)) continue;
    if (best === undefined || figure < median(measure.samples[best]!) === lower) best = name;
  }
  if (best === undefined || Number.isNaN(own)) return undefined;
  const ratio = own / median(measure.samples[best]!);
  return { target, best, ratio, reached: lower ? ratio <= target.ratio : ratio >= target.ratio };
}
