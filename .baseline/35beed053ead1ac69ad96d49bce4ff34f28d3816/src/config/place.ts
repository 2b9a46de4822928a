/** Where in a config an error comes from. Node prints it to the terminal for some mistakes, not at all for others, and never has it in the message. */
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";

/** `/project/farcall.config.ts:3:10: Expected "," but found "output"`; the error's message alone where no place is known. */
export async function explain(error: Error, files: readonly string[]): Promise<string> {
  if (error instanceof SyntaxError) return (await mistakeIn(files)) ?? error.message;
  for (const file of files) {
    for (const name of [pathToFileURL(file).href, file]) {
      const [, line, column] = error.stack?.split(name)[1]?.match(/^(?:\?[^:]*)?:(\d+):(\d+)/) ?? [];
      if (line !== undefined) return `${file}:${line}:${column}: ${error.message}`;
    }
  }
  return error.message;
}

/** The first syntax error that a parser finds; Node's own error does not say where it is. */
async function mistakeIn(files: readonly string[]): Promise<string | undefined> {
  const { transform } = await import("esbuild");
  for (const file of files) {
    const extension = extname(file);
    if (!/^\.[cm]?[jt]s$/.test(extension)) continue;
    const failure = await transform(readFileSync(file, "utf8"), {
      loader: extension.endsWith("ts") ? "ts" : "js",
      logLevel: "silent",
    }).then(
      () => undefined,
      (reason: import("esbuild").TransformFailure) => reason.errors?.[0],
    );
    const at = failure?.location;
    if (at) return `${file}:${at.line}:${at.column + 1}: ${failure.text}`;
  }
  return undefined;
}
