/** `farcall apps`: lists the deployed apps. */
import type { Command } from "commander";
import { placeOfOrigin } from "../../engine/index.ts";
import { NotFoundError } from "../../runtime/errors.ts";
import { DEFAULT_ENVIRONMENT } from "../../runtime/index.ts";
import { ago, list } from "../../text/index.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import { table } from "../terminal/output.ts";

export function define(command: Command, context: Context): void {
  engineOptions(command).option("--all", "list the apps of every environment");
  examples(command, [
    ["farcall apps", "the apps of the main environment"],
    ["farcall apps --all --json", "all of them, for a program"],
  ]);
  command.action(async (options: AppOptions & { all?: boolean }) => {
    const { output } = context;
    const { registry, deployHint } = await context.engine(options);
    const apps = await registry.listApps(options.all ? {} : { environment: options.env });
    if (apps.length === 0) {
      const others = new Set((await registry.listApps()).map(({ environment }) => environment));
      if (others.size > 0 && options.env !== DEFAULT_ENVIRONMENT) {
        throw new NotFoundError(`the environment ${options.env} has no apps`, {
          hint: `There are apps in: ${list([...others])}.`,
        });
      }
      output.document(apps);
      if (others.size === 0) return output.note(`No apps are deployed yet. ${deployHint}`);
      return output.note(`The environment ${options.env} has no apps. There are apps in: ${list([...others])}.`);
    }
    output.document(apps);
    table(
      output,
      ["APP", "ENVIRONMENT", "VERSION", "FUNCTIONS", "DEPLOYED", "FROM"],
      apps.map(({ app, environment, version, functions, deployedAt, origin }) => [
        app,
        environment,
        String(version),
        String(functions),
        ago(deployedAt),
        origin ? placeOfOrigin(origin) : "-",
      ]),
    );
  });
}
