/** `farcall stats`: shows the queues' lengths and the number of containers that work on them. */
import type { Command } from "commander";
import { type AppManifest, methodsOf } from "../../schema/index.ts";
import { instanceOf } from "../calling/remote.ts";
import { parseTarget } from "../calling/target.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import { table } from "../terminal/output.ts";

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("[target]", "APP, APP/FUNCTION or 'APP/CLASS(ARGS).METHOD'; all apps when left out"));
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
      const { manifest } = await registry.getManifest({ app, environment });
      const names = target?.function ? namesOf(manifest!, target.function) : manifest!.functions.map((fn) => fn.name);
      for (const name of names) {
        const fn = manifest!.functions.find((one) => one.name === name);
        const instance = target && fn && instanceOf(target, fn, manifest!);
        rows.push({ app, environment, function: name, ...(await invoker.stats({ app, environment, name, instance })) });
      }
    }
    output.document(rows);
    table(
      output,
      ["FUNCTION", "BACKLOG", "CONTAINERS", "RUNNING"],
      rows.map((row) => [
        `${row.app}/${row.function}`,
        row.numHeldBack === undefined
          ? String(row.backlog)
          : `${row.backlog} (${row.numHeldBack} held back by a limit)`,
        String(row.numTotalRunners),
        String(row.numRunningInputs),
      ]),
    );
    for (const { startProblem } of rows) if (startProblem !== undefined) output.note(startProblem);
  });
}

/** For a class, its methods. The engine reports an unknown target. */
function namesOf(manifest: AppManifest, name: string): string[] {
  const methods = methodsOf(name, manifest).map((fn) => fn.name);
  return methods.length > 0 ? methods : [name];
}
