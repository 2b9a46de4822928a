/** What `app.class` registers: the author's class, what its methods are, and how they run. */
import type { FunctionMode, ResolvedFunctionOptions } from "../../schema/index.ts";
import { nearest } from "../../schema/index.ts";
import { type Checks, checkRecord } from "../checks.ts";
import type { AnyClass } from "../class-types.ts";
import { InvalidError } from "../errors.ts";
import { isName } from "../names.ts";
import type { RemoteMethod } from "../remote-class.ts";
import type { AnyCallable } from "../signatures.ts";
import type { ClassOptions, MethodOptions } from "./class-options.ts";
import { type FunctionOptions, resolveOptions } from "./options.ts";

/** A class as the container and the deploy see it. */
export interface ClassDefinition {
  name: string;
  definition: AnyClass;
  /** Including those that the author has made private, which only the source shows. */
  methods: MethodDefinition[];
}

export interface MethodDefinition extends RemoteMethod {
  mode: FunctionMode | undefined;
  options: ResolvedFunctionOptions;
}

/** Called by farcall itself. */
const LIFECYCLE: ReadonlySet<string> = new Set(["constructor", "enter", "exit"]);
const METHOD_OPTIONS = ["timeoutMs", "retries", "validate"] as const;
const NO_OPTIONS = ["batch", "web", "schedule", "limit", "omit"] as const;

/** Throws InvalidError on options that make no sense. */
export function defineMethods(
  app: string,
  definition: AnyClass,
  defaults: FunctionOptions,
  options: ClassOptions,
): MethodDefinition[] {
  const { methods: own = {}, ...shared } = options as ClassOptions & { methods?: Record<string, MethodOptions> };
  const subject = (options.name ?? definition.name) ? `class "${options.name ?? definition.name}"` : "an unnamed class";
  for (const option of NO_OPTIONS) {
    if (option in shared) throw new InvalidError(`${subject}: ${option} is not an option of app.class()`);
  }
  if ((shared.concurrency as { key?: unknown } | undefined)?.key !== undefined) {
    throw new InvalidError(`${subject}: concurrency.key is not an option of app.class()`, {
      hint: "Make the key an argument of the constructor: each instance has containers of its own.",
    });
  }
  const perSet = { maxContainers: Math.max(1, shared.minContainers ?? defaults.minContainers ?? 1) };
  resolveOptions(subject, perSet, defaults, shared);
  const methods = [...prototypeMethods(definition)];
  if (methods.some(([name]) => name === "then")) {
    throw new InvalidError(`app "${app}": ${subject} has a method "then", so that its instances look like promises`, {
      hint: "Give the method another name.",
    });
  }
  refuseUnknown(
    subject,
    own,
    methods.map(([name]) => name),
  );
  return methods.map(([name, method]) => ({
    name,
    mode: isGenerator(method) ? "generator" : undefined,
    options: resolveOptions(`${subject}, method "${name}"`, perSet, defaults, shared, own[name] ?? {}),
  }));
}

function refuseUnknown(subject: string, own: Readonly<Record<string, MethodOptions>>, names: readonly string[]): void {
  for (const [name, options] of Object.entries(own)) {
    if (!names.includes(name)) {
      const [near] = nearest(name, names, 1);
      throw new InvalidError(`${subject}: options are given for a method "${name}" that it does not have`, {
        hint: near === undefined ? `Its methods are ${names.join(", ") || "none"}.` : `Did you mean "${near}"?`,
      });
    }
    const known: Checks = Object.fromEntries(METHOD_OPTIONS.map((option) => [option, () => undefined]));
    checkRecord(`${subject}, method "${name}"`, "option of a method", "", options, known);
  }
}

/** The methods of a class and of those that it extends, each name once. */
function* prototypeMethods(definition: AnyClass): Iterable<[name: string, method: AnyCallable]> {
  const seen = new Set<string>();
  for (let at: object = definition.prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const method: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (LIFECYCLE.has(name) || seen.has(name) || !isName(name) || typeof method !== "function") continue;
      seen.add(name);
      yield [name, method as AnyCallable];
    }
  }
}

/** `Object.prototype.toString` distinguishes kinds of functions without running them. */
export function isGenerator(fn: AnyCallable): boolean {
  return /Generator/.test(Object.prototype.toString.call(fn));
}

/** A class can be distinguished from a function, which `new` would run just the same. */
export function isClass(value: unknown): value is AnyClass {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
