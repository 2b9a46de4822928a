/** `farcall host status|stop|backup|restore`: manages the process on this machine in which an engine runs, if it has one. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { type HostControl, type HostStatus, hostOf } from "../../engines/index.ts";
import { UnsupportedError } from "../../runtime/errors.ts";
import { count, duration } from "../../text/index.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples } from "../context.ts";
import { type Output, table } from "../terminal/output.ts";
import { Progress } from "../terminal/progress.ts";

interface StopOptions extends EngineOptions {
  force?: boolean;
}

export function define(command: Command, context: Context): void {
  const { output } = context;
  examples(command, [
    ["farcall host status", "the process, its clients and containers"],
    ["farcall host stop", "lets running inputs finish; the next use starts it again"],
    ["farcall host backup state.backup", "apps with their secrets, calls and results in one file"],
  ]);

  command
    .command("status", { isDefault: true })
    .description("show whether it is running, its clients and containers")
    .option("--engine <url>", "engine to look at")
    .option("--json", "print JSON")
    .action(async (options: EngineOptions) => {
      const status = await (await requireHost(context, options)).status();
      output.document(status ? { running: true, ...status } : { running: false });
      if (status) printStatus(status, output);
      else output.line("No host is running. The next use of the engine starts one.");
    });

  command
    .command("stop")
    .description("stop it once its running inputs have ended; durable calls go on when it starts again")
    .option("--engine <url>", "engine whose host to stop")
    .option("--force", "kill its containers at once")
    .option("--json", "print JSON")
    .action(async (options: StopOptions) => {
      const host = await requireHost(context, options);
      using progress = new Progress(output, "waiting for running inputs");
      const stopped = await host.stop({ force: options.force === true });
      progress[Symbol.dispose]();
      output.document({ stopped });
      output.line(stopped ? "Stopped." : "No host is running.");
    });

  defineBackups(command, context);
}

function defineBackups(command: Command, context: Context): void {
  const { output } = context;
  command
    .command("backup")
    .description("write its apps with their code and secrets, its calls and results to one new file; it may be running")
    .argument("<file>", "where to write")
    .option("--engine <url>", "engine to back up")
    .option("--json", "print JSON")
    .action(async (file: string, options: EngineOptions) => {
      const path = resolve(file);
      await (await requireHost(context, options)).backup(path);
      output.document({ file: path });
      output.line(`Wrote ${path}. It contains the values of secrets: keep it where only you can read it.`);
    });

  command
    .command("restore")
    .description("stop it, and replace its data with a backup; calls that had not ended by then run again")
    .argument("<file>", "file written by `farcall host backup`")
    .option("--engine <url>", "engine to restore")
    .option("--json", "print JSON")
    .action(async (file: string, options: EngineOptions) => {
      const { aside } = await (await requireHost(context, options)).restore(resolve(file));
      output.document({ restored: true, ...(aside !== undefined && { aside }) });
      output.line("Restored.");
      if (aside !== undefined) output.line(`The previous data is ${aside}.`);
    });
}

async function requireHost(context: Context, options: EngineOptions): Promise<HostControl> {
  const url = await context.engineUrl(options);
  const host = await hostOf(url);
  if (host) return host;
  throw new UnsupportedError(`${url} has no host process on this machine`, {
    hint: "Run `farcall doctor` to see what the engine reports.",
  });
}

function printStatus(status: HostStatus, output: Output): void {
  const memory = `${Math.round(status.memoryBytes / 1e6)} MB`;
  output.line(
    `${output.style("green", "running")}  process ${status.pid}, farcall ${status.version}, up for ${duration(status.uptimeMs)}, ${memory}`,
  );
  output.line(`state    ${status.state}`);
  output.line(`serving  ${count(status.clients, "client")}, ${count(status.openCalls, "open call")}`);
  if (status.containers.length === 0) return;
  output.line();
  table(
    output,
    ["CONTAINER", "FUNCTION", "VERSION", "STATE", "RUNNING", "PROCESS"],
    status.containers.map((container) => [
      container.id,
      `${container.app}/${container.function}`,
      String(container.version),
      container.state,
      String(container.running),
      String(container.pid),
    ]),
  );
}
