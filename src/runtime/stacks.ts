/**
 * The stack of an error that came from elsewhere: the remote frames, then those of the caller. The caller's are taken when
 * the error arrives, from the awaiting caller's async stack, so that calls which succeed pay nothing.
 */

const SEPARATOR = "    --- called from ---";

/** Frames of this package, and of Node's queues, that say nothing to the reader. */
const OURS =
  /^\s*at (?:async )?(?:answered|Target|RemoteFunction|OutputStream|MapCall|GeneratorCall|IterCall|FunctionCall)\b|\(node:internal\//;

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
    .filter((line) => !OURS.test(line))
    .join("\n");
}
