/** `farcall dev FILE`: redeploys an app whenever its sources change, and shows its containers' output. */
import { relative } from "node:path";
import type { Command } from "commander";
import { watchApp } from "../../deploy/index.ts";
import type { Monitor } from "../../engine/index.ts";
import { deployerOf, monitorOf } from "../../runtime/index.ts";
import { type Context, examples } from "../context.ts";
import { buildSettings } from "../project/build-settings.ts";
import {
  askAboutRemovals,
  type DeployingOptions,
  deployingOptions,
  printDeployment,
  summaryOf,
} from "../project/deployment.ts";
import { errorAsJson, report } from "../terminal/report.ts";
import { printEntry } from "./logs.ts";

interface DevOptions extends DeployingOptions {
  logs: boolean;
}

export function define(command: Command, context: Context): void {
  deployingOptions(command).option("--no-logs", "do not show the containers' output");
  examples(command, [
    ["farcall dev src/app.ts", "until Ctrl-C; run codegen --watch too, and stubs follow"],
    ["farcall dev src/app.ts --json", "one event per line: deployed, failed, changed, log"],
  ]);
  command.action(async (entry: string, options: DevOptions) => {
    const { output, signal } = context;
    const engine = await context.engine(options);
    deployerOf(engine);
    let following: Promise<void> | undefined;
    const file = relative(process.cwd(), entry);
    output.note(`Deploying ${file}, then watching its source files. Ctrl-C ends.`);
    /** The running deploy's stage. */
    let stage: "building" | "registering" | undefined;
    signal.addEventListener("abort", () => {
      if (stage === "building") output.note("Interrupted. Nothing was registered.");
      if (stage === "registering")
        output.note("Interrupted while a version is being registered: waiting for the engine's answer.");
    });
    await watchApp({
      entry,
      engine,
      signal,
      environment: options.env,
      ...(options.root ? { root: options.root } : {}),
      ...(await buildSettings(options.envFile)),
      takeOver: options.takeOver === true,
      onRemoval: askAboutRemovals(options, context),
      onProgress(at) {
        stage = at === "register" ? "registering" : "building";
      },
      onDeployed(deployment, { ms }) {
        stage = undefined;
        output.event({ event: "deployed", ...summaryOf(deployment, ms) });
        printDeployment(deployment, ms, output);
        const { app } = deployment.manifest;
        if (options.logs) following ??= follow(monitorOf(engine), app, options.env, context);
      },
      onFailed(error) {
        stage = undefined;
        if (output.json) output.event({ event: "failed", error: errorAsJson(error) });
        else report(error, output);
      },
      onChange(files) {
        output.event({ event: "changed", files });
        output.note(
          output.styleNote("dim", `changed: ${files.map((file) => relative(process.cwd(), file)).join(", ")}`),
        );
      },
    });
    await following;
  });
}

async function follow(monitor: Monitor, app: string, environment: string, { output, signal }: Context): Promise<void> {
  for await (const entry of monitor.logs({ app, environment, limit: 0, follow: true, signal })) {
    output.event({ event: "log", ...entry });
    if (!output.json) printEntry(entry, output);
  }
}
