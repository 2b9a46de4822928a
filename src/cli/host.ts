/** `farcall host status|stop`: the process that serves a state directory of the local engine. */
import type { Command } from "commander";
import { hostStatus, stopHost } from "../engine/local/index.ts";
import type { Context, EngineOptions } from "./context.ts";
import { examples } from "./context.ts";
import { Exit } from "./terminal/report.ts";

export function define(command: Command, context: Context): void {
  examples(command, [
    ["farcall host status", "exit code 1 when none runs"],
    ["farcall host stop", "running inputs finish; the next use starts it again"],
  ]);
  const { output } = context;

  command
    .command("status")
    .summary("is it running, and with what")
    .option("--engine <url>", "engine to look at")
    .option("--json", "print JSON")
    .action(async (options: EngineOptions) => {
      const status = await hostStatus(await context.engineUrl(options));
      output.document(status ?? { running: false });
      if (!status) {
        output.line("No host is running. The next use of the local engine starts one.");
        throw new Exit(1);
      }
      for (const [key, value] of Object.entries(status)) output.line(`${key.padEnd(12)} ${value}`);
    });

  command
    .command("stop")
    .summary("stop it when its running inputs have ended")
    .option("--engine <url>", "engine whose host to stop")
    .option("--json", "print JSON")
    .action(async (options: EngineOptions) => {
      const stopped = await stopHost(await context.engineUrl(options));
      output.document({ stopped });
      output.line(stopped ? "Stopped." : "No host is running.");
    });
}
