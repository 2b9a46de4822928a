/** `farcall history APP`: the versions of an app, and where each came from. */
import type { Command } from "commander";
import { type DeploymentRecord, shortRevision } from "../../engine/index.ts";
import { ago } from "../../text/index.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import { table } from "../terminal/output.ts";

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("<app>", "name of the app"));
  examples(command, [
    ["farcall history images", "the versions that can be called or rolled back to, newest first"],
    ["farcall history images --json", "with each version's full origin"],
  ]);
  command.action(async (app: string, options: AppOptions) => {
    const { output } = context;
    const { registry } = await context.engine(options);
    const records = await registry.history({ app, environment: options.env });
    output.document(records);
    table(
      output,
      ["VERSION", "DEPLOYED", "FUNCTIONS", "BY", "REVISION", "FROM"],
      records.map((record) => [
        String(record.version),
        ago(record.deployedAt),
        String(record.functions ?? "-"),
        record.origin?.user ?? "-",
        record.origin?.revision === undefined ? "-" : shortRevision(record.origin.revision),
        from(record),
      ]),
    );
  });
}

function from({ origin, rollbackOf }: DeploymentRecord): string {
  const place = [origin?.folder, origin?.entry].filter(Boolean).join("/") || (origin?.project ?? "-");
  return rollbackOf === undefined ? place : `version ${rollbackOf} again, ${place}`;
}
