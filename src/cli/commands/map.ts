/** `farcall map TARGET [FILE]`: makes one call for each line of JSON, and prints one line of JSON for each result. */
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import { UserCodeException } from "../../runtime/index.ts";
import { type AppManifest, argumentAt, type FunctionSchema, fromJson, toJson } from "../../schema/index.ts";
import { count, duration } from "../../text/index.ts";
import { readNamed, splitWords } from "../calling/arguments.ts";
import { functionIn, remoteOf } from "../calling/remote.ts";
import { parseFunctionTarget } from "../calling/target.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import { Progress } from "../terminal/progress.ts";
import { Exit, UsageError } from "../terminal/report.ts";

interface MapOptions extends AppOptions {
  tuples?: boolean;
  ordered: boolean;
  keepGoing?: boolean;
}

export function define(command: Command, context: Context): void {
  engineOptions(
    command
      .argument("<target>", "APP/FUNCTION, or 'APP/CLASS(ARGS).METHOD'")
      .argument("[file]", "JSON lines; standard input when left out")
      .argument("[names...]", "name=value, the same for all calls, where functions have names for arguments"),
  )
    .option("--tuples", "each line is the array of all arguments, not the first argument")
    .option("--no-ordered", "print results as they come")
    .option("--keep-going", 'continue after failures, which are printed as {"error": …}; exit code 1 at the end');
  examples(command, [
    ['printf \'"a b"\\n"c"\\n\' | farcall map text/words', "two calls"],
    ["farcall map images/resize jobs.jsonl --tuples --keep-going", 'lines like ["a.png", {"width": 100}]'],
    ["farcall map ml/embed texts.jsonl normalize=true", "arguments by name, for functions that have names (Python's)"],
  ]);
  command.action(async (text: string, first: string | undefined, others: string[], options: MapOptions) => {
    const { output, signal } = context;
    const target = parseFunctionTarget(text);
    const manifest = await context.manifest(target, options);
    const fn = functionIn(manifest, target);
    if (fn.mode === "generator") {
      throw new UsageError(
        `${text} is a generator: map cannot run it`,
        `Run \`farcall call '${text}' …\` for each input: it prints what the generator yields.`,
      );
    }
    const { positional, named } = splitWords(first === undefined ? others : [first, ...others], fn);
    const [file = "-", unexpected] = positional;
    if (unexpected !== undefined) {
      throw new UsageError(
        `${unexpected} is not an argument by name of ${fn.name}`,
        `\`farcall describe ${manifest.app}/${fn.name}\` shows its parameters; one file can be read.`,
      );
    }
    const kwargs = readNamed(named, fn, manifest);
    const source = await openInput(file);
    const remote = remoteOf(target, fn, manifest, { environment: options.env });
    const started = performance.now();
    let done = 0;
    let failed = 0;
    using progress = new Progress(output, `mapping ${text}`);
    let bad: unknown;
    const lines = untilBad(inputs(source, file, fn, manifest, options.tuples === true), (error) => {
      bad = error;
    });
    const results = remote.starmap(lines, {
      orderOutputs: options.ordered,
      returnExceptions: options.keepGoing === true,
      signal,
      ...(kwargs && { kwargs }),
    });
    for await (const result of results) {
      done++;
      progress.update(`mapping ${text}: ${done.toLocaleString("en")} done`);
      if (result instanceof UserCodeException) {
        failed++;
        const { name, message } = result.cause instanceof Error ? result.cause : result;
        output.raw(`${toJson({ error: { name, message } })}\n`);
      } else output.raw(`${toJson(result)}\n`);
    }
    progress[Symbol.dispose]();
    if (bad !== undefined) throw bad;
    output.note(
      `${count(done, "result")} in ${duration(performance.now() - started)}${failed > 0 ? `, ${failed} failed` : ""}`,
    );
    if (failed > 0) throw new Exit(1);
  });
}

/** A line that cannot be read ends the input, so that the lines before it still get their results. */
async function* untilBad<T>(lines: AsyncIterable<T>, failed: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* lines;
  } catch (error) {
    failed(error);
  }
}

/** Before anything is called. */
async function openInput(file: string): Promise<Readable> {
  if (file === "-") return process.stdin;
  try {
    return (await open(file)).createReadStream();
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read: ${(error as Error).message}`,
      "Give a file of JSON lines, or pipe the lines into the command.",
    );
  }
}

async function* inputs(
  stream: Readable,
  file: string,
  fn: FunctionSchema,
  manifest: AppManifest,
  tuples: boolean,
): AsyncGenerator<unknown[]> {
  let number = 0;
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === "") continue;
    const value = parse(line, `${file === "-" ? "standard input" : file}:${number}`);
    if (tuples && !Array.isArray(value))
      throw new UsageError(`line ${number} is not an array`, "With --tuples, each line is an array of all arguments.");
    const values: unknown[] = tuples ? (value as unknown[]) : [value];
    yield values.map((item, index) => {
      const parameter = argumentAt(fn.parameters, index);
      return parameter ? fromJson(item, parameter.type, manifest.declarations) : item;
    });
  }
}

function parse(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new UsageError(
      `${place} is not JSON: ${(error as Error).message}`,
      "Each line is one JSON value. Strings need quotes.",
    );
  }
}
