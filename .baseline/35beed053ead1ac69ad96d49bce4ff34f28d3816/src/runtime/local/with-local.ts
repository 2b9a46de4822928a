/** Lets the stubs that a program imports run definitions in this process. */
import { InvalidError } from "../errors.ts";
import { RemoteFunction } from "../function.ts";
import { type ClassParts, construct, type OwnInstance, partsOf } from "../remote-class.ts";
import type { Runnable } from "./call.ts";
import { LocalEngine, type LocalFunction } from "./engine.ts";
import type { LocalDefinitions, LocalStubs } from "./types.ts";

/**
 * Runs the functions of an app's stubs in this process until `restore()`, for unit tests of the program that imports them:
 * `using local = withLocal(images, { resize: async (image) => image })`. Definitions are checked against the stubs by the compiler;
 * the app's own module will do too: `withLocal(images, await import("../src/app.ts"))`. A stub without a definition rejects with
 * NotFoundError: no engine is asked. Values cross as they would on an engine; there are no retries and no time limits.
 */
export function withLocal<S extends object>(stubs: S, definitions: LocalDefinitions<S>): LocalStubs {
  const functions = new Map<string, LocalFunction>();
  const given: Readonly<Record<string, unknown>> = definitions;
  const redirect: ((engine: LocalEngine) => () => void)[] = [];
  for (const [name, stub] of Object.entries(stubs)) {
    if (stub instanceof RemoteFunction) {
      redirect.push((engine) => stub.redirect(engine));
      if (given[name] !== undefined) functions.set(`${stub.app}/${stub.name}`, localFunction(name, stub, given[name]));
      continue;
    }
    const parts = partsOf(stub);
    if (!parts) continue;
    redirect.push((engine) => redirectClass(parts, engine));
    if (given[name] === undefined) continue;
    for (const [method, local] of localMethods(name, parts, given[name])) {
      functions.set(`${parts.ref.app}/${parts.ref.name}.${method}`, local);
    }
  }
  if (redirect.length === 0) {
    throw new InvalidError("withLocal was given an object without stubs", {
      hint: 'Pass the namespace of an app: `import { images } from "./generated/index.ts"`.',
    });
  }
  const engine = new LocalEngine(functions);
  const restores = redirect.map((begin) => begin(engine));
  const restore = (): void => {
    for (const end of restores.splice(0).reverse()) end();
  };
  return { restore, [Symbol.dispose]: restore };
}

function localFunction(name: string, stub: RemoteFunction, given: unknown): LocalFunction {
  const mode = stub.isGenerator ? "generator" : "unary";
  if (given instanceof RemoteFunction) {
    const fn = given.getRawF() as Runnable; // the compiler has compared its type with the stub's
    if (!given.isBatched) return { mode, resolve: () => fn };
    // The definition takes arrays and returns an array; each input is a batch of its own.
    const one = async (...args: readonly unknown[]) => ((await fn(...args.map((arg) => [arg]))) as unknown[])[0];
    return { mode, resolve: () => one };
  }
  if (typeof given === "function") return { mode, resolve: () => given as Runnable };
  throw new InvalidError(`withLocal: the definition of ${name} is not a function`, {
    hint: "Pass the function itself, or what app.function() returned.",
  });
}

function* localMethods(name: string, stub: ClassParts, given: unknown): Iterable<[string, LocalFunction]> {
  const definition = partsOf(given)?.definition ?? given;
  if (typeof definition !== "function") {
    throw new InvalidError(`withLocal: the definition of ${name} is not a class`, {
      hint: "Pass the class itself, or what app.class() returned.",
    });
  }
  // One for each set of arguments, as in containers.
  const instances = new Map<string, Promise<OwnInstance>>();
  const instanceOf = (instance: string): Promise<OwnInstance> => {
    const made = instances.get(instance) ?? enter(construct(definition as ClassParts["definition"] & object, instance));
    instances.set(instance, made);
    return made;
  };
  for (const { name: method, mode = "unary" } of stub.methods ?? []) {
    const resolve = async (instance: string | undefined): Promise<Runnable> => {
      const own = await instanceOf(instance!);
      return (...args) => own[method]!(...args);
    };
    yield [method, { mode, resolve }];
  }
}

async function enter(own: OwnInstance): Promise<OwnInstance> {
  await own["enter"]?.();
  return own;
}

/** Instances that are made from now on; those that exist have a place of their own. */
function redirectClass(parts: ClassParts, engine: LocalEngine): () => void {
  const before = parts.redirected;
  parts.redirected = engine;
  return () => {
    parts.redirected = before;
  };
}
