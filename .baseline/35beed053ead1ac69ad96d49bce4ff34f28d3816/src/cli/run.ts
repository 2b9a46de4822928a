/** Runs a program: listens for Ctrl-C, and turns the outcome into an exit code. */
import { type Command, CommanderError } from "commander";
import { InvalidError } from "../runtime/errors.ts";
import { Context } from "./context.ts";
import { Output } from "./terminal/output.ts";
import { EXIT, report, UsageError } from "./terminal/report.ts";

export async function run(argv: readonly string[], makeProgram: (context: Context) => Promise<Command>): Promise<void> {
  const output = new Output(argv.includes("--json"));
  const interruption = new AbortController();
  const interrupt = () => {
    // A second Ctrl-C ends it at once.
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort(new InterruptedError());
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // The reader of the pipe has gone: `farcall logs | head`.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

  let name = "farcall";
  // Nothing keeps the event loop alive: Node would exit here as if all were well.
  const unfinished = async () => {
    process.exitCode = EXIT.failed;
    const { waitedFor } = await import("../config/index.ts");
    const what = waitedFor().join(", ") || "it";
    process.exitCode = report(
      new InvalidError(`${name} ended before it was done: ${what} is awaiting a promise that never settles`, {
        hint: "Check for promises that are neither resolved nor rejected there.",
      }),
      output,
    );
  };
  process.once("beforeExit", unfinished);

  const context = new Context(output, interruption.signal);
  try {
    const program = await makeProgram(context);
    name = program.name();
    await program.parseAsync(argv, { from: "user" });
    if (interruption.signal.aborted && !context.runsUntilTold) process.exitCode = EXIT.interrupted;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = EXIT.ok;
    else if (error instanceof CommanderError) process.exitCode = reportUsage(error, output, commandName(name, argv));
    else if (interruption.signal.aborted) process.exitCode = EXIT.interrupted;
    else process.exitCode = report(error, output);
  } finally {
    await context.close();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    process.off("beforeExit", unfinished);
  }
}

/** Converts commander's error to farcall's form; `settle` keeps commander from printing it too. */
function reportUsage({ code, message }: CommanderError, output: Output, program: string): number {
  // Commander has printed the help, because it was requested or because there was no command.
  if (code === "commander.help") return EXIT.usage;
  const [what = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const hint = suggestion?.replace(/^\((.*)\)$/, "$1") ?? `\`${program} --help\` shows what it takes.`;
  return report(new UsageError(what.replace(/\.$/, ""), hint), output);
}

class InterruptedError extends Error {}

/** The program with the command that was meant: `farcall deploy`. */
function commandName(name: string, [command = ""]: readonly string[]): string {
  return name === "farcall" && /^[a-z]+$/.test(command) ? `${name} ${command}` : name;
}

/** Makes commander throw errors instead of printing them or exiting, and treat an extra argument as an error. */
export function settle(command: Command): Command {
  return command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .allowExcessArguments(false);
}
