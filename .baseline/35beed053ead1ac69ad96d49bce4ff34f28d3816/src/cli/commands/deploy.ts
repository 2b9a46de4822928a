/** `farcall deploy FILE`: introspects, bundles and registers an app. */
import type { Command } from "commander";
import { deployApp } from "../../deploy/index.ts";
import { type Context, examples } from "../context.ts";
import { buildSettings } from "../project/build-settings.ts";
import {
  askAboutRemovals,
  type DeployingOptions,
  deployingOptions,
  printDeployment,
  summaryOf,
} from "../project/deployment.ts";
import { interruptible } from "../project/interruption.ts";
import { Progress } from "../terminal/progress.ts";

interface DeployOptions extends DeployingOptions {
  breaking: boolean;
}

export function define(command: Command, context: Context): void {
  deployingOptions(command).option("--no-breaking", "refuse a deploy that would break callers of the previous version");
  examples(command, [
    ["farcall deploy src/app.ts", "registers a new version when something changed"],
    ["farcall deploy src/app.ts --env staging", "to another environment than main"],
    ["farcall deploy src/app.ts --no-breaking", "in CI: exit 1 when callers would break"],
  ]);
  command.action(async (entry: string, options: DeployOptions) => {
    const { output } = context;
    const started = performance.now();
    const engine = await context.engine(options);
    using progress = new Progress(output, `deploying ${entry}`, { atOnce: true });
    const pause = () => progress[Symbol.dispose]();
    const settings = await buildSettings(options.envFile);
    const deployment = await interruptible(context, pause, (registering) =>
      deployApp({
        entry,
        engine,
        environment: options.env,
        ...(options.root ? { root: options.root } : {}),
        ...settings,
        refuseBreaking: !options.breaking,
        takeOver: options.takeOver === true,
        onRemoval: askAboutRemovals(options, context, pause),
        signal: context.signal,
        onProgress: (stage, detail) => {
          if (stage === "register") registering();
          progress.update([stage, detail].filter(Boolean).join(" "));
        },
      }),
    );
    progress[Symbol.dispose]();
    const ms = performance.now() - started;
    output.document(summaryOf(deployment, ms));
    printDeployment(deployment, ms, output);
    if (deployment.changed) output.note(output.styleNote("dim", "Write its stubs with: farcall codegen"));
  });
}
