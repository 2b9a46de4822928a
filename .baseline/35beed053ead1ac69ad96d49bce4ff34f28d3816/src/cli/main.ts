/**
 * The command line: finds the command, loads its file and no other, and runs it. A command is a module in this folder that
 * exports `define(command, context)`.
 */
import { Command } from "commander";
import { packageVersion } from "../text/index.ts";
import { commands } from "./commands/index.ts";
import type { Context } from "./context.ts";
import { run, settle } from "./run.ts";
import { EXIT_CODES } from "./terminal/report.ts";

export function main(argv: readonly string[]): Promise<void> {
  return run(argv, (context) => farcallProgram(argv, context));
}

async function farcallProgram(argv: readonly string[], context: Context): Promise<Command> {
  const program = settle(new Command("farcall"))
    .description("Typed remote functions: deploy an app, generate stubs from it, call them.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpCommand("help [command]", "show the help of a command")
    .enablePositionalOptions()
    .addHelpText("after", PROGRAM_EXAMPLES);
  // `help deploy` also needs the whole command.
  const named = argv[0] === "help" ? argv[1] : argv[0];
  for (const { name, summary, load } of commands) {
    const command = settle(program.command(name)).summary(summary).description(summary);
    if (name === named) (await load()).define(command, context, commands);
  }
  return program;
}

const PROGRAM_EXAMPLES = `
Examples:
  $ farcall init                      set up this project
  $ farcall deploy src/app.ts         deploy an app
  $ farcall codegen                   write typed stubs for the deployed apps
  $ farcall call images/resize '"a"'  call a function by hand

farcall COMMAND --help shows the options and examples of a command.
${EXIT_CODES}`;
