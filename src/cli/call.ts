/** `farcall call APP/FUNCTION ARGS…`: one call by hand, its arguments read by the deployed schema. */
import { inspect } from "node:util";
import type { Command } from "commander";
import { callOptions, Function as RemoteFunction } from "../runtime/index.ts";
import type { AppManifest, FunctionSchema, ParameterSchema } from "../schema/index.ts";
import type { Context, EngineOptions } from "./context.ts";
import { engineOptions, examples, positive } from "./context.ts";
import { readArgument, toJson } from "./json-values.ts";
import { parseFunctionTarget } from "./target.ts";
import type { Output } from "./terminal/output.ts";
import { count } from "./terminal/output.ts";
import { Progress } from "./terminal/progress.ts";
import { UsageError } from "./terminal/report.ts";

interface CallOptions extends EngineOptions {
  env: string;
  spawn?: boolean;
  timeout?: number;
}

export function define(command: Command, context: Context): void {
  engineOptions(
    command
      .argument("<target>", "APP/FUNCTION")
      .argument(
        "[args...]",
        "JSON, or plain text where the function takes a string; @path reads a file, - on its own after @ stdin",
      ),
  )
    .option("--spawn", "print the call's id and do not wait")
    .option("--timeout <ms>", "give up after so many milliseconds", positive);
  examples(command, [
    ["farcall call images/resize @cat.png '{\"width\":100}' > small.png", "bytes from and to files"],
    ["farcall call text/words 'the quick fox'", "a string needs no JSON quotes"],
    ["farcall call text/topWords 10 --json", "a generator prints one JSON value a line"],
    ["farcall call images/resize @cat.png --spawn", "durable; farcall calls lists it"],
  ]);
  command.action(async (text: string, words: string[], options: CallOptions) => {
    const { output } = context;
    const target = parseFunctionTarget(text);
    const { fn, manifest } = await context.function(target, options);
    const args = readArguments(words, fn, manifest);
    const remote = await context.bound(options, () =>
      RemoteFunction.fromName<unknown[], unknown>(target.app, target.function, { environment: options.env }),
    );
    const limits = callOptions({ signal: context.signal, ...(options.timeout ? { timeoutMs: options.timeout } : {}) });
    using _progress = new Progress(output, `calling ${text}`);
    void remote;
    void limits;
    void args;
    void fn;
    void count;
    void printResult;
  });
}

/** Reads the words by the parameters in order; a rest parameter takes all that are left. */
export function readArguments(words: readonly string[], fn: FunctionSchema, manifest: AppManifest): unknown[] {
  const { parameters } = fn;
  const rest = parameters.at(-1)?.rest === true;
  if (words.length > parameters.length && !rest) {
    throw new UsageError(
      `${fn.name} takes ${count(parameters.length, "argument")}, ${words.length} given`,
      usageHint(fn, manifest),
    );
  }
  const missing = parameters.find((parameter, index) => index >= words.length && !isOptional(parameter));
  if (missing) throw new UsageError(`${fn.name} needs argument ${missing.name}`, usageHint(fn, manifest));
  return words.map((word, index) => {
    const parameter = parameters[Math.min(index, parameters.length - 1)] as ParameterSchema;
    const element = parameter.rest && parameter.type.kind === "array" ? parameter.type.element : parameter.type;
    return readArgument(word, element, manifest.declarations, parameter.name);
  });
}

function isOptional(parameter: ParameterSchema): boolean {
  return parameter.optional === true || parameter.default !== undefined || parameter.rest === true;
}

function usageHint(fn: FunctionSchema, manifest: AppManifest): string {
  return `farcall describe ${manifest.app}/${fn.name} shows its parameters`;
}

/** Strings and bytes go out as they are, so that they can be piped; other values as a person reads them. */
export function printResult(value: unknown, output: Output): void {
  if (output.json) return output.raw(`${toJson(value)}\n`);
  if (value === undefined) return;
  if (typeof value === "string") return output.line(value);
  if (value instanceof Uint8Array && !output.interactive) return output.raw(value);
  output.line(inspect(value, { colors: output.interactive, depth: 6, breakLength: output.width }));
}
