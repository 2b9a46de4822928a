/** The command line of codegen alone, which loads nothing of the other commands. */

import { Command } from "commander";
import { packageVersion } from "../text/index.ts";
import { define } from "./commands/codegen.ts";
import { run, settle } from "./run.ts";

export function main(argv: readonly string[], name: "codegen" | "farcall codegen"): Promise<void> {
  return run(argv, async (context) => {
    const program = settle(new Command(name)).description("write typed stubs of the deployed apps");
    // Of the bin: `farcall --version` is the other's.
    if (name === "codegen") program.version(packageVersion(), "-V, --version", "print the version");
    define(program, context);
    return program;
  });
}
