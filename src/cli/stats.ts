/** `farcall stats`: how long the queues are and how many containers work on them. */
import type { Command } from "commander";
import type { AppOptions, Context } from "./context.ts";
import { engineOptions, examples } from "./context.ts";
import { parseTarget } from "./target.ts";
import { table } from "./terminal/output.ts";

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("[target]", "APP or APP/FUNCTION; all apps when left out"));
  examples(command, [
    ["farcall stats", "every function of every app"],
    ["farcall stats images/resize --json", "one function, for a program"],
  ]);
  command.action(async (text: string | undefined, options: AppOptions) => {
    const { output } = context;
    const environment = options.env;
    const { registry, invoker } = await context.engine(options);
    const target = text === undefined ? undefined : parseTarget(text);
    const apps = target ? [target.app] : (await registry.listApps({ environment })).map(({ app }) => app);
    const rows = [];
    for (const app of apps) {
      const names = target?.function ? [target.function] : await functionNames(app);
      for (const name of names) {
        rows.push({ app, environment, function: name, ...(await invoker.stats({ app, environment, name })) });
      }
    }
    output.document(rows);
    table(
      output,
      ["FUNCTION", "BACKLOG", "CONTAINERS", "RUNNING"],
      rows.map((row) => [
        `${row.app}/${row.function}`,
        String(row.backlog),
        String(row.numTotalRunners),
        String(row.numRunningInputs),
      ]),
    );

    async function functionNames(app: string): Promise<string[]> {
      const { manifest } = await registry.getManifest({ app, environment });
      return manifest?.functions.map((fn) => fn.name) ?? [];
    }
  });
}
