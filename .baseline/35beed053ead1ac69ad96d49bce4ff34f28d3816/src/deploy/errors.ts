/** Why a deploy stopped, with every problem that was found, since fixing one at a time costs a deploy each. */
import type { Problem } from "../introspect/index.ts";
import { FarcallError, type FarcallErrorOptions } from "../runtime/errors.ts";

/** What a deploy does, in the order in which it reports. */
export type DeployStage = "introspect" | "bundle" | "inspect" | "check" | "register";

export class DeployError extends FarcallError {
  readonly stage: DeployStage;
  /** The message without the problems. */
  readonly summary: string;
  /** Empty when the message says it all. */
  readonly problems: readonly Problem[];

  constructor(stage: DeployStage, message: string, problems: readonly Problem[], options?: FarcallErrorOptions) {
    super("FARCALL_DEPLOY", [message, ...problems.map(problemLine)].join("\n"), options);
    this.stage = stage;
    this.summary = message;
    this.problems = problems;
  }
}

function problemLine({ file, line, column, message, hint }: Problem): string {
  return `  ${file}:${line}:${column} ${message}${hint ? ` (${hint})` : ""}`;
}
