/** `farcall calls`: lists recent calls and their progress. */
import type { Command } from "commander";
import type { CallInfo } from "../../engine/index.ts";
import { decodeInstance, monitorOf } from "../../runtime/index.ts";
import { toJson } from "../../schema/index.ts";
import { ago, scheduled } from "../../text/index.ts";
import { parseFilter } from "../calling/target.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples, positive } from "../context.ts";
import { table } from "../terminal/output.ts";

/** Longest shown constructor arguments, in characters. */
const MAX_ARGUMENTS = 40;

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("[target]", "APP, APP/FUNCTION or APP/CLASS")).option(
    "-n, --limit <count>",
    "number of newest calls to list",
    positive,
    20,
  );
  examples(command, [
    ["farcall calls", "the newest 20 calls"],
    ["farcall calls images/resize -n 100", "of one function"],
  ]);
  command.action(async (text: string | undefined, options: AppOptions & { limit: number }) => {
    const { output } = context;
    const monitor = monitorOf(await context.engine(options));
    const calls = await monitor.calls({ ...parseFilter(text, options.env), limit: options.limit });
    if (calls.length === 0) await context.requireTarget(text, options);
    output.document(calls);
    if (calls.length === 0) return output.note("No calls.");
    table(
      output,
      ["CALL", "FUNCTION", "METHOD", "INPUTS", "STATE", "CREATED"],
      calls.map((call) => [
        call.id,
        `${call.app}/${nameOf(call)}`,
        call.method ?? "",
        `${call.numEnded}/${call.numInputs}`,
        stateOf(call),
        ago(call.createdAt),
      ]),
    );
  });
}

/** A method is shown with the constructor's arguments, as in a target. */
export function nameOf({ function: name, instance }: Pick<CallInfo, "function" | "instance">): string {
  if (instance === undefined) return name;
  const [className, method] = name.split(".");
  const given = decodeInstance(instance)
    .args.map((each) => toJson(each))
    .join(", ");
  const shown = given.length > MAX_ARGUMENTS ? `${given.slice(0, MAX_ARGUMENTS)}…` : given;
  return `${className}(${shown}).${method}`;
}

function stateOf(call: CallInfo): string {
  const { numInputs, numFailed } = call;
  const failed = numInputs === 1 ? "failed" : `${numFailed} of ${numInputs} failed`;
  if (call.cancelled) return "cancelled";
  const later = call.endedAt === undefined ? scheduled(call.dueAt) : undefined;
  if (later) return later;
  if (call.startProblem !== undefined) return "waiting, containers fail to start";
  if (call.endedAt === undefined) return numFailed > 0 ? `running, ${numFailed} failed` : "running";
  return numFailed > 0 ? failed : "ended";
}
