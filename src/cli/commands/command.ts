/** What a command is to the program: a name for the help, and a module that loads when the command runs. */
import type { Command } from "commander";
import type { Context } from "../context.ts";

export interface CommandModule {
  /** Gives the command its arguments, options, examples and action. `commands` are all of farcall's. */
  define(command: Command, context: Context, commands: readonly CommandEntry[]): void;
}

export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<CommandModule>;
}
