/**
 * `npm run bench [-- name…]`: runs benchmarks, prints each contestant's figures and farcall's ratio to the peers, and
 * writes bench/results/<name>.json. `--rounds N` for steadier figures, `--alone` leaves the peers out, `--charts` also draws docs/benchmarks/<name>.svg,
 * `--charts-only` draws them from the results that are there.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { drawChart } from "./support/chart.ts";
import type { Benchmark } from "./support/measure.ts";
import { installPeers } from "./support/peers.ts";
import { REPOSITORY } from "./support/project.ts";
import { loadResults, printMeasure, type Results, saveResults } from "./support/report.ts";

const BENCHMARKS: Record<string, () => Promise<{ default: Benchmark }>> = {
  codegen: () => import("./codegen.ts"),
  introspect: () => import("./introspect.ts"),
  deploy: () => import("./deploy.ts"),
  typecheck: () => import("./typecheck.ts"),
  editor: () => import("./editor.ts"),
  "install-size": () => import("./install-size.ts"),
  remote: () => import("./remote.ts"),
  "remote-beside-spawn": () => import("./remote-beside-spawn.ts"),
  map: () => import("./map.ts"),
  "spawn-map": () => import("./spawn-map.ts"),
  "modal-map": () => import("./modal-map.ts"),
  nats: () => import("./nats.ts"),
  "nats-cluster": () => import("./nats-cluster.ts"),
  "nats-store": () => import("./nats-store.ts"),
  "cold-start": () => import("./cold-start.ts"),
  scale: () => import("./scale.ts"),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    alone: { type: "boolean", default: false },
    charts: { type: "boolean", default: false },
    "charts-only": { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `usage: npm run bench -- [${Object.keys(BENCHMARKS).join("|")}]… [--rounds N] [--alone] [--charts] [--charts-only]`,
  );
  process.exit(2);
}
const names = positionals.length > 0 ? positionals : Object.keys(BENCHMARKS);
const log = (line: string): void => console.error(`· ${line}`);

if (!values["charts-only"] && !values.alone) installPeers(log);
for (const name of names) {
  const results = values["charts-only"] ? loadResults(name) : await measure(name);
  if (values.charts || values["charts-only"]) writeChart(name, results);
}

async function measure(name: string): Promise<Results> {
  const { default: benchmark } = await BENCHMARKS[name]!();
  console.log(`\n${name}: ${benchmark.title}\n`);
  const measures = await benchmark.run({ rounds, alone: values.alone, log });
  for (const each of measures) console.log(printMeasure(each));
  return saveResults(name, benchmark, measures);
}

function writeChart(name: string, results: Results): void {
  const folder = join(REPOSITORY, "docs/benchmarks");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.svg`), drawChart(results));
  log(`drew docs/benchmarks/${name}.svg`);
}
