/** What is wrong with a schedule, before a host would find out at night. */
import type { Problem } from "../introspect/index.ts";
import { type FunctionSchema, isRequired, type Schedule } from "../schema/index.ts";

export async function scheduleProblems(
  fn: Omit<FunctionSchema, "options">,
  schedule: Schedule,
  label: string,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const report = (message: string, hint: string): void => {
    const { file = label, line = 1 } = fn.source ?? {};
    problems.push({ severity: "error", file, line, column: 1, message: `${fn.name}: ${message}`, hint });
  };
  const calls = fn.overloads ?? [fn];
  const needed = calls.map(({ parameters }) => parameters.find(isRequired));
  // One of the overloads has to do without arguments.
  if (needed.every((parameter) => parameter !== undefined)) {
    report(
      `it runs on a schedule and would be called without ${needed[0]!.name}`,
      "Give the parameter a default, or schedule a function without parameters that calls this one.",
    );
  }
  if (schedule.kind === "every") return problems;
  const { Cron } = await import("croner");
  try {
    const next = new Cron(schedule.expression, { timezone: schedule.timezone, paused: true }).nextRun();
    if (!next)
      report(
        `cron("${schedule.expression}") never matches in the future`,
        "Correct the expression: the function would never run.",
      );
  } catch (error) {
    report(
      `cron("${schedule.expression}", { timezone: "${schedule.timezone}" }): ${(error as Error).message}`,
      'Write five fields (minute, hour, day of the month, month, day of the week), such as "0 9 * * *".',
    );
  }
  return problems;
}
