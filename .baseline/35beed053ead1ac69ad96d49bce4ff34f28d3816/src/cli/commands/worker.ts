/** `farcall worker`: this machine takes part in the work of an engine, until it is told to stop. */
import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import { startWorker } from "../../engines/workers.ts";
import { count } from "../../text/index.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples, port, positive, several } from "../context.ts";

interface WorkerOptions extends EngineOptions {
  folder?: string;
  label: string[];
  signer: string[];
  maxContainers?: number;
  memory?: number;
  drain: number;
  webPort?: number;
  webAddress?: string;
  publicUrl?: string;
}

const DRAIN_SECONDS = 30;

export function define(command: Command, context: Context): void {
  command
    .option("--engine <url>", "engine to work for (default: FARCALL_ENGINE, the config's)")
    .option("--folder <path>", "where to keep the code of apps (default: in your cache folder)")
    .option("--max-containers <count>", "containers at a time, of all functions (default: no limit)", positive)
    .option("--memory <size>", "memory of all containers together, such as 512mb or 8gb (default: no limit)", memory)
    .option("--label <key=value>", "shown by `farcall workers`; can be repeated", several, [])
    .option("--signer <key>", "run only what this producer has signed (public nkey U…); can be repeated", several, [])
    .option("--web-port <port>", "take HTTP requests for web functions on this port (default: none)", port)
    .option("--public-url <url>", "where clients reach the web ports of workers, such as a balancer's URL")
    .option("--web-address <address>", "interface of the web port (default: all with --public-url, else loopback)")
    .option("--drain <seconds>", "how long running inputs may take once it is told to stop", positive, DRAIN_SECONDS)
    .option("--json", "print JSON");
  examples(command, [
    ["farcall worker --engine nats://nats:4222", "runs functions until Ctrl-C or SIGTERM"],
    ["farcall worker --max-containers 8 --memory 4gb", "no more than that at a time"],
    ["farcall worker --label zone=eu --drain 600", "with a label, and ten minutes for what runs at the end"],
  ]);
  command.action(async (options: WorkerOptions) => {
    const { output, signal } = context;
    const url = await context.engineUrl(options);
    const worker = await startWorker({
      url,
      folder: options.folder,
      labels: options.label,
      signers: options.signer,
      maxContainers: options.maxContainers,
      memoryMiB: options.memory,
      webPort: options.webPort,
      webAddress: options.webAddress,
      publicUrl: options.publicUrl,
      log: (line) => output.note(`${new Date().toISOString()} ${line}`),
    });
    output.event({ worker: worker.id, engine: url });
    output.line(`Worker ${worker.id} takes work from ${url}.`);
    if (worker.webPort !== undefined) output.note(`It takes requests for web functions on port ${worker.webPort}.`);
    if (!signal.aborted) await once(signal, "abort");
    context.untilTold();
    output.note(`Stopping: it takes nothing more, and running inputs have ${options.drain} s to end.`);
    const left = await worker.stop(options.drain * 1_000);
    output.event({ worker: worker.id, stopped: true, unfinished: left });
    if (left === 0) output.note("Stopped. Nothing was left unfinished.");
    else output.note(unfinished(left, options.drain));
  });
}

function unfinished(inputs: number, seconds: number): string {
  return `Stopped. ${count(inputs, "input")} had not ended within ${seconds} s: those of durable calls and of functions with \`retries\` run again elsewhere, and others fail. Give it longer with --drain.`;
}

const MIB = 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1024,
  mb: MIB,
  gb: 1024 * MIB,
  tb: 1024 * 1024 * MIB,
};

/** Reads a size as MiB. */
function memory(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim().toLowerCase()) ?? [];
  const bytes = Number(number) * (UNITS[unit.replace("ib", "b")] ?? Number.NaN);
  if (number === "" || !(bytes >= MIB)) {
    throw new InvalidArgumentError("give bytes, or a number with mb or gb, from 1mb up: 512mb, 8gb");
  }
  return Math.floor(bytes / MIB);
}
