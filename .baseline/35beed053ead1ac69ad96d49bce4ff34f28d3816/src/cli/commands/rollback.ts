/** `farcall rollback APP [VERSION]`: registers an earlier version again. */
import { type Command, InvalidArgumentError } from "commander";
import { currentUser } from "../../deploy/index.ts";
import { deployerOf } from "../../runtime/index.ts";
import { compareManifests } from "../../schema/index.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import { printComparison } from "../project/deployment.ts";

export function define(command: Command, context: Context): void {
  engineOptions(
    command
      .argument("<app>", "name of the app")
      .argument("[version]", "version to go back to (default: the previous one)", versionNumber),
  );
  examples(command, [
    ["farcall rollback images", "to the previous version; again goes further back"],
    ["farcall rollback images 12", "to version 12, as `farcall history images` lists it"],
  ]);
  command.action(async (app: string, version: number | undefined, options: AppOptions) => {
    const { output } = context;
    const environment = options.env;
    const engine = await context.engine(options);
    const result = await deployerOf(engine, "rollback").rollback({ app, environment, version, user: currentUser() });
    const { manifest, changed, previous } = result;
    const [newest] = await engine.registry.history({ app, environment });
    const rollbackOf = newest?.version === result.version ? newest.rollbackOf : version;
    const comparison = changed && previous ? compareManifests(previous, manifest) : [];
    output.document({ app, environment, version: result.version, rollbackOf, changed, comparison });
    const name = `${output.style("bold", app)} (${environment})`;
    if (!changed) return output.line(`Nothing changed: ${name} version ${result.version} is what is deployed`);
    const verb = output.style("green", "Rolled back");
    output.line(`${verb} ${name} to version ${rollbackOf}, which is now version ${result.version}`);
    printComparison(comparison, output);
  });
}

function versionNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("give a whole number from 1 up");
  return value;
}
