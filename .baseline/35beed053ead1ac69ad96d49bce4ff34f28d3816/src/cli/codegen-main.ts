/** The command line of codegen alone, which does not load the other commands. */

import { Command } from "commander";
import { packageVersion } from "../text/index.ts";
import { define } from "./commands/codegen.ts";
import { run, settle } from "./run.ts";

export function main(argv: readonly string[], name: "codegen" | "farcall codegen"): Promise<void> {
  return run(argv, async (context) => {
    const program = settle(new Command(name)).description("write typed stubs for the deployed apps");
    // Only for the bin `codegen`: farcall has its own --version.
    if (name === "codegen") program.version(packageVersion(), "-V, --version", "print the version");
    define(program, context);
    return program;
  });
}
