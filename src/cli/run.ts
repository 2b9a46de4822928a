/** Runs a program: listens for Ctrl-C, and turns what happens into an exit code. */
import { type Command, CommanderError } from "commander";
import { InvalidError } from "../runtime/errors.ts";
import { Context } from "./context.ts";
import { Output } from "./terminal/output.ts";
import { EXIT, report, UsageError } from "./terminal/report.ts";

export async function run(argv: readonly string[], makeProgram: (context: Context) => Promise<Command>): Promise<void> {
  const output = new Output(argv.includes("--json"));
  const interruption = new AbortController();
  const interrupt = () => {
    // The second time the user means it.
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort(new InterruptedError());
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // The reader of a pipe has left: `farcall logs | head`.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

  let name = "farcall";
  // Nothing is left that could go on: Node would end here as if all were well.
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
    if (interruption.signal.aborted) process.exitCode = EXIT.interrupted;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = EXIT.ok;
    else if (error instanceof CommanderError) process.exitCode = reportUsage(error, output);
    else if (interruption.signal.aborted) process.exitCode = EXIT.interrupted;
    else process.exitCode = report(error, output);
  } finally {
    await context.close();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    process.off("beforeExit", unfinished);
  }
}

/** Commander has already printed the message for people. */
function reportUsage({ message }: CommanderError, output: Output): number {
  if (output.json)
    report(
      new UsageError(
        message
          .replace(/^error: /, "")
          .split("\n")
          .join(" "),
      ),
      output,
    );
  return EXIT.usage;
}

class InterruptedError extends Error {}

/** Errors are thrown rather than ending the process, and a word too many is one. */
export function settle(command: Command): Command {
  return command.exitOverride().showSuggestionAfterError().allowExcessArguments(false);
}
