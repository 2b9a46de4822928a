/**
 * The command line: finds the command, loads its file and no other, runs it, and turns what happens into an exit code.
 * A command is a module in this folder that exports `define(command, context)`.
 */
import { Command, CommanderError } from "commander";
import { commands } from "./commands.ts";
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
  // `farcall help deploy` is `farcall deploy --help`.
  const [first, second, ...rest] = argv;
  const args = first === "help" && second !== undefined ? [second, "--help", ...rest] : [...argv];

  const program = new Command(bin)
    .description("Typed remote functions: deploy an app, generate stubs from what is deployed, call them.")
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ sortSubcommands: false })
    .option("-V, --version", "print the version")
    .showSuggestionAfterError()
    .action(async (options: { version?: boolean }) => {
      if (!options.version) program.help({ error: true });
      const { version } = await context.package();
      context.output.json ? context.output.document({ version }) : context.output.line(version);
    });
  program.addHelpText("after", PROGRAM_EXAMPLES);

  for (const { name, summary, load, hidden } of commands) {
    const command = program
      .command(name, { hidden: hidden === true })
      .summary(summary)
      .description(summary);
    command.exitOverride().showSuggestionAfterError().allowExcessArguments(false);
    if (args[0] !== name) continue;
    if (bin === "codegen") command.name("").usage("[options]");
    (await load()).define(command, context);
  }
  await program.parseAsync(args, { from: "user" });
}

const PROGRAM_EXAMPLES = `
Examples:
  $ farcall init                      set up this project
  $ farcall deploy src/app.ts         deploy an app
  $ farcall codegen                   write typed stubs of what is deployed
  $ farcall call images/resize '"a"'  call a function by hand

farcall COMMAND --help shows the options and examples of a command.`;
