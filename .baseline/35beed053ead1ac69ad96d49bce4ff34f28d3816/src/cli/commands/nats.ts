/** `farcall nats init|keys|roles`: sets NATS servers up for farcall, and says who may do what there. */
import { type Command, InvalidArgumentError } from "commander";
import { type ClusterControl, clusterOf, type InitStep } from "../../engines/index.ts";
import { UnsupportedError } from "../../runtime/errors.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples } from "../context.ts";
import { defineKeys } from "./nats-keys.ts";

interface InitOptions extends EngineOptions {
  replicas: number;
  dryRun?: boolean;
}

export function define(command: Command, context: Context): void {
  examples(command, [
    ["farcall nats init --engine nats://localhost:4222", "makes the streams that farcall needs"],
    ["farcall nats init --replicas 3 --dry-run", "shows what would be done for a cluster of three"],
    ["farcall nats keys keys/", "makes a key for each role, and one for secrets"],
    ["farcall nats roles --keys keys/", "prints what each may do, as a part of the servers' configuration"],
  ]);
  command
    .command("init")
    .description("make the streams that farcall needs, and change what differs; can be repeated")
    .option("--engine <url>", "engine to set up (default: FARCALL_ENGINE, the config's)")
    .option("--replicas <count>", "copies of each stream: 1, 3 or 5", replicas, 1)
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print JSON")
    .action(async (options: InitOptions) => {
      const { output } = context;
      const cluster = await requireCluster(context, options);
      const dryRun = options.dryRun === true;
      const steps = await cluster.initialize({ replicas: options.replicas, dryRun });
      for (const step of steps) output.line(stepText(step, dryRun));
      output.document({ steps });
      output.note("Who may do what there: `farcall nats roles`.");
    });
  defineKeys(command, context);
}

/** Throws UnsupportedError for an engine that has no workers. */
export async function requireCluster(context: Context, options: EngineOptions): Promise<ClusterControl> {
  const url = await context.engineUrl(options);
  const cluster = await clusterOf(url);
  if (cluster) return cluster;
  throw new UnsupportedError(`${url} has no workers and needs no set-up`, {
    hint: "Name an engine on NATS: --engine nats://host:4222.",
  });
}

function stepText({ stream, what, action, detail }: InitStep, dryRun: boolean): string {
  const words = dryRun
    ? { create: "would be created", update: "would be changed", keep: "is there" }
    : { create: "created", update: "changed", keep: "is there" };
  return `${stream.padEnd(14)}  ${words[action].padEnd(16)}  ${what}${detail === undefined ? "" : ` (${detail})`}`;
}

function replicas(text: string): number {
  const value = Number(text);
  if (![1, 3, 5].includes(value)) throw new InvalidArgumentError("give 1, 3 or 5");
  return value;
}
