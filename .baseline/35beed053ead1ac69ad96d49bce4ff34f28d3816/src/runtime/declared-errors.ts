/**
 * Error classes that functions declare (`@throws {TooLarge}`), as callers have them: a class of the stubs for each, made by
 * `app.error("TooLarge")`, so that `instanceof` holds for what a call throws. On the wire a class is `app/Name`: two apps may
 * each have a TooLarge.
 */
import { RemoteError } from "./errors.ts";

/** The properties that a call of its constructor gives. */
type Given<E> = Omit<E, keyof Error>;

/**
 * The class of a declared error. Callers test for it with `instanceof`; tests construct it, with its properties:
 * `new images.TooLarge("12 MB", { maxBytes: 10_000_000 })`.
 */
export interface ErrorClass<E extends Error> {
  new (
    ...args: Record<never, never> extends Given<E>
      ? [message?: string, properties?: Given<E>, options?: { cause?: unknown }]
      : [message: string, properties: Given<E>, options?: { cause?: unknown }]
  ): E;
  readonly prototype: E;
}

/** As the codec makes instances of it. */
export type ErrorConstructor = abstract new (...args: never) => Error;

/** The names of a thrown error's classes on the wire, its own first, to the class that the caller has for one of them. */
export type FindErrorClass = (ids: readonly string[]) => ErrorConstructor | undefined;

/** By a name of the whole process, since a program may hold two copies of this package. */
const ID = Symbol.for("farcall.errorId");

/** Of all stubs of this process, for calls that are found by an id alone; the first that was made stays. */
const known = new Map<string, ErrorConstructor>();

/** Undefined for a class that is not of stubs. */
export function errorIdOf(value: unknown): string | undefined {
  if (typeof value !== "function" || !Object.hasOwn(value, ID)) return undefined;
  return (value as { [ID]?: string })[ID];
}

export const findKnownError: FindErrorClass = (names) => findIn(known, names);

function findIn(
  classes: ReadonlyMap<string, ErrorConstructor>,
  names: readonly string[],
): ErrorConstructor | undefined {
  for (const name of names) {
    const found = classes.get(name);
    if (found) return found;
  }
  return undefined;
}

/** The error classes of one file of stubs, which come before those of other files: one app may have stubs of two environments. */
export class ErrorClasses {
  readonly #app: string;
  readonly #own = new Map<string, ErrorConstructor>();

  constructor(app: string) {
    this.#app = app;
  }

  readonly find: FindErrorClass = (names) => findIn(this.#own, names) ?? findKnownError(names);

  /** @param base the stub of the class that it extends */
  make(name: string, base: object = RemoteError): ErrorConstructor {
    const id = `${this.#app}/${name}`;
    const made = errorClass(name, base as ErrorConstructor);
    Object.defineProperty(made, ID, { value: id });
    this.#own.set(id, made);
    if (!known.has(id)) known.set(id, made);
    return made;
  }
}

function errorClass(name: string, base: ErrorConstructor): ErrorConstructor {
  // Not a `class`, whose constructor would have to call that of its base, which takes other arguments.
  function construct(message = "", properties: object = {}, options: ErrorOptions = {}): object {
    const error = instanceOf(new.target ?? construct, name, message, options);
    for (const [key, value] of Object.entries(properties)) {
      Object.defineProperty(error, key, { value, enumerable: true, writable: true, configurable: true });
    }
    return error;
  }
  Object.defineProperty(construct, "name", { value: name });
  Object.setPrototypeOf(construct, base);
  construct.prototype = Object.create(base.prototype as object, {
    constructor: { value: construct, writable: true, configurable: true },
  });
  return construct as unknown as ErrorConstructor; // called with `new`, it returns what it has made
}

/** An instance that has a message and a name, and nothing else yet. */
export function instanceOf(
  made: object,
  name: string,
  message: string,
  options: ErrorOptions & { hint?: string | undefined } = {},
): Error {
  return Reflect.construct(RemoteError, [name, message, options], made as new () => unknown) as Error;
}
