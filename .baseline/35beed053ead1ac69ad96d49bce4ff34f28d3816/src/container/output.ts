/**
 * Turns user code's output into log frames that name the input which printed them. `process.stdout` and `process.stderr`
 * (and so `console`) are replaced before user code loads; output that native code or a child process writes directly to the file
 * descriptors goes wherever the engine pointed those.
 */
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

export type Stream = "stdout" | "stderr";

/** Longest text of one log frame, in UTF-16 units. */
const MAX_TEXT = 64 * 1024;

/** @param write called synchronously for each write, in the context of the code that prints */
export function captureOutput(write: (stream: Stream, text: string) => void): void {
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ] as const) {
    let stream: Writable | undefined;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        stream ??= outputStream(fd, (text) => write(name, text));
        return stream;
      },
    });
  }
}

function outputStream(fd: number, write: (text: string) => void): Writable {
  const decoder = new StringDecoder("utf8");
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, encoding, done) {
      const text =
        typeof chunk !== "string"
          ? decoder.write(chunk)
          : encoding === "utf8" || encoding === "utf-8"
            ? chunk
            : Buffer.from(chunk, encoding).toString();
      for (let at = 0; at < text.length; at += MAX_TEXT) write(text.slice(at, at + MAX_TEXT));
      done();
    },
  });
  // Ending or destroying standard output must not silence later output.
  const stay = () => stream;
  return Object.assign(stream, { fd, isTTY: false, end: stay, destroy: stay });
}
