/**
 * The command line: finds the command, loads its file and no other, runs it, and turns what happens into an exit code.
 * A command is a module in this folder that exports `define(command, context)`.
 */
import { Command, CommanderError } from "commander";
import { type CommandEntry, commands } from "./commands.ts";
import { Context } from "./context.ts";
import { Output } from "./terminal/output.ts";
import { EXIT, report } from "./terminal/report.ts";

export async function main(argv: readonly string[], bin: "farcall" | "codegen" = "farcall"): Promise<void> {
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

  const context = new Context(output, interruption.signal);
  try {
    await run(argv, bin, context);
    if (interruption.signal.aborted) process.exitCode = EXIT.interrupted;
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else if (interruption.signal.aborted) process.exitCode = EXIT.interrupted;
    else process.exitCode = report(error, output);
  } finally {
    await context.close();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

class InterruptedError extends Error {}

async function run(argv: readonly string[], bin: "farcall" | "codegen", context: Context): Promise<void> {
  const program = bin === "codegen" ? await codegenProgram(context) : await farcallProgram(argv, context);
  await program.parseAsync(argv, { from: "user" });
}

/** The bin `codegen` is the command alone. */
async function codegenProgram(context: Context): Promise<Command> {
  const entry = commands.find(({ name }) => name === "codegen") as CommandEntry;
  const program = settle(new Command("codegen")).description(entry.summary);
  (await entry.load()).define(program, context);
  return program;
}

async function farcallProgram(argv: readonly string[], context: Context): Promise<Command> {
  const program = settle(new Command("farcall"))
    .description("Typed remote functions: deploy an app, generate stubs from what is deployed, call them.")
    .version((await context.package()).version, "-V, --version", "print the version")
    .helpCommand("help [command]", "show the help of a command")
    .enablePositionalOptions()
    .addHelpText("after", PROGRAM_EXAMPLES);
  // `help deploy` needs the whole command as well.
  const named = argv[0] === "help" ? argv[1] : argv[0];
  for (const { name, summary, load } of commands) {
    const command = settle(program.command(name)).summary(summary).description(summary);
    if (name === named) (await load()).define(command, context);
  }
  return program;
}

/** Errors are thrown rather than ending the process, and a word too many is one. */
function settle(command: Command): Command {
  return command.exitOverride().showSuggestionAfterError().allowExcessArguments(false);
}

const PROGRAM_EXAMPLES = `
Examples:
  $ farcall init                      set up this project
  $ farcall deploy src/app.ts         deploy an app
  $ farcall codegen                   write typed stubs of what is deployed
  $ farcall call images/resize '"a"'  call a function by hand

farcall COMMAND --help shows the options and examples of a command.`;
