/** `farcall worker`: this machine takes part in the work of an engine, until it is told to stop. */
import { once } from "node:events";
import type { Command } from "commander";
import { startWorker } from "../../engines/workers.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples, positive, several } from "../context.ts";

interface WorkerOptions extends EngineOptions {
  folder?: string;
  label: string[];
  signer: string[];
  drain: number;
}

const DRAIN_SECONDS = 30;

export function define(command: Command, context: Context): void {
  command
    .option("--engine <url>", "engine to work for (default: FARCALL_ENGINE, the config's)")
    .option("--folder <path>", "where to keep the code of apps (default: in your cache folder)")
    .option("--label <text>", "shown by `farcall workers`; can be repeated", several, [])
    .option("--signer <key>", "run only what this producer has signed (public nkey U…); can be repeated", several, [])
    .option("--drain <seconds>", "how long running inputs may take once it is told to stop", positive, DRAIN_SECONDS)
    .option("--json", "print JSON");
  examples(command, [
    ["farcall worker --engine nats://nats:4222", "runs functions until Ctrl-C or SIGTERM"],
    ["farcall worker --label gpu --drain 600", "with a label, and ten minutes for what runs at the end"],
  ]);
  command.action(async (options: WorkerOptions) => {
    const { output, signal } = context;
    const url = await context.engineUrl(options);
    const worker = await startWorker({
      url,
      folder: options.folder,
      labels: options.label,
      signers: options.signer,
      log: (line) => output.note(`${new Date().toISOString()} ${line}`),
    });
    output.event({ worker: worker.id, engine: url });
    output.line(`Worker ${worker.id} takes work from ${url}.`);
    if (!signal.aborted) await once(signal, "abort");
    context.untilTold();
    output.note("It takes nothing more, and stops once what runs has ended.");
    await worker.stop(options.drain * 1_000);
  });
}
