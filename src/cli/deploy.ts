/** `farcall deploy FILE`: introspects, bundles and registers an app. */
import type { Command } from "commander";
import { deployApp } from "../deploy/index.ts";
import type { Context, EngineOptions } from "./context.ts";
import { engineOptions, examples } from "./context.ts";
import type { Output } from "./terminal/output.ts";
import { count, duration } from "./terminal/output.ts";
import { Progress } from "./terminal/progress.ts";
import { placeLines } from "./terminal/report.ts";

interface DeployOptions extends EngineOptions {
  env: string;
  root?: string;
  breaking: boolean;
}

export type Deployed = Awaited<ReturnType<typeof deployApp>>;

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("<file>", "the module that exports the app"))
    .option("--root <folder>", "the project's folder (default: that of the nearest package.json)")
    .option("--no-breaking", "refuse a deploy that breaks callers of the version before");
  examples(command, [
    ["farcall deploy src/app.ts", "deploys what has changed"],
    ["farcall deploy src/app.ts --env staging", "beside the main environment"],
    ["farcall deploy src/app.ts --no-breaking", "in CI: exit 1 when callers would break"],
  ]);
  command.action(async (entry: string, options: DeployOptions) => {
    const { output } = context;
    const started = performance.now();
    const engine = await context.engine(options);
    using progress = new Progress(output, `deploying ${entry}`);
    const deployed = await deployApp({
      entry,
      engine,
      environment: options.env,
      ...(options.root ? { root: options.root } : {}),
      refuseBreaking: !options.breaking,
      onProgress: (stage, detail) => progress.update(detail ? `${stage} ${detail}` : stage),
    });
    progress[Symbol.dispose]();
    const elapsed = performance.now() - started;
    output.document({ ...summaryOf(deployed), ms: Math.round(elapsed) });
    printDeploy(deployed, elapsed, output);
    if (deployed.changed) output.line(`\nNext: ${output.style("cyan", "farcall codegen")} writes its stubs`);
  });
}

export function summaryOf({ manifest, changed, comparison, warnings }: Deployed): object {
  const { app, environment, version, functions } = manifest;
  return { app, environment, version, changed, functions: functions.map(({ name }) => name), comparison, warnings };
}

export function printDeploy(deployed: Deployed, elapsedMs: number, output: Output): void {
  const { manifest, changed, comparison, warnings } = deployed;
  for (const warning of warnings) for (const line of placeLines(warning)) output.note(output.styleNote("yellow", line));
  const name = `${output.style("bold", manifest.app)} version ${manifest.version} (${manifest.environment})`;
  if (!changed) {
    output.line(`${name} is deployed already: nothing changed ${output.style("dim", `(${duration(elapsedMs)})`)}`);
    return;
  }
  const size = count(manifest.functions.length, "function");
  output.line(`${output.style("green", "Deployed")} ${name}: ${size} in ${duration(elapsedMs)}`);
  void comparison;
}
