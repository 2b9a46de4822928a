/** `farcall logs`: shows the containers' output, and the engine's messages about them. */
import type { Command } from "commander";
import type { LogEntry } from "../../engine/index.ts";
import { monitorOf } from "../../runtime/index.ts";
import { parseFilter } from "../calling/target.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples, positive } from "../context.ts";
import type { Output } from "../terminal/output.ts";

interface LogOptions extends AppOptions {
  follow?: boolean;
  call?: string;
  limit: number;
}

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("[target]", "APP, APP/FUNCTION or APP/CLASS"))
    .option("-f, --follow", "keep printing new entries until Ctrl-C")
    .option("--call <id>", "show only this call's entries")
    .option("-n, --limit <count>", "number of newest entries to begin with", positive, 100);
  examples(command, [
    ["farcall logs images -f", "follows an app"],
    ["farcall logs --call fc-01JD4Z --json", "one call, one JSON object per line"],
  ]);
  command.action(async (text: string | undefined, options: LogOptions) => {
    const engine = await context.engine(options);
    const monitor = monitorOf(engine);
    // With --follow, entries may still come; without it, an empty result may mean that the target does not exist.
    if (options.follow) await requireSubject();
    const entries = monitor.logs({
      ...parseFilter(text, options.env),
      callId: options.call,
      limit: options.limit,
      follow: options.follow === true,
      signal: context.signal,
    });
    let printed = 0;
    for await (const entry of entries) {
      printed++;
      printEntry(entry, context.output);
    }
    if (printed > 0 || context.signal.aborted) return;
    await requireSubject();
    context.output.note("No logs.");

    async function requireSubject(): Promise<void> {
      await context.requireTarget(text, options);
      if (options.call !== undefined) await engine.invoker.call(options.call);
    }
  });
}

export function printEntry(entry: LogEntry, output: Output): void {
  output.event(entry);
  const time = output.style("dim", new Date(entry.time).toLocaleTimeString("en-GB"));
  // Of what Modal names by an id alone, the function is unknown.
  const source = output.style("cyan", entry.function === "" ? entry.app : `${entry.app}/${entry.function}`);
  const text = entry.text.replace(/\n$/, "");
  for (const line of text.split("\n")) {
    output.line(`${time} ${source} ${entry.stream === "stdout" ? line : output.style("yellow", line)}`);
  }
}
