/**
 * A class whose instances live in containers: what `app.class`, generated stubs and `Class.fromName` give. `new` makes a handle,
 * without I/O, that has a remote function for each method.
 */
import type { Engine, FunctionRef } from "../engine/index.ts";
import type { FunctionMode, ResolvedFunctionOptions } from "../schema/index.ts";
import type { Client } from "./client.ts";
import type { FindErrorClass } from "./declared-errors.ts";
import { InvalidError } from "./errors.ts";
import { type DefinitionRecord, RemoteFunction } from "./function.ts";
import { decodeInstance, encodeInstance } from "./instances.ts";
import { KwargsArgument } from "./markers.ts";
import { isName } from "./names.ts";
import type { AnyCallable } from "./signatures.ts";
import { Target, type WireNames } from "./target.ts";

/** Its place in a registry; the name of a definition may come late. */
interface ClassRef {
  app: string;
  environment: string;
  name: string;
  version?: number | undefined;
}

export interface RemoteMethod {
  name: string;
  /** What callers call it instead. */
  as?: string | undefined;
  names?: WireNames | undefined;
  /** Unknown until the engine has been asked, as for functions. */
  mode?: FunctionMode | undefined;
  signature?: string | undefined;
  options?: ResolvedFunctionOptions;
}

export interface ClassParts {
  ref: ClassRef;
  /** Unknown for a class that is only named: every name is then taken for a method. */
  methods?: readonly RemoteMethod[] | undefined;
  client?: Client | undefined;
  stubEngine?: string | undefined;
  /** The classes that the stubs have for errors. */
  findError?: FindErrorClass | undefined;
  /** In whose place instances call, while a test has them run in this process. */
  redirected?: Engine | undefined;
  /** The class itself, where it is defined in this program. */
  definition?: (new (...args: never) => object) | undefined;
}

export type ClassValue = new (...args: readonly unknown[]) => object;

const parts = new WeakMap<object, ClassParts>();

export function remoteClass(own: ClassParts): ClassValue {
  const makers = new WeakMap<object, MakeMethod>();
  const value = class {
    constructor(...args: readonly unknown[]) {
      const make = methodsOf(own, args);
      makers.set(this, make);
      for (const method of own.methods ?? []) define(this, method, make);
    }
  };
  Object.defineProperty(value, "name", { get: () => own.ref.name });
  if (!own.methods) {
    // Behind all instances: what one does not have yet is made when it is asked for.
    const anyMethod = (_: object, key: string | symbol, instance: object): unknown => {
      const make = makers.get(instance);
      // What the language itself looks for must be absent: `await` would take the instance for a promise.
      if (!make || typeof key !== "string" || RESERVED_METHODS.has(key) || !isName(key)) return Reflect.get({}, key);
      return define(instance, { name: key }, make);
    };
    Object.setPrototypeOf(value.prototype, new Proxy({}, { get: anyMethod }));
  }
  parts.set(value, own);
  return value;
}

type MakeMethod = (method: RemoteMethod) => RemoteFunction;

function define(instance: object, method: RemoteMethod, make: MakeMethod): RemoteFunction {
  const value = make(method);
  Object.defineProperty(instance, method.as ?? method.name, { value, enumerable: true });
  return value;
}

/** Undefined for anything but such a class. */
export function partsOf(value: unknown): ClassParts | undefined {
  return typeof value === "function" ? parts.get(value) : undefined;
}

/** For `withClient`: the same class with its calls going to the client's engine; undefined for anything but such a class. */
export function bindClass(client: Client, value: unknown): ClassValue | undefined {
  const own = partsOf(value);
  return own && remoteClass({ ...own, client });
}

/** Makes the methods of one instance. */
function methodsOf(own: ClassParts, args: readonly unknown[]): MakeMethod {
  const { ref, client, stubEngine, findError, redirected, definition } = own;
  const last = args.at(-1);
  const instance =
    last instanceof KwargsArgument
      ? encodeInstance(ref.name, args.slice(0, -1), last.values)
      : encodeInstance(ref.name, args);
  const local = definition && lazily(definition, instance);
  return ({ name, mode, signature, options, names }) => {
    const place: FunctionRef = {
      app: ref.app,
      environment: ref.environment,
      version: ref.version,
      signature,
      instance,
      get name() {
        return `${ref.name}.${name}`;
      },
    };
    const record = local && options && { fn: localMethod(local, name, mode), options };
    const target = new Target(place, { client, stubEngine, mode, names, findError });
    if (redirected) target.redirect(redirected);
    return new RemoteFunction(target, record satisfies DefinitionRecord | undefined);
  };
}

/** As the author wrote it. */
export type OwnInstance = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;

/** Constructs the class from encoded arguments. */
export function construct(definition: AnyDefinition, instance: string): OwnInstance {
  // The arguments fit where they were checked against the schema; what its methods are, the schema says.
  const Own = definition as unknown as new (...args: unknown[]) => OwnInstance;
  const { args, kwargs } = decodeInstance(instance);
  if (kwargs) {
    throw new InvalidError(`the constructor of ${definition.name} has no arguments that are passed by name`, {
      hint: `Pass ${Object.keys(kwargs).join(", ")} by position, without kwargs().`,
    });
  }
  return new Own(...args);
}

type AnyDefinition = new (...args: never) => object;
type Local = () => Promise<OwnInstance>;

/** One real instance in this process, constructed and entered when it is first needed. */
function lazily(definition: AnyDefinition, instance: string): Local {
  let made: Promise<OwnInstance> | undefined;
  const make = async (): Promise<OwnInstance> => {
    const own = construct(definition, instance);
    await own["enter"]?.();
    return own;
  };
  return () => {
    if (made) return made;
    const making = make();
    made = making;
    // The next call tries again.
    making.catch(() => {
      made = undefined;
    });
    return making;
  };
}

function localMethod(local: Local, name: string, mode: FunctionMode | undefined): AnyCallable {
  const call = async (args: unknown[]): Promise<unknown> => {
    const own = await local();
    return own[name]!(...args);
  };
  if (mode !== "generator") return (...args: unknown[]) => call(args);
  return async function* (...args: unknown[]) {
    yield* (await call(args)) as AsyncIterable<unknown>;
  };
}

/** Names that would make an instance something else to the language than a holder of methods. */
export const RESERVED_METHODS: ReadonlySet<string> = new Set([
  "then",
  "toJSON",
  ...Object.getOwnPropertyNames(Object.prototype),
]);
