/** `farcall call TARGET ARGS…`: makes one call, and reads its arguments by the deployed schema. */
import type { Command } from "commander";
import { callOptions } from "../../runtime/index.ts";
import { readArguments } from "../calling/arguments.ts";
import { functionIn, remoteOf } from "../calling/remote.ts";
import { parseFunctionTarget } from "../calling/target.ts";
import { printResult } from "../calling/to-json.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples, positive } from "../context.ts";
import { Progress } from "../terminal/progress.ts";

interface CallOptions extends AppOptions {
  spawn?: boolean;
  timeout?: number;
}

export function define(command: Command, context: Context): void {
  engineOptions(
    command
      .argument("<target>", "APP/FUNCTION, or 'APP/CLASS(ARGS).METHOD'")
      .argument(
        "[args...]",
        "JSON, or plain text where a string is expected; @path reads a file, @- stdin, @@ is a plain @; name=value where functions have names for arguments",
      ),
  )
    .option("--spawn", "print the call's id and do not wait for the result")
    .option("--timeout <ms>", "give up after this many milliseconds", positive);
  examples(command, [
    ["farcall call text/words 'the quick fox'", "a string needs no JSON quotes"],
    ["farcall call images/resize @cat.png '{\"width\":100}' > small.png", "bytes from and to files"],
    ["farcall call text/topWords 10 --json", "a generator prints one JSON value per line"],
    ["farcall call images/resize @cat.png --spawn", "durable; farcall calls lists it"],
    [
      "farcall call ml/embed 'the quick fox' normalize=true",
      "arguments by name, for functions that have names (Python's)",
    ],
    ["farcall call 'ml/Model(\"l\").predict' 'the quick fox'", "a method; the constructor's arguments are JSON"],
  ]);
  command.action(async (text: string, words: string[], options: CallOptions) => {
    const { output, signal } = context;
    const target = parseFunctionTarget(text);
    const manifest = await context.manifest(target, options);
    const fn = functionIn(manifest, target);
    const remote = remoteOf(target, fn, manifest, { environment: options.env });
    const args = readArguments(words, fn, manifest);
    using progress = new Progress(output, `calling ${text}`);
    const engine = await context.engine(options);
    const limits = callOptions({
      signal,
      timeoutMs: options.timeout,
      ...(engine.progress !== false && {
        onProgress: ({ fraction, message }) =>
          progress.update(`calling ${text}: ${Math.floor(fraction * 100)} %${message ? ` ${message}` : ""}`),
      }),
    });

    if (fn.mode === "generator" && !options.spawn) {
      for await (const value of remote.remoteGen(...args, limits)) {
        progress[Symbol.dispose]();
        printResult(value, output);
      }
      return;
    }
    if (options.spawn) {
      const { id } = await remote.spawn(...args);
      output.document({ call: id });
      output.line(id);
      return;
    }
    const result = await remote.remote(...args, limits);
    progress[Symbol.dispose]();
    printResult(result, output);
  });
}
