/** Calls a config's own code. All later steps rely on the result, so it is checked, and errors name the hook. */
import { waitFor } from "../config/index.ts";
import type { AppPlan } from "../plan/index.ts";
import { unlockManifest } from "../plan/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import { thrownText, valueText } from "../text/index.ts";

/** Describes what is wrong with a hook's result: `expected …`. */
type Problem = (left: unknown) => string | undefined | Promise<string | undefined>;

/** What the hook returns, or its argument, which it may have changed. */
export async function callHook<T>(
  what: string,
  given: T,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is one without `return`
  hook: (given: T) => T | void | Promise<T | void>,
  problemOf: Problem,
): Promise<T> {
  const who = what.replace(/^the/, "The");
  let returned: T | undefined;
  try {
    returned = (await waitFor(what, () => hook(given))) ?? undefined;
  } catch (cause) {
    throw new InvalidError(`${who} failed: ${thrownText(cause)}`, { cause });
  }
  const problem = await problemOf(returned ?? given);
  if (problem === undefined) return returned ?? given;
  throw new InvalidError(`${who} ${returned === undefined ? "left" : "returned"} an unusable value: ${problem}`, {
    hint: "See docs/plugins.md for what each hook gets and may return.",
  });
}

export async function manifestProblem(left: unknown): Promise<string | undefined> {
  if (!isObject(left)) return `expected a manifest, got ${valueText(left)}`;
  return unlockManifest(left).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

export function planProblem(left: unknown): string | undefined {
  if (!isObject(left)) return `expected a plan, got ${valueText(left)}`;
  const { apps, index } = left;
  if (!isObject(index)) return `index: expected an object, got ${valueText(index)}`;
  const problem = listProblem(left, ["apps"]) ?? listProblem(index, ["exports", "apps"], "index.");
  if (problem !== undefined) return problem;
  for (const [at, app] of (apps as Record<string, unknown>[]).entries()) {
    const { file } = app;
    if (typeof file !== "string") return `apps[${at}].file: expected a string, got ${valueText(file)}`;
    const inApp = listProblem(app, LISTS_OF_APP, `apps[${at}].`);
    if (inApp !== undefined) return inApp;
  }
  return undefined;
}

const LISTS_OF_APP = ["imports", "makers", "declarations", "functions", "classes"] satisfies (keyof AppPlan)[];

function listProblem(of: Record<string, unknown>, keys: readonly string[], prefix = ""): string | undefined {
  const wrong = keys.find((key) => !Array.isArray(of[key]) || !of[key].every(isObject));
  return wrong === undefined ? undefined : `${prefix}${wrong}: expected a list of objects, got ${valueText(of[wrong])}`;
}

export function fileProblem(left: unknown): string | undefined {
  if (!isObject(left)) return `expected { path, text }, got ${valueText(left)}`;
  return textProblem(left.text);
}

export function textProblem(left: unknown): string | undefined {
  return typeof left === "string" ? undefined : `expected a string, got ${valueText(left)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
