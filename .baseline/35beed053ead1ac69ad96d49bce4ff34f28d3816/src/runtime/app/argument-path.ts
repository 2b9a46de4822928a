/**
 * `key: (order) => order.customer` as data. A key has to be known before an input is sent to a container, where no code of the
 * author runs, and to old stubs and other languages too. So the function is called once, when it is declared, with stand-ins that
 * record what it reads; what it returns is kept as a place in the arguments, and read from their bytes by whoever hands out inputs.
 * A key that is computed is refused.
 */
import type { ArgumentPath } from "../../schema/index.ts";
import { InvalidError } from "../errors.ts";

/** What a key may be made of. */
export type KeyPart = string | number | bigint | boolean | null | undefined;

/** More than any function has. */
const ARGUMENTS = 32;

const HINT =
  "Return arguments or properties of them as they are: `(order) => order.customer`, or `(tenant, user) => [tenant, user.id]`.";

/** A key function, whatever its parameters. */
export type AnyKey = (...args: never[]) => KeyPart | readonly KeyPart[];

/**
 * The places that a key function reads, at least one. Throws InvalidError when it does anything else.
 * @param subject for messages: `function "resize": limit.key`
 */
export function argumentPaths(subject: string, key: AnyKey): ArgumentPath[] {
  const recorded = new Recording(subject).run(key);
  const paths = recorded.result;
  for (const read of recorded.reads) {
    if (!paths.some((path) => isPrefix(read, path)))
      throw computed(subject, `it reads ${inWords(read)} beside what it returns`);
  }
  // Whether it falls back on something else, which is not seen as long as there is a value.
  for (const [index, absent] of paths.entries()) {
    const again = new Recording(subject, absent).run(key);
    const same = again.result.every((path, at) => (at === index ? path.length === 0 : isSame(path, paths[at]!)));
    if (!same || again.result.length !== paths.length)
      throw computed(subject, `it does not return undefined where ${inWords(absent)} is undefined`);
  }
  return paths;
}

/** One run of a key function. */
class Recording {
  readonly reads: ArgumentPath[] = [];
  readonly #subject: string;
  /** The place where nothing is. */
  readonly #absent: ArgumentPath | undefined;
  readonly #paths = new Map<unknown, ArgumentPath>();

  constructor(subject: string, absent?: ArgumentPath) {
    this.#subject = subject;
    this.#absent = absent;
  }

  /** In `result`, what is absent is an empty path. */
  run(key: AnyKey): { reads: ArgumentPath[]; result: ArgumentPath[] } {
    const args = Array.from({ length: ARGUMENTS }, (_, index) => this.#standIn([index]));
    let value: unknown;
    try {
      // Stand-ins for whatever its arguments are.
      value = key(...(args as never[]));
    } catch (error) {
      if (error instanceof InvalidError) throw error;
      throw computed(this.#subject, `it throws ${error}`);
    }
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (parts.length === 0) throw computed(this.#subject, "it returns an empty list");
    return { reads: this.reads, result: parts.map((part) => this.#pathOf(part)) };
  }

  #pathOf(part: unknown): ArgumentPath {
    const path = this.#paths.get(part);
    if (path) return path;
    if (part === undefined && this.#absent) return [];
    const where = this.#absent ? ` where ${inWords(this.#absent)} is undefined` : "";
    throw computed(this.#subject, `it returns ${part === undefined ? "undefined" : "something of its own"}${where}`);
  }

  #standIn(path: ArgumentPath): unknown {
    if (this.#absent && isSame(path, this.#absent)) return undefined;
    const standIn = new Proxy(Object.freeze(Object.create(null)), {
      get: (_, name) => this.#read(path, name),
      has: (_, name) => this.#refuse(`it looks for ${String(name)} in ${inWords(path)}`),
      ownKeys: () => this.#refuse(`it lists the properties of ${inWords(path)}`),
    });
    this.#paths.set(standIn, path);
    return standIn;
  }

  #read(path: ArgumentPath, name: string | symbol): unknown {
    if (name === Symbol.iterator) return () => this.#items(path);
    if (typeof name === "symbol" || name === "toString" || name === "valueOf" || name === "length")
      return this.#refuse(`it computes with ${inWords(path)}`);
    const below = [...path, /^(0|[1-9]\d{0,8})$/.test(name) ? Number(name) : name];
    this.reads.push(below);
    return this.#standIn(below);
  }

  /** For `([first, second]) => second`: which of them are used, the result says. */
  *#items(path: ArgumentPath): Generator<unknown, void, undefined> {
    for (let index = 0; index < ARGUMENTS; index++) yield this.#standIn([...path, index]);
  }

  #refuse(what: string): never {
    throw computed(this.#subject, what);
  }
}

function computed(subject: string, what: string): InvalidError {
  return new InvalidError(`${subject} must return arguments as they are, and ${what}`, { hint: HINT });
}

function isPrefix(start: ArgumentPath, path: ArgumentPath): boolean {
  return start.length <= path.length && start.every((step, at) => step === path[at]);
}

function isSame(a: ArgumentPath, b: ArgumentPath): boolean {
  return a.length === b.length && isPrefix(a, b);
}

/** `argument 1`, `argument 1.user.id` */
function inWords([argument = 0, ...steps]: ArgumentPath): string {
  return [`argument ${Number(argument) + 1}`, ...steps].join(".");
}
