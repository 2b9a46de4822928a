/** The callable that a target on the command line names: a function, or the method of an instance with constructor arguments. */
import {
  Class,
  encodeInstance,
  type Function,
  GeneratorFunction,
  Function as RemoteFunction,
} from "../../runtime/index.ts";
import {
  type AppManifest,
  argumentAt,
  classOf,
  constructorOf,
  type FunctionSchema,
  fromJson,
  isRequired,
  methodName,
  methodsOf,
} from "../../schema/index.ts";
import { UsageError } from "../terminal/report.ts";
import type { Target } from "./target.ts";

type AnyRemote = Function<unknown[], unknown> & GeneratorFunction<unknown[], unknown>;

/** The function that a target names in its app's manifest. Throws UsageError for a class. */
export function functionIn(manifest: AppManifest, target: Target & { function: string }): FunctionSchema {
  const fn = manifest.functions.find(({ name }) => name === target.function);
  if (fn) return fn;
  const methods = methodsOf(target.function, manifest);
  throw new UsageError(
    `${target.app}/${target.function} is a class, not a function`,
    `Name one of its methods: ${methods.map((one) => `'${target.app}/${one.class}(…).${methodName(one)}'`).join(", ")}`,
  );
}

export function remoteOf(
  target: Target,
  fn: FunctionSchema,
  manifest: AppManifest,
  from: { environment: string },
): AnyRemote {
  if (fn.class === undefined) {
    if (target.construct !== undefined) throw new UsageError(`${fn.name} is not a class method`);
    const remote =
      fn.mode === "generator"
        ? GeneratorFunction.fromName<unknown[], unknown>(target.app, fn.name, from)
        : RemoteFunction.fromName<unknown[], unknown>(target.app, fn.name, from);
    return remote as AnyRemote; // one class implements both
  }
  type Instance = Record<string, AnyRemote>;
  const Own = Class.fromName<new (...args: unknown[]) => Instance>(target.app, fn.class, from);
  return new Own(...constructorArguments(target, fn, manifest))[methodName(fn)]!;
}

/** For queries: FunctionRef's `instance`, if the target names one. */
export function instanceOf(target: Target, fn: FunctionSchema, manifest: AppManifest): string | undefined {
  if (target.construct === undefined || fn.class === undefined) return undefined;
  return encodeInstance(fn.class, constructorArguments(target, fn, manifest));
}

function constructorArguments({ app, construct = "" }: Target, fn: FunctionSchema, manifest: AppManifest): unknown[] {
  const { name, parameters } = constructorOf(classOf(fn, manifest)!); // the manifest was checked: it has the class
  const example = `'${app}/${name}(${parameters.map((parameter) => parameter.name).join(", ")}).${methodName(fn)}'`;
  let values: unknown[];
  try {
    values = JSON.parse(`[${construct}]`) as unknown[];
  } catch (error) {
    throw new UsageError(
      `the arguments of ${name} are not JSON: ${(error as Error).message}`,
      `Put strings in double quotes and the whole target in single quotes: '${app}/${name}("…").${methodName(fn)}'.`,
    );
  }
  const missing = parameters.find((parameter, index) => index >= values.length && isRequired(parameter));
  if (missing) throw new UsageError(`${name} needs its argument ${missing.name}`, `Write ${example}.`);
  return values.map((value, index) => {
    const parameter = argumentAt(parameters, index);
    return parameter ? fromJson(value, parameter.type, manifest.declarations) : value;
  });
}
