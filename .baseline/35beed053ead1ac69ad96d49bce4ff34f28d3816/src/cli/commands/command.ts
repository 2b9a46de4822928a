/** A command as the program sees it: a name and a summary for the help, and a module that loads when the command runs. */
import type { Command } from "commander";
import type { Context } from "../context.ts";

interface CommandModule {
  /** Adds the command's arguments, options, examples and action. `commands` are all of farcall's commands. */
  define(command: Command, context: Context, commands: readonly CommandEntry[]): void;
}

export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<CommandModule>;
}
