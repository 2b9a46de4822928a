/**
 * Reports a failed command: what happened, where, what to do next, and an exit code. 1 means that the command failed, 2 that its
 * usage was wrong, 130 that it was interrupted.
 */
import { FarcallError, RemoteError } from "../../runtime/errors.ts";
import { count } from "../../text/index.ts";
import type { Output } from "./output.ts";

export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** For help. */
export const EXIT_CODES = `
Exit codes: 0 done, 1 failed or stubs out of date, 2 wrong usage, 130 interrupted.`;

/** The command line is invalid. */
export class UsageError extends FarcallError {
  constructor(message: string, hint?: string) {
    super("FARCALL_USAGE", message, { hint });
  }
}

/** For a command that has printed its findings itself and only has to exit with a code. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

interface Place {
  file: string;
  line?: number;
  column?: number;
  /** Inside a type. */
  path?: string;
  message: string;
  severity?: string;
  hint?: string;
}

/** Prints an error and returns the exit code. */
export function report(error: unknown, output: Output): number {
  if (error instanceof Exit) return error.code;
  if (output.json) output.event({ error: errorAsJson(error) });
  else output.note(asText(error, output));
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

function asText(error: unknown, output: Output): string {
  const red = (text: string) => output.styleNote(["red", "bold"], text);
  if (!isOwn(error)) return `${red("error")}: ${error instanceof Error ? asNode(error) : String(error)}`;
  const places = problemsOf(error);
  const [what = "", ...where] = places.length > 0 ? [headlineOf(error, places)] : error.message.split("\n");
  const lines = [`${output.linkNote(docsOf(error), red(`error[${error.code}]`))}: ${what}`];
  lines.push(...where.map((line) => `  ${line}`));
  lines.push(...placeLines(places, output));
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!error.message.includes(cause.message)) lines.push(`  cause: ${firstLine(cause.message)}`);
  }
  if (error.hint && !places.some(({ hint }) => hint === error.hint))
    lines.push(`  ${output.styleNote("cyan", "hint")}: ${error.hint.split("\n").join("\n        ")}`);
  return lines.join("\n");
}

/** The text before the list; for an error that is only a list, its length. */
function headlineOf({ message }: FarcallError, places: readonly Place[]): string {
  const first = firstLine(message);
  if (!first.includes(firstLine(places[0]!.message))) return first;
  const warnings = places.filter(({ severity }) => severity === "warning").length;
  const errors = count(places.length - warnings, "error");
  return `nothing was deployed: ${warnings > 0 ? `${errors} and ${count(warnings, "warning")}` : errors}`;
}

/** `file:line:column` begins a line, so that terminals and editors turn it into a link. Nothing is printed twice. */
export function placeLines(places: readonly Place[], output: Output): string[] {
  const hints = new Set<string>();
  const lines = new Set<string>();
  for (const place of places) {
    const at = [place.file, place.line, place.column].filter((part) => part !== undefined).join(":");
    const severity = place.severity === "warning" ? `${output.styleNote("yellow", "warning")}: ` : "";
    const path = place.path === undefined ? "" : `${place.path}: `;
    lines.add(`  ${at} - ${severity}${path}${place.message.split("\n").join("\n    ")}`);
    if (place.hint === undefined || hints.has(place.hint)) continue;
    hints.add(place.hint);
    lines.add(`    hint: ${place.hint}`);
  }
  return [...lines];
}

export function errorAsJson(error: unknown, depth = 0): object {
  if (!isOwn(error)) {
    const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
    const stack = error instanceof Error ? stackOf(error) : undefined;
    return { code: "ERROR", name, message, stack, ...(cause !== undefined && { cause: causeAsJson(cause, depth) }) };
  }
  const places = problemsOf(error);
  return {
    code: error.code,
    message: error.message,
    ...(error.hint ? { hint: error.hint } : {}),
    docs: docsOf(error),
    ...(places.length > 0 ? { problems: places } : {}),
  };
}

function causeAsJson(cause: unknown, depth: number): unknown {
  if (cause instanceof Error) return depth < MAX_CAUSES ? errorAsJson(cause, depth + 1) : cause.message;
  try {
    return JSON.parse(JSON.stringify(cause));
  } catch {
    return inspect(cause);
  }
}

/** The section on the error's code in the documentation that ships with the package. */
function docsOf({ code }: FarcallError): string {
  return new URL(`../../../docs/errors.md#${code.toLowerCase()}`, import.meta.url).href;
}

/** Whether user code threw the error; it is then shown with its stack, which its author needs. */
function isOwn(error: unknown): error is FarcallError {
  return error instanceof FarcallError && !(error instanceof RemoteError);
}

/** Errors of a deploy or a config have a list of all problems. */
function problemsOf(error: FarcallError): readonly Place[] {
  const { problems } = error as { problems?: unknown };
  return Array.isArray(problems) ? (problems as Place[]) : [];
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** As Node prints it, without the calling command's frames, which are the same for each error. */
function asNode(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return inspect(error);
  const { cause } = error;
  if (cause === undefined || depth === MAX_CAUSES) return stackOf(error);
  return `${stackOf(error)} {\n  [cause]: ${asNode(cause, depth + 1).replaceAll("\n", "\n  ")}\n}`;
}

/** More of them would be a cycle. */
const MAX_CAUSES = 10;
const SEPARATOR = "--- called from ---";
const PACKAGE = new URL("../../../", import.meta.url).href;

function stackOf(error: Error): string {
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  const [own = "", ...callers] = stack.split(new RegExp(`\\n *${SEPARATOR}\\n`));
  const isOfCommand = (frame: string) =>
    frame.includes(`${PACKAGE}dist/`) ||
    frame.includes(`${PACKAGE}src/`) ||
    /[\\/]node_modules[\\/]commander[\\/]/.test(frame);
  const kept = callers.map((frames) => frames.split("\n").filter((frame) => !isOfCommand(frame)));
  return [own, ...kept.filter((frames) => frames.length > 0).map((frames) => frames.join("\n"))].join(
    `\n    ${SEPARATOR}\n`,
  );
}

function inspect(value: unknown): string {
  return process.getBuiltinModule("node:util").inspect(value);
}
