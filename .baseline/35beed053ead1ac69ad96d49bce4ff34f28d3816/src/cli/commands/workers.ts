/** `farcall workers`: the machines that do an engine's work. */
import type { Command } from "commander";
import { ago } from "../../text/index.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples } from "../context.ts";
import { table } from "../terminal/output.ts";
import { requireCluster } from "./nats.ts";

export function define(command: Command, context: Context): void {
  command
    .option("--engine <url>", "engine to look at (default: FARCALL_ENGINE, the config's)")
    .option("--json", "print JSON");
  examples(command, [["farcall workers", "each worker with its load and version"]]);
  command.action(async (options: EngineOptions) => {
    const { output } = context;
    const workers = await (await requireCluster(context, options)).workers();
    output.document(workers);
    if (workers.length === 0) {
      output.note("No worker is there. Start one: `farcall worker`.");
      return;
    }
    table(
      output,
      ["WORKER", "HOST", "PROCESS", "FARCALL", "STARTED", "CONTAINERS", "MEMORY", "INPUTS", "STATE", "LABELS"],
      workers.map((worker) => [
        worker.id,
        worker.host,
        String(worker.pid),
        worker.version,
        ago(worker.startedAt),
        outOf(worker.containers, worker.maxContainers),
        worker.memoryMiB === undefined ? "-" : `${outOf(worker.usedMemoryMiB, worker.memoryMiB)} MiB`,
        String(worker.inputs),
        worker.draining ? "stopping" : "working",
        worker.labels.join(", ") || "-",
      ]),
    );
  });
}

function outOf(number: number, most: number | undefined): string {
  return most === undefined ? String(number) : `${number}/${most}`;
}
