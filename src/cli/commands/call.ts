/** `farcall call TARGET ARGS…`: makes one call, and reads its arguments by the deployed schema. */
import type { Command } from "commander";
import { callOptions, FarcallError, InvalidError, kwargs } from "../../runtime/index.ts";
import { type ArgumentProblem, compileValidator } from "../../schema/check/index.ts";
import {
  type AppManifest,
  argumentAt,
  type FunctionSchema,
  isPositional,
  isRequired,
  type ParameterSchema,
  printType,
} from "../../schema/index.ts";
import { count } from "../../text/index.ts";
import { readArgument } from "../calling/from-json.ts";
import { functionIn, remoteOf } from "../calling/remote.ts";
import { parseFunctionTarget } from "../calling/target.ts";
import { printResult } from "../calling/to-json.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples, positive } from "../context.ts";
import { Progress } from "../terminal/progress.ts";
import { UsageError } from "../terminal/report.ts";

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

/**
 * Reads the words by the parameters in order; a rest parameter takes all that are left. If arguments can be passed by name,
 * `name=value` passes one by name.
 */
function readArguments(words: readonly string[], fn: FunctionSchema, manifest: AppManifest): unknown[] {
  const hint = `\`farcall describe ${manifest.app}/${fn.name}\` shows its parameters.`;
  const parameters = fn.parameters.filter(isPositional);
  const named = new Map<string, string>();
  const positional = words.filter((word) => {
    const [, name, value] = (fn.keywords && /^([^=\s]+)=(.*)$/s.exec(word)) || [];
    if (name === undefined || value === undefined || !nameable(fn, name)) return true;
    named.set(name, value);
    return false;
  });
  if (positional.length > parameters.length && !parameters.at(-1)?.rest) {
    throw new UsageError(`${fn.name} takes ${count(parameters.length, "argument")}, ${positional.length} given`, hint);
  }
  const byName = fn.parameters.filter((each) => !isPositional(each));
  const missing = [...parameters.slice(positional.length), ...byName].filter(
    (each) => isRequired(each) && !named.has(each.name),
  );
  if (missing.length > 0) {
    const names = missing.map(({ name, keywordOnly }) => (keywordOnly ? `${name}=…` : name)).join(", ");
    throw new UsageError(`${fn.name} needs its argument${missing.length > 1 ? "s" : ""} ${names}`, hint);
  }
  const faults: FarcallError[] = [];
  const read = (word: string, { name, type }: Pick<ParameterSchema, "name" | "type">): unknown => {
    try {
      const value = readArgument(word, type, manifest.declarations, name);
      const problem = problemOf(value, { name, type }, fn, manifest);
      if (problem) faults.push(new InvalidError(problem.message, { hint }));
      return value;
    } catch (error) {
      if (!(error instanceof FarcallError)) throw error;
      faults.push(error);
      return undefined;
    }
  };
  const args = positional.map((word, index) => read(word, argumentAt(parameters, index)!)); // there are not more words than parameters
  const values = Object.fromEntries(
    [...named].map(([name, word]) => [name, read(word, { ...nameable(fn, name)!, name })]),
  );
  if (faults.length === 1) throw faults[0];
  if (faults.length === 0) return named.size > 0 ? [...args, kwargs(values)] : args;
  const message = [
    `${count(faults.length, "argument")} of ${fn.name} cannot be used:`,
    ...faults.map((fault) => fault.message),
  ];
  const isUsage = faults.some((fault) => fault instanceof UsageError);
  throw isUsage ? new UsageError(message.join("\n"), hint) : new InvalidError(message.join("\n"), { hint });
}

/** The parameter that takes an argument of this name: one of that name, or the one that takes all others. */
function nameable({ parameters }: FunctionSchema, name: string): ParameterSchema | undefined {
  const own = parameters.find((each) => each.name === name && !each.positionalOnly && !each.rest && !each.keywordRest);
  return own ?? parameters.find(({ keywordRest }) => keywordRest);
}

/** The container's complaint about this argument alone, since it reports only the first wrong one. Overloads are left to the container. */
function problemOf(
  value: unknown,
  parameter: ParameterSchema,
  fn: FunctionSchema,
  manifest: AppManifest,
): ArgumentProblem | undefined {
  if (fn.overloads || !fn.options.validate) return undefined;
  const functions = [{ ...fn, parameters: [parameter] }];
  return compileValidator(fn.name, { ...manifest, functions }, printType)?.([value]);
}
