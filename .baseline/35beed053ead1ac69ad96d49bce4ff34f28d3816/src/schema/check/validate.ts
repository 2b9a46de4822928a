/**
 * Arguments are checked where they enter the container, against the schema that was deployed: a JavaScript caller, a stub
 * of another version and a caller in another language all get the same message, and the function never sees a value that
 * its types rule out. Compiled once per function.
 */
import {
  type AppManifest,
  type CallSignature,
  constructorOf,
  type FunctionSchema,
  isOptional,
  type ParameterSchema,
  type TypeSchema,
} from "../index.ts";
import type { Mismatch, ValueCheck } from "./check.ts";
import { CheckCompiler, type IsOfCodec } from "./checks.ts";

export type PrintType = (type: TypeSchema) => string;

/** What is wrong with one input's arguments; sent in the engine's failure INVALID. */
export interface ArgumentProblem {
  /** `resize(options.width): expected number, received string` */
  message: string;
  hint: string;
  /** Where, for a form that shows it there: `options.width`; empty when there are too many arguments. */
  path: string;
}

/** Returns undefined when the arguments fit. */
export type ArgumentValidator = (args: readonly unknown[]) => ArgumentProblem | undefined;

const MAX_TYPE_TEXT = 240;
const MAX_VALUE_TEXT = 60;

/**
 * @param name of a function, or of a class for its constructor
 * @param print printType of the schema; a parameter because it is needed only once an argument is refused.
 * @param isOfCodec for types that cross by a codec; left out where values of them are EncodedValues
 */
export function compileValidator(
  name: string,
  manifest: Callables & Pick<AppManifest, "declarations">,
  print: PrintType,
  isOfCodec?: IsOfCodec,
): ArgumentValidator | undefined {
  const schema = schemaOf(name, manifest);
  if (!schema) return undefined;
  const compiler = new CheckCompiler(manifest.declarations, isOfCodec);
  const signatures = (schema.overloads ?? [schema]).map((signature) => compileSignature(signature, compiler));
  return (args) => {
    let fault: Fault | undefined;
    for (let i = 0; i < signatures.length; i++) {
      const found = signatures[i]!(args);
      if (!found) return undefined;
      // Of several overloads, take the one whose parameters the arguments match longest.
      if (!fault || found.rank > fault.rank) fault = found;
    }
    if (!fault) return undefined;
    const path = fault.parameter === undefined ? "" : fault.parameter + fault.mismatch!.path;
    return { message: describe(schema.name, fault, print), hint: usage(schema, print), path };
  };
}

type Schema = Pick<FunctionSchema, "name" | "parameters" | "returns" | "overloads" | "typeParameters">;

/** The part of a manifest that is read here. */
export interface Callables extends Pick<AppManifest, "classes"> {
  functions: readonly Schema[];
}

function schemaOf(name: string, manifest: Callables): Schema | undefined {
  const fn = manifest.functions.find((one) => one.name === name);
  const of = fn ? undefined : manifest.classes?.find((one) => one.name === name);
  return of ? constructorOf(of) : fn;
}

interface Fault {
  /** How many arguments were right before this one. */
  rank: number;
  /** The argument's type; absent when there are too many. */
  parameter?: string;
  missing?: boolean;
  mismatch?: Mismatch;
  counts?: { least: number; most: number; given: number };
}

function compileSignature(
  signature: CallSignature,
  compiler: CheckCompiler,
): (args: readonly unknown[]) => Fault | undefined {
  const last = signature.parameters.at(-1);
  const [rest, parameters, checks] = compiler.generic(signature.typeParameters, () => {
    const rest = last?.rest ? compiler.compile(last.type) : undefined;
    const parameters = rest ? signature.parameters.slice(0, -1) : signature.parameters;
    return [rest, parameters, parameters.map((parameter) => compiler.compile(parameter.type))] as const;
  });
  const optional = parameters.map(isOptional);
  const least = optional.lastIndexOf(false) + 1;
  return (args) => {
    for (let i = 0; i < checks.length; i++) {
      const value = args[i];
      if (checks[i]!.is(value) || (value === undefined && optional[i])) continue;
      return faultOf(parameters[i]!, checks[i]!, value, i, i >= args.length);
    }
    if (rest) {
      const more = args.slice(checks.length);
      if (!rest.is(more)) return faultOf(last!, rest, more, checks.length, false);
    } else if (args.length > checks.length && args.slice(checks.length).some((value) => value !== undefined)) {
      return { rank: checks.length, counts: { least, most: checks.length, given: args.length } };
    }
    return undefined;
  };
}

function faultOf(parameter: ParameterSchema, check: ValueCheck, value: unknown, rank: number, missing: boolean): Fault {
  return { rank, parameter: parameter.name, missing, mismatch: check.explain(value, "") };
}

function describe(name: string, fault: Fault, print: PrintType): string {
  if (fault.counts) {
    const { least, most, given } = fault.counts;
    const wanted = least === most ? `${most}` : `${least} to ${most}`;
    return `${name}: expected ${wanted} argument${most === 1 ? "" : "s"}, received ${given}`;
  }
  const { path, expected, received } = fault.mismatch!;
  const value = fault.missing ? "nothing" : valueText(received, isAboutValues(expected));
  return `${name}(${fault.parameter}${path}): expected ${cut(print(expected), MAX_TYPE_TEXT)}, received ${value}`;
}

function usage(schema: Schema, print: PrintType): string {
  const signatures = (schema.overloads ?? [schema]).map((signature) => {
    const parameters = signature.parameters.map(
      (one) => `${one.rest ? "..." : ""}${one.name}${isOptional(one) ? "?" : ""}: ${print(one.type)}`,
    );
    return `${schema.name}(${parameters.join(", ")})`;
  });
  return `It is deployed as ${cut(signatures.join(" or "), 2 * MAX_TYPE_TEXT)}. Run \`npx farcall codegen\` if your stub is older.`;
}

/** If the type lists values, the message shows the received value; otherwise it shows only its type, which reveals nothing. */
function isAboutValues(type: TypeSchema): boolean {
  if (type.kind === "union") return type.members.some(isAboutValues);
  return type.kind === "literal" || type.kind === "templateLiteral";
}

function valueText(value: unknown, withValue: boolean): string {
  switch (typeof value) {
    case "string":
      return withValue ? cut(JSON.stringify(value), MAX_VALUE_TEXT) : "string";
    case "number":
      return withValue || !Number.isFinite(value) ? String(value) : "number";
    case "bigint":
      return withValue ? cut(`${value}n`, MAX_VALUE_TEXT) : "bigint";
    case "boolean":
      return withValue ? String(value) : "boolean";
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `array of ${value.length}`;
      const prototype: unknown = Object.getPrototypeOf(value);
      const made = (prototype as { constructor?: unknown } | null)?.constructor;
      return typeof made === "function" && made !== Object && made.name !== "" ? made.name : "object";
    }
    default:
      return typeof value;
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
