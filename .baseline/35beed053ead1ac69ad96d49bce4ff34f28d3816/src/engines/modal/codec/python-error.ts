/**
 * Exceptions of Python. A container says of one its repr and its traceback as text, with the chain of causes: the error has the
 * class's name, its message, and the traceback as its stack.
 */
import { RemoteError, SerializationError } from "../../../runtime/errors.ts";

/** What a container says of an exception. */
interface PythonException {
  /** `ValueError('no')`. */
  exception: string;
  traceback: string;
}

export function encodePythonError({ exception, traceback }: PythonException): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ exception, traceback }));
}

export function decodePythonError(payload: Uint8Array): RemoteError {
  let said: PythonException;
  try {
    // Written by encodePythonError.
    said = JSON.parse(new TextDecoder().decode(payload)) as PythonException;
  } catch (cause) {
    throw new SerializationError("what was said of an exception cannot be read", { cause });
  }
  return remoteError(said);
}

const SEPARATORS: readonly string[] = [
  "The above exception was the direct cause of the following exception:",
  "During handling of the above exception, another exception occurred:",
];

/** Python prints the first cause first; each later part names the exception that it ends with. */
function remoteError({ exception, traceback }: PythonException): RemoteError {
  const parts = splitChain(traceback);
  let error: RemoteError | undefined;
  for (const [index, part] of parts.entries()) {
    const newest = index === parts.length - 1;
    const { name, message } = summaryOf(part) ?? reprOf(exception);
    const options = error === undefined ? {} : { cause: error };
    error = new RemoteError(name, message, options);
    // The traceback of the newest is printed with its causes; what remains of a chain is in `cause`.
    setStack(error, `${name}: ${message}\n${(newest ? traceback : part).trimEnd()}`);
  }
  if (error) return error;
  const { name, message } = reprOf(exception);
  const plain = new RemoteError(name, message);
  setStack(plain, `${name}: ${message}`);
  return plain;
}

/** In place of where it was decoded, which tells nobody anything. */
function setStack(error: Error, value: string): void {
  Object.defineProperty(error, "stack", { value, configurable: true, writable: true });
}

function splitChain(traceback: string): string[] {
  const parts: string[][] = [[]];
  for (const line of traceback.split("\n")) {
    if (SEPARATORS.includes(line.trim())) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((lines) => lines.join("\n").trim()).filter((part) => part !== "");
}

/** Of a traceback's part, the lines after its frames: `py_app.MyError: code 7`, and what the message has on further lines. */
function summaryOf(part: string): { name: string; message: string } | undefined {
  const lines = part.split("\n");
  const frames = lines.findLastIndex((line) => /^ {2}File ".*", line \d+/.test(line));
  // Frames are indented; the line of the source and its marks (^^^^) follow them.
  let at = frames + 1;
  while (at < lines.length && /^\s/.test(lines[at] ?? "")) at++;
  const summary = /^([\p{ID_Start}_][\p{ID_Continue}.<>]*)(?:: ?([\s\S]*))?$/u.exec(lines.slice(at).join("\n"));
  if (!summary) return undefined;
  const [, qualified = "", message = ""] = summary;
  return { name: qualified.split(".").at(-1) ?? qualified, message: message.trimEnd() };
}

/** `ValueError('no')`, where there is no traceback. */
function reprOf(exception: string): { name: string; message: string } {
  const [, name, inside] = /^(\w+)\(([\s\S]*)\)$/.exec(exception) ?? [];
  if (name === undefined || inside === undefined) return { name: "Exception", message: exception };
  const quoted = /^(['"])([\s\S]*)\1,?$/.exec(inside);
  return { name, message: quoted?.[2] === undefined ? inside : unescape(quoted[2]) };
}

function unescape(text: string): string {
  return text.replace(/\\([nrt\\'"])/g, (_, letter: string) => ({ n: "\n", r: "\r", t: "\t" })[letter] ?? letter);
}
