/** How map grows with the number of its inputs: time by input and memory are to stay flat. */
import { type Benchmark, type Measure, median, takeTurns } from "./support/measure.ts";
import { findProcesses, memoryOf } from "./support/processes.ts";
import { startTrivialApp } from "./support/trivial-app.ts";

const SIZES = [1e3, 1e4, 1e5, 1e6];
const SAMPLE_MS = 100;
const WARM_UP = 20_000;
/** Of memory at ten times the inputs: V8 lets a heap grow by about so much before it collects. */
const FLAT = 1.5;

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
    "A client maps a function that adds one, over more and more inputs, with a host and containers that have done nothing before but 20,000 inputs. Memory is the largest resident set seen while it ran.",
  async run({ rounds, log }) {
    const results = await takeTurns(
      Math.max(3, Math.floor(rounds / 2)),
      Object.fromEntries(
        SIZES.map((size) => [
          `${size.toLocaleString("en")} inputs`,
          () => {
            log(`${size} inputs`);
            return run(size);
          },
        ]),
      ),
    );
    const names = Object.keys(results);
    const largest = names.at(-1)!;
    const reference = names.at(-2)!;
    const measure = (name: string, unit: string, pick: (run: Run) => number, ratio: number): Measure => ({
      name,
      unit,
      better: "lower",
      samples: Object.fromEntries(names.map((key) => [key, [median(results[key]!.map(pick))]])),
      targets: [{ of: largest, to: [reference], ratio }],
    });
    return [
      measure("time by input", "µs", (each) => each.microsecondsAnInput, 1.2),
      measure("memory of the client", "MB", (each) => each.client, FLAT),
      measure("memory of the host", "MB", (each) => each.host, FLAT),
      measure("memory of the largest container", "MB", (each) => each.containers, FLAT),
    ];
  },
};

export default benchmark;

/** With processes of its own, since memory that a process once took rarely goes back. */
async function run(size: number): Promise<Run> {
  await using app = await startTrivialApp();
  await using farcall = await app.client();
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
