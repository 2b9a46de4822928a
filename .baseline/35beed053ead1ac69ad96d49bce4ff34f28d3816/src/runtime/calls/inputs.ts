/**
 * The inputs of a map: several iterables taken in step, as long as the shortest. Keeps the promises of the iteration
 * protocol whatever happens: each iterator is closed once unless it ended by itself, and none is read on after the end.
 */
import { InvalidError } from "../errors.ts";

interface Source {
  iterator: Iterator<unknown> | AsyncIterator<unknown>;
  async: boolean;
  /** It has ended, thrown or been closed. */
  over: boolean;
  /** A `next()` has not been answered: closing must not wait behind it, and a sync generator cannot be closed from within. */
  reading: boolean;
}

/** No more inputs. */
export const END: unique symbol = Symbol("end");

export class Inputs {
  readonly #iterables: readonly unknown[];
  readonly #single: boolean;
  #sources: (Source | undefined)[] = [];
  #async = false;
  #over = false;

  /**
   * @param iterables one per argument; undefined leaves the argument out
   * @param single the one iterable gives whole lists of arguments
   */
  constructor(method: string, iterables: readonly unknown[], single = false) {
    if (!iterables.some((iterable) => iterable !== undefined)) {
      throw new InvalidError(`${method} was called without inputs`, {
        hint: "Pass one iterable per argument; repeat(x) stands for the same value each time.",
      });
    }
    iterables.forEach((iterable, index) => {
      if (iterable === undefined || isIterable(iterable)) return;
      throw new InvalidError(`${method}: input ${index + 1} is ${describe(iterable)}, not an iterable`, {
        hint:
          iterable instanceof Promise
            ? "Await it first."
            : "Pass one iterable per argument; repeat(x) stands for the same value each time.",
      });
    });
    this.#iterables = iterables;
    this.#single = single;
  }

  /** Before the first `next`. What the iterables throw comes through, here and there. */
  open(): void {
    for (const iterable of this.#iterables) {
      const source = iterable === undefined ? undefined : open(iterable);
      if (source?.async) this.#async = true;
      this.#sources.push(source);
    }
  }

  /** The next list of arguments. Only one call at a time. */
  next(): readonly unknown[] | typeof END | Promise<readonly unknown[] | typeof END> {
    if (this.#over) return END;
    return this.#async ? this.#fillTogether() : this.#fill();
  }

  #fill(): readonly unknown[] | typeof END | Promise<typeof END> {
    const args: unknown[] = [];
    for (const source of this.#sources) {
      const result = source && this.#read(source);
      if (this.#over) return END;
      if (source && result?.done) return this.#end(source);
      args.push(result?.value);
    }
    return this.#argumentsOf(args);
  }

  /** All are read at the same time: one may wait for what another's reading sets going. */
  async #fillTogether(): Promise<readonly unknown[] | typeof END> {
    const args: unknown[] = [];
    const ended = await new Promise<Source | undefined>((resolve, reject) => {
      let left = 1;
      const arrived = (): void => {
        if (--left === 0) resolve(undefined);
      };
      for (const [i, source] of this.#sources.entries()) {
        args[i] = undefined;
        if (!source) continue;
        const take = (result: IteratorResult<unknown>): void => {
          args[i] = result.value;
          if (result.done) resolve(source);
          else arrived();
        };
        left++;
        if (source.async) this.#readAsync(source).then(take, reject);
        else take(this.#read(source));
        if (this.#over) break;
      }
      arrived();
    });
    if (this.#over) return END;
    return ended ? this.#end(ended) : this.#argumentsOf(args);
  }

  #read(source: Source): IteratorResult<unknown> {
    let result: IteratorResult<unknown>;
    source.reading = true;
    try {
      result = checked((source.iterator as Iterator<unknown>).next());
    } catch (error) {
      source.over = true;
      throw error;
    } finally {
      source.reading = false;
    }
    // It was closed by its own code, or by what that code called.
    if (this.#over && !result.done) source.iterator.return?.();
    return result;
  }

  async #readAsync(source: Source): Promise<IteratorResult<unknown>> {
    source.reading = true;
    try {
      return checked(await source.iterator.next());
    } catch (error) {
      source.over = true;
      throw error;
    } finally {
      source.reading = false;
    }
  }

  #argumentsOf(args: unknown[]): readonly unknown[] {
    return this.#single ? listOf(args[0]) : args;
  }

  #end(source: Source): typeof END | Promise<typeof END> {
    source.over = true;
    const closing = this.close();
    return closing ? closing.then(() => END) : END;
  }

  /** Closes what has not ended. Idempotent. Rejects with the first error of closing. */
  close(): Promise<void> | undefined {
    this.#over = true;
    let waits: unknown[] | undefined;
    for (const source of this.#sources) {
      if (!source || source.over) continue;
      source.over = true;
      // `#read` closes it once it can be closed.
      if (source.reading && !source.async) continue;
      try {
        const closed = source.iterator.return?.();
        if (!source.async || !closed) continue;
        waits ??= [];
        // A generator that waits for something of its own would answer only after that.
        if (source.reading) Promise.resolve(closed).catch(ignore);
        else waits.push(closed);
      } catch (error) {
        waits ??= [];
        waits.push(Promise.reject(error));
      }
    }
    return waits && Promise.all(waits).then(ignore);
  }
}

/** Throws as `for…of` does; a result that is not an object would never be done. */
function checked<T>(result: T): T {
  if (typeof result === "object" ? result !== null : typeof result === "function") return result;
  throw new TypeError(`Iterator result ${String(result)} is not an object`);
}

/** An iterable may block: after so long, in milliseconds, other work gets its turn. */
export const TURN_MS = 5;

/** Nobody is left to handle the error: the consumer has gone, or has been given an earlier one. */
export function ignore(): void {}

export function isIterable(value: unknown): boolean {
  if (typeof value === "string") return true;
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function open(iterable: unknown): Source {
  const both = iterable as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  const async = both[Symbol.asyncIterator] !== undefined;
  const iterator = async ? both[Symbol.asyncIterator]!() : both[Symbol.iterator]!();
  return { iterator, async, over: false, reading: false };
}

function listOf(item: unknown): readonly unknown[] {
  if (Array.isArray(item)) return item;
  throw new InvalidError(`starmap: an input is ${describe(item)}, not a list of arguments`, {
    hint: "Each input of starmap is an array. For one iterable per argument use map.",
  });
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object") return `an object (${value.constructor?.name ?? "without prototype"})`;
  return typeof value === "function" ? "a function" : `${typeof value} ${String(value)}`;
}
