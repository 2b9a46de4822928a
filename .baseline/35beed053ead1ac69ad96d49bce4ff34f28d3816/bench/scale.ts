/** How map scales with the number of its inputs, also with larger inputs and a slow consumer: time per input and memory should stay flat. */
import { type Benchmark, type Measure, median, takeTurns } from "./support/measure.ts";
import { findProcesses, memoryOf } from "./support/processes.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const SIZES = [1e3, 1e4, 1e5, 1e6];
const SAMPLE_MS = 100;
const WARM_UP = 20_000;
/**
 * Of memory at several times the inputs: V8 gives young objects more room the more of them it has seen survive, up to some 60 MB,
 * which a program that is sent texts of 1 KB reaches after some hundred thousands (and never under --max-semi-space-size=2).
 */
const FLAT = 1.5;
const SLOW_SIZES = [1e5, 3e5, 1e6];

interface Run {
  microsecondsAnInput: number;
  /** Largest seen while it ran, MB. */
  client: number;
  host: number;
  containers: number;
}

const benchmark: Benchmark = {
  title: "map() from 1,000 to 1,000,000 inputs",
  about:
    "A client maps a function that adds one, over more and more inputs, with a host and containers that have done nothing before but 20,000 inputs. Memory is the largest resident set seen while it ran. The slow consumer is sent texts of 1 KB, and pauses for 20 ms after each thousand results.",
  async run({ rounds, log }) {
    const fast = await takeTurns(Math.max(3, Math.floor(rounds / 2)), contestants(SIZES, "map", log));
    const slow = await takeTurns(Math.max(1, Math.floor(rounds / 4)), contestants(SLOW_SIZES, "slowMap", log));
    return [
      measure(fast, "time by input", "µs", (each) => each.microsecondsAnInput, 1.2),
      measure(fast, "memory of the client", "MB", (each) => each.client, FLAT),
      measure(fast, "memory of the host", "MB", (each) => each.host, FLAT),
      measure(fast, "memory of the largest container", "MB", (each) => each.containers, FLAT),
      measure(slow, "slow consumer: memory of the client", "MB", (each) => each.client, FLAT),
      measure(slow, "slow consumer: memory of the host", "MB", (each) => each.host, FLAT),
      measure(slow, "slow consumer: memory of the largest container", "MB", (each) => each.containers, FLAT),
    ];
  },
};

export default benchmark;

function contestants(sizes: number[], method: string, log: (text: string) => void): Record<string, () => Promise<Run>> {
  return Object.fromEntries(
    sizes.map((size) => [
      `${size.toLocaleString("en")} inputs`,
      () => {
        log(`${method} of ${size} inputs`);
        return run(method, size);
      },
    ]),
  );
}

/** @param ratio how much more the largest size may take than the one before */
function measure(
  results: Record<string, Run[]>,
  name: string,
  unit: string,
  pick: (run: Run) => number,
  ratio: number,
): Measure {
  const sizes = Object.keys(results);
  return {
    name,
    unit,
    better: "lower",
    samples: Object.fromEntries(sizes.map((size) => [size, [median(results[size]!.map(pick))]])),
    targets: [{ of: sizes.at(-1)!, to: [sizes.at(-2)!], ratio }],
  };
}

/** In separate processes, since a process rarely returns memory that it once took. */
async function run(method: string, size: number): Promise<Run> {
  await using app = await startTrivialApp();
  await using farcall = await app.client({ args: [method] });
  await farcall.throughput(WARM_UP);
  const { hosts } = findProcesses(app.project.home);
  const peak: Run = { microsecondsAnInput: 0, client: 0, host: 0, containers: 0 };
  const sample = (): void => {
    const { containers } = findProcesses(app.project.home);
    peak.client = Math.max(peak.client, memoryOf(farcall.pid).rss);
    peak.host = Math.max(peak.host, memoryOf(hosts[0]!).rss);
    peak.containers = Math.max(peak.containers, ...containers.map((pid) => memoryOf(pid).rss));
  };
  const timer = setInterval(sample, SAMPLE_MS);
  try {
    peak.microsecondsAnInput = 1e6 / (await farcall.throughput(size));
  } finally {
    clearInterval(timer);
  }
  sample();
  return peak;
}
