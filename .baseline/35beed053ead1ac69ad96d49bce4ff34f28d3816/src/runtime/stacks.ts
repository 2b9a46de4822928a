/**
 * The stack of an error that came from elsewhere: the remote frames, then those of the caller. The caller's are taken when
 * the error arrives, from the awaiting caller's async stack, so that calls which succeed pay nothing.
 */

const SEPARATOR = "    --- called from ---";

/** Frames of Node's queues, which say nothing to the reader. */
const INTERNAL = /\(node:internal\//;

/** Frames of this package where its files cannot be told from others, since it is a part of a program's own bundle. */
const OURS =
  /^\s*at (?:async )?(?:new )?_?(?:answered|Target|RemoteFunction|OutputStream|MapCall|GeneratorCall|IterCall|FunctionCall)\d*\b/;

/** The URL of the folder that holds this package's own code; undefined where it is a part of a program's own bundle. */
export const OWN_FOLDER: string | undefined = /\/runtime\/stacks\.[jt]s$/.test(import.meta.url)
  ? new URL("../", import.meta.url).href
  : undefined;

/** As stacks show it where the module was not loaded by its URL. */
const OWN_PATH = OWN_FOLDER && pathOf(OWN_FOLDER);

function pathOf(url: string): string {
  const path = decodeURIComponent(new URL(url).pathname);
  return /^\/[A-Za-z]:/.test(path) ? path.slice(1).replaceAll("/", "\\") : path;
}

function isOwn(line: string): boolean {
  if (OWN_FOLDER === undefined || OWN_PATH === undefined) return OURS.test(line);
  return line.includes(OWN_FOLDER) || line.includes(OWN_PATH);
}

/** What a call ended with, on its way to the awaiting method, which throws `value`. */
export class Raised {
  readonly value: unknown;
  /** User code threw it, so its stack is worth keeping; otherwise farcall made it here. */
  readonly remote: boolean;

  constructor(value: unknown, remote: boolean) {
    this.value = value;
    this.remote = remote;
  }
}

/** To be called in the async function that the caller awaits: gives what it then throws. */
export function raise(thrown: unknown): unknown {
  if (!(thrown instanceof Raised)) return thrown;
  const { value, remote } = thrown;
  if (!(value instanceof Error)) return value;
  const frames = callerFrames();
  const own = remote ? value.stack : `${value.name}: ${value.message}`;
  if (own !== undefined && frames !== "") {
    Object.defineProperty(value, "stack", {
      value: remote ? `${own}\n${SEPARATOR}\n${frames}` : `${own}\n${frames}`,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
  return value;
}

/** What an engine's answer settles to; an error of it was made where the answer arrived, and gets the stack of the caller who awaits here. */
export async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw raise(error instanceof Raised ? error : new Raised(error, false));
  }
}

function callerFrames(): string {
  const holder: { stack?: string } = {};
  // V8 only; elsewhere errors keep the remote frames alone.
  if (typeof Error.captureStackTrace !== "function") return "";
  Error.captureStackTrace(holder, raise);
  return (holder.stack ?? "")
    .split("\n")
    .slice(1)
    .filter((line) => !INTERNAL.test(line) && !isOwn(line))
    .join("\n");
}
