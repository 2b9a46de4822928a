/** `farcall remove APP`: forgets an app, its versions and its calls. */
import type { Command } from "commander";
import { deployerOf } from "../../runtime/index.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("<app>", "name of the app"));
  examples(command, [["farcall remove images", "cancels its calls, stops its containers, forgets its versions"]]);
  command.action(async (app: string, options: AppOptions) => {
    const engine = await context.engine(options);
    await deployerOf(engine, "remove").remove({ app, environment: options.env });
    context.output.document({ removed: app, environment: options.env });
    context.output.line(`Removed ${app} from environment ${options.env}.`);
  });
}
