/** The arguments that a command line gives: words in the order of the parameters, and `name=value` where a function has names for arguments. */
import { FarcallError, InvalidError, kwargs } from "../../runtime/index.ts";
import { type ArgumentProblem, compileValidator } from "../../schema/check/index.ts";
import {
  type AppManifest,
  argumentAt,
  type FunctionSchema,
  isPositional,
  isRequired,
  nearest,
  type ParameterSchema,
  printType,
} from "../../schema/index.ts";
import { count } from "../../text/index.ts";
import { UsageError } from "../terminal/report.ts";
import { readArgument } from "./from-json.ts";

type Words = { positional: string[]; named: ReadonlyMap<string, string> };

/** Only names that the function has count as names: another word with a `=` in it is a value. */
export function splitWords(words: readonly string[], fn: FunctionSchema): Words {
  const named = new Map<string, string>();
  const positional = words.filter((word) => {
    const [, name, value] = (fn.keywords && /^([^=\s]+)=(.*)$/s.exec(word)) || [];
    if (name === undefined || value === undefined || !nameable(fn, name)) return true;
    named.set(name, value);
    return false;
  });
  return { positional, named };
}

/** Reads the words by the parameters in order; a rest parameter takes all that are left. */
export function readArguments(words: readonly string[], fn: FunctionSchema, manifest: AppManifest): unknown[] {
  const { positional, named } = splitWords(words, fn);
  const parameters = fn.parameters.filter(isPositional);
  if (positional.length > parameters.length && !parameters.at(-1)?.rest) {
    const misnamed = fn.keywords && /^([^=\s]+)=/.exec(positional[parameters.length] ?? "");
    if (misnamed?.[1]) throw unknownName(misnamed[1], fn, manifest);
    throw new UsageError(
      `${fn.name} takes ${count(parameters.length, "argument")}, ${positional.length} given`,
      hintOf(fn, manifest),
    );
  }
  const byName = fn.parameters.filter((each) => !isPositional(each));
  requireAll([...parameters.slice(positional.length), ...byName], named, fn, manifest);
  const reader = new Reader(fn, manifest);
  const args = positional.map((word, index) => reader.read(word, argumentAt(parameters, index)!)); // there are not more words than parameters
  const values = reader.readNamed(named);
  reader.finish();
  return named.size > 0 ? [...args, kwargs(values)] : args;
}

function unknownName(name: string, fn: FunctionSchema, manifest: AppManifest): UsageError {
  const names = fn.parameters.filter((each) => !each.positionalOnly && !each.rest).map((each) => each.name);
  const near = nearest(name, names);
  const hint = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : hintOf(fn, manifest);
  return new UsageError(`${fn.name} has no parameter ${name} that can be given by name`, hint);
}

/** The arguments by name of every call of a map, whose other arguments come from elsewhere. Undefined when there are none. */
export function readNamed(
  named: Words["named"],
  fn: FunctionSchema,
  manifest: AppManifest,
): Record<string, unknown> | undefined {
  const byNameOnly = fn.parameters.filter((each) => !isPositional(each));
  requireAll(byNameOnly, named, fn, manifest);
  const reader = new Reader(fn, manifest);
  const values = reader.readNamed(named);
  reader.finish();
  return named.size > 0 ? values : undefined;
}

function requireAll(
  parameters: readonly ParameterSchema[],
  named: Words["named"],
  fn: FunctionSchema,
  manifest: AppManifest,
): void {
  const missing = parameters.filter((each) => isRequired(each) && !named.has(each.name));
  if (missing.length === 0) return;
  const names = missing.map(({ name, keywordOnly }) => (keywordOnly ? `${name}=…` : name)).join(", ");
  throw new UsageError(`${fn.name} needs its argument${missing.length > 1 ? "s" : ""} ${names}`, hintOf(fn, manifest));
}

/** Reads words, and reports all that cannot be used together. */
class Reader {
  readonly #fn: FunctionSchema;
  readonly #manifest: AppManifest;
  readonly #faults: FarcallError[] = [];

  constructor(fn: FunctionSchema, manifest: AppManifest) {
    this.#fn = fn;
    this.#manifest = manifest;
  }

  read(word: string, { name, type }: Pick<ParameterSchema, "name" | "type">): unknown {
    try {
      const value = readArgument(word, type, this.#manifest.declarations, name);
      const problem = this.#problemOf(value, { name, type });
      if (problem) this.#faults.push(new InvalidError(problem.message, { hint: hintOf(this.#fn, this.#manifest) }));
      return value;
    } catch (error) {
      if (!(error instanceof FarcallError)) throw error;
      this.#faults.push(error);
      return undefined;
    }
  }

  readNamed(named: Words["named"]): Record<string, unknown> {
    return Object.fromEntries(
      [...named].map(([name, word]) => [name, this.read(word, { ...nameable(this.#fn, name)!, name })]),
    );
  }

  /** Throws what is wrong with the words that were read. */
  finish(): void {
    const faults = this.#faults;
    if (faults.length === 0) return;
    if (faults.length === 1) throw faults[0];
    const message = [
      `${count(faults.length, "argument")} of ${this.#fn.name} cannot be used:`,
      ...faults.map((fault) => fault.message),
    ].join("\n");
    const hint = hintOf(this.#fn, this.#manifest);
    const isUsage = faults.some((fault) => fault instanceof UsageError);
    throw isUsage ? new UsageError(message, hint) : new InvalidError(message, { hint });
  }

  /**
   * The container's complaint about this argument alone, since it reports only the first wrong one; Python's check nothing. Overloads
   * are left to the container.
   */
  #problemOf(value: unknown, parameter: ParameterSchema): ArgumentProblem | undefined {
    const fn = this.#fn;
    if (fn.overloads || !(fn.options.validate || fn.keywords)) return undefined;
    const functions = [{ ...fn, parameters: [parameter] }];
    return compileValidator(fn.name, { ...this.#manifest, functions }, printType)?.([value]);
  }
}

function hintOf(fn: FunctionSchema, manifest: AppManifest): string {
  return `\`farcall describe ${manifest.app}/${fn.name}\` shows its parameters.`;
}

/** The parameter that takes an argument of this name: one of that name, or the one that takes all others. */
function nameable({ parameters }: FunctionSchema, name: string): ParameterSchema | undefined {
  const own = parameters.find((each) => each.name === name && !each.positionalOnly && !each.rest && !each.keywordRest);
  return own ?? parameters.find(({ keywordRest }) => keywordRest);
}
