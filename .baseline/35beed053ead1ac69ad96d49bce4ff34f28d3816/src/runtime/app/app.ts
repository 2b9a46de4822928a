/** The producer's side: an app, and the functions and classes that its module registers. */
import type { BatchOptions, FunctionMode, ResolvedFunctionOptions } from "../../schema/index.ts";
import type { AnyClass, RemoteClass } from "../class-types.ts";
import { registerCodecs } from "../custom-codecs.ts";
import { InvalidError } from "../errors.ts";
import { RemoteFunction } from "../function.ts";
import { checkName, currentEnvironment } from "../names.ts";
import { type ClassValue, remoteClass } from "../remote-class.ts";
import type { AnyCallable } from "../signatures.ts";
import { Target } from "../target.ts";
import type { AnyBatched, Defined, DefinedBatched, DefinedWeb, ParametersOf, WebHandler } from "../types.ts";
import {
  type ClassDefinition,
  defineMethods,
  isClass,
  isGenerator,
  type MethodDefinition,
} from "./class-definition.ts";
import type { ClassOptions } from "./class-options.ts";
import { type AppOptions, type FunctionOptions, OWN_OPTIONS, resolveOptions, type WebOptions } from "./options.ts";

/** A function as the container and the deploy see it. */
export interface FunctionDefinition {
  name: string;
  mode: FunctionMode;
  fn: AnyCallable;
  options: ResolvedFunctionOptions;
}

interface Named {
  /** Absent until the module's exports are known. */
  name: string | undefined;
  /** What the author's module has of it. */
  value: RemoteFunction | ClassValue;
  /** Filled in when the name is known. */
  ref: LateRef;
}

interface Registration extends Named {
  fn: AnyCallable;
  mode: FunctionMode;
  options: ResolvedFunctionOptions;
}

interface ClassRegistration extends Named {
  definition: AnyClass;
  methods: MethodDefinition[];
}

const apps: App[] = [];

interface LateRef {
  app: string;
  environment: string;
  name: string;
}

/** Kept apart from the class: what the deploy and the container need is not for authors. */
const registrations = new WeakMap<App, Registration[]>();
const classRegistrations = new WeakMap<App, ClassRegistration[]>();
const hooks = new WeakMap<App, Hooks>();

/** Runs once in each container; a promise is waited for. */
export type Hook = () => void | Promise<void>;

/** In the order in which they were registered. */
export interface Hooks {
  start: Hook[];
  stop: Hook[];
}

/** A named set of functions that are deployed together. */
export class App {
  readonly name: string;
  readonly #defaults: FunctionOptions;

  /**
   * Throws InvalidError on a bad name or option.
   * @param options those of every function that does not say otherwise, and the app's codecs
   */
  constructor(name: string, options: AppOptions = {}) {
    checkName("app", name);
    const { codecs, ...defaults } = options;
    for (const option of OWN_OPTIONS) {
      if (option in defaults) throw new InvalidError(`app "${name}": ${option} is an option of a function`);
    }
    resolveOptions(`app "${name}"`, defaults);
    // The type has no key, and JavaScript has no types.
    if ((defaults as FunctionOptions).concurrency?.key) {
      throw new InvalidError(`app "${name}": concurrency.key is an option of a function`, {
        hint: "Functions have parameters of their own, so each says what its key is.",
      });
    }
    if (codecs !== undefined) registerCodecs(codecs);
    this.name = name;
    this.#defaults = defaults;
    registrations.set(this, []);
    classRegistrations.set(this, []);
    hooks.set(this, { start: [], stop: [] });
    apps.push(this);
  }

  /**
   * Runs `hook` once in each container, before its first input: to open connections, to load a model. Several run one after
   * the other. `startupTimeoutMs` covers them; when one fails, the container has failed to start, and its inputs fail with the reason.
   */
  onStart(hook: Hook): void {
    hooks.get(this)!.start.push(checkedHook(this, "onStart", hook));
  }

  /**
   * Runs `hook` once in each container that is stopped (idle too long, replaced, the host stops), after its last input. The
   * last one that was registered runs first. Together they have ten seconds. Not when the container crashes or is killed.
   */
  onStop(hook: Hook): void {
    hooks.get(this)!.stop.push(checkedHook(this, "onStop", hook));
  }

  /**
   * Registers a function, sync or async, or a generator. Its name is `options.name`, else its own, else that of its
   * export. Throws InvalidError on a name that is taken or an option that makes no sense.
   */
  function<F extends AnyBatched>(
    fn: F & AnyBatched,
    options: FunctionOptions & { batch: BatchOptions },
  ): DefinedBatched<F>;
  function<F extends AnyCallable>(fn: F & AnyCallable, options?: FunctionOptions<ParametersOf<F>>): Defined<F>;
  function(fn: AnyCallable, options: FunctionOptions = {}): unknown {
    // A plain function may still return a generator, so its mode is left to the deployed schema.
    return this.#register("function", fn, options, isGenerator(fn) ? "generator" : undefined);
  }

  /**
   * Registers a handler of HTTP requests, as `fetch` and service workers have them: `(request: Request) => Response`. It
   * answers at the URL that `getWebUrl()` gives and below it, with any method. Names are found as for `function`.
   */
  web(handler: WebHandler, options: WebOptions = {}): DefinedWeb {
    for (const option of ["retries", "batch", "web", "schedule", "errors", "omit"]) {
      if (option in options) throw new InvalidError(`app "${this.name}": ${option} is not an option of app.web()`);
    }
    // The type has no key, and JavaScript has no types.
    const { concurrency, limit } = options as FunctionOptions;
    if (concurrency?.key || limit?.key) {
      throw new InvalidError(`app "${this.name}": a handler of HTTP requests cannot have a key`, {
        hint: "Let it call a function with remote() whose options have the key.",
      });
    }
    return this.#register("web", handler, { ...options, retries: 0 }, "web") as unknown as DefinedWeb;
  }

  /**
   * Registers a class. Callers construct it (`new Model("l")`), and its public methods are remote functions. Where they run,
   * there is one instance for each set of arguments, which is constructed and whose `enter()`, if it has one, has resolved
   * before the first call; `exit()` runs when its container stops. The name is found as for `function`. Throws InvalidError on
   * a name that is taken or an option that makes no sense.
   */
  class<C extends AnyClass>(definition: C, options: ClassOptions<C> = {}): RemoteClass<C> {
    if (!isClass(definition)) {
      throw new InvalidError(`app "${this.name}": app.class() takes a class, not ${typeof definition}`);
    }
    // What follows does not depend on which methods there are.
    const general = options as ClassOptions;
    const methods = defineMethods(this.name, definition, this.#defaults, general);
    const name = general.name ?? (["", "default"].includes(definition.name) ? undefined : definition.name);
    if (name !== undefined) {
      checkName("class", name);
      refuseTaken(this, name);
    }
    const ref = this.#lateRef(name);
    const value = remoteClass({ ref, methods, definition });
    classRegistrations.get(this)!.push({ name, value, ref, definition, methods });
    // Its methods are those of the class.
    return value as unknown as RemoteClass<C>;
  }

  #lateRef(name: string | undefined): LateRef {
    return { app: this.name, environment: currentEnvironment(), name: name ?? "" };
  }

  #register(
    method: "function" | "web",
    fn: AnyCallable,
    options: FunctionOptions,
    mode: FunctionMode | undefined,
  ): RemoteFunction {
    if (typeof fn !== "function") {
      throw new InvalidError(`app "${this.name}": app.${method}() takes a function, not ${typeof fn}`);
    }
    const name = options.name ?? (fn.name === "" || fn.name === "default" ? undefined : fn.name);
    const resolved = resolveOptions(
      name === undefined ? "an unnamed function" : `function "${name}"`,
      this.#defaults,
      options,
    );
    if (mode === "generator" && resolved.schedule) {
      throw new InvalidError(`function "${name}": a generator cannot run on a schedule`, {
        hint: "Nobody would read its yields. Schedule a function that calls it.",
      });
    }
    if (mode === "generator" && (resolved.batch || resolved.web)) {
      throw new InvalidError(
        `function "${name}": a generator cannot ${resolved.batch ? "be batched" : "answer HTTP"}`,
        {
          hint: resolved.batch
            ? "A batched function takes arrays and returns an array."
            : "To stream a response, register a handler with app.web().",
        },
      );
    }
    if (name !== undefined) {
      checkName("function", name);
      refuseTaken(this, name);
    }
    const ref = this.#lateRef(name);
    const value = new RemoteFunction(new Target(ref, { mode }), { fn, options: resolved });
    registrations.get(this)!.push({ name, value, ref, fn, mode: mode ?? "unary", options: resolved });
    // The class has the methods of every kind of function; the type shows those of this kind.
    return value;
  }
}

function checkedHook(app: App, method: string, hook: Hook): Hook {
  if (typeof hook === "function") return hook;
  throw new InvalidError(`app "${app.name}": app.${method}() takes a function, not ${typeof hook}`);
}

/** For the container. */
export function hooksOf(app: App): Hooks {
  return hooks.get(app)!;
}

/** The apps that this program has made, in order. */
export function loadedApps(): readonly App[] {
  return apps;
}

/**
 * What an app registers. Functions without a name take that of the export that holds them.
 * Throws InvalidError when one has no name, or its name is taken.
 */
export function definitionsOf(app: App, moduleExports: Readonly<Record<string, unknown>>): FunctionDefinition[] {
  const known = registrations.get(app) ?? [];
  for (const registration of known) nameByExport(app, "function", registration, registration.fn, moduleExports);
  return known.map(({ name, mode, fn, options }) => ({ name: name!, mode, fn, options }));
}

/** The same of classes. */
export function classesOf(app: App, moduleExports: Readonly<Record<string, unknown>>): ClassDefinition[] {
  const known = classRegistrations.get(app) ?? [];
  for (const registration of known) nameByExport(app, "class", registration, registration.definition, moduleExports);
  return known.map(({ name, definition, methods }) => ({ name: name!, definition, methods }));
}

function nameByExport(
  app: App,
  noun: "function" | "class",
  registration: Named,
  text: object,
  moduleExports: Readonly<Record<string, unknown>>,
): void {
  if (registration.name !== undefined) return;
  const binding = Object.keys(moduleExports).find((key) => moduleExports[key] === registration.value);
  if (binding === undefined || binding === "default") {
    throw new InvalidError(`app "${app.name}" has a ${noun} without a name: ${excerpt(text)}`, {
      hint: `Name the ${noun}, export what app.${noun}() returns, or pass { name: "…" }.`,
    });
  }
  checkName(noun, binding);
  refuseTaken(app, binding);
  registration.name = binding;
  registration.ref.name = binding;
}

function refuseTaken(app: App, name: string): void {
  const isTaken = ({ name: known }: Named): boolean => known === name;
  const isFunction = registrations.get(app)!.some(isTaken);
  if (!isFunction && !classRegistrations.get(app)!.some(isTaken)) return;
  throw new InvalidError(`app "${app.name}" has two ${isFunction ? "functions" : "classes"} named "${name}"`, {
    hint: `Pass { name: "…" } to app.${isFunction ? "function" : "class"}() for one of them.`,
  });
}

function excerpt(fn: object): string {
  const text = String(fn).replace(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
