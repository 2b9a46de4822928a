/** Finds the place of what `scan` refused, and words it. Runs once a value has been refused, so it may be slow. */
import { SerializationError } from "../errors.ts";
import { encodeCustom, inWords } from "./custom.ts";
import { kindOf, MAX_DEPTH, MAX_HOLES } from "./scan.ts";

interface Problem {
  path: string;
  what: string;
  hint: string;
}

/**
 * @param root what the value is to the reader: `arguments`, `result`
 * @param depth levels that it lies below what is encoded
 */
export function explain(value: unknown, root: string, depth = 0): SerializationError {
  const problem = find(value, root, { objects: [], depth }) ?? {
    path: root,
    what: "changed while it was encoded",
    hint: "Pass data whose properties give the same value each time.",
  };
  return new SerializationError(`${shorten(problem.path)} ${problem.what}, which cannot cross the wire`, {
    hint: problem.hint,
  });
}

const PASS_DATA = "Pass plain data: objects, arrays, Map, Set, Date, bytes.";

/** What encloses a value. */
interface Above {
  objects: object[];
  depth: number;
}

/** A path of a thousand steps says no more than its ends. */
function shorten(path: string): string {
  return path.length > 200 ? `${path.slice(0, 100)}…${path.slice(-60)}` : path;
}

function find(value: unknown, path: string, above: Above): Problem | undefined {
  if (typeof value === "function") {
    const name = value.name === "" ? "" : ` (${value.name})`;
    return { path, what: `is a function${name}`, hint: "Call it on this side and pass its result." };
  }
  if (typeof value === "symbol") return { path, what: `is a symbol (${String(value)})`, hint: "Use a string instead." };
  if (typeof value !== "object" || value === null) return undefined;
  if (above.objects.includes(value)) {
    return {
      path,
      what: "refers back to an object that holds it",
      hint: "Cycles cannot be encoded: pass ids instead of references.",
    };
  }
  if (above.depth > MAX_DEPTH) {
    return { path, what: `is nested deeper than ${MAX_DEPTH} levels`, hint: "Pass a flatter shape, such as a list." };
  }
  above.objects.push(value);
  above.depth++;
  const problem = findInside(value, path, above);
  above.depth--;
  above.objects.pop();
  return problem;
}

function findInside(value: object, path: string, above: Above): Problem | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    let holes = 0;
    for (let i = 0; i < value.length; i++) {
      if (!(i in value) && ++holes > MAX_HOLES) {
        return {
          path,
          what: `is an array of length ${value.length} with more than ${MAX_HOLES} holes`,
          hint: "Pass a Map from index to element.",
        };
      }
      const problem = find(value[i], `${path}[${i}]`, above);
      if (problem) return problem;
    }
    if (prototype === Array.prototype) return undefined;
  }
  const kind = prototype === Object.prototype ? "data" : kindOf(value, prototype);
  switch (kind) {
    case "map":
      for (const [key, item] of value as Map<unknown, unknown>) {
        const problem =
          find(key, `${path}.keys()[${label(key)}]`, above) ?? find(item, `${path}.get(${label(key)})`, above);
        if (problem) return problem;
      }
      return undefined;
    case "set": {
      let i = 0;
      for (const item of value as Set<unknown>) {
        const problem = find(item, `${path}.values()[${i++}]`, above);
        if (problem) return problem;
      }
      return undefined;
    }
    case "data":
    case "bare":
    case "foreign object":
      for (const [key, item] of Object.entries(value)) {
        const problem = find(item, property(path, key), above);
        if (problem) return problem;
      }
      return undefined;
    case "custom":
      try {
        return find(encodeCustom(value)[1], path, above);
      } catch (error) {
        const what = `cannot be encoded by its codec (${inWords(error)})`;
        return { path, what, hint: "Check the codec's encode()." };
      }
    case undefined:
      return refused(value, path);
    default:
      return undefined;
  }
}

function refused(value: object, path: string): Problem {
  const name: unknown = value.constructor?.name;
  const type = typeof name === "string" && name !== "" ? name : "an unknown class";
  if (typeof (value as { then?: unknown }).then === "function") {
    return { path, what: `is a promise (${type})`, hint: "Await it first." };
  }
  if (typeof ReadableStream !== "undefined" && value instanceof ReadableStream) {
    return { path, what: "is a stream", hint: "Read it into bytes, or write the function as a generator." };
  }
  if (
    Symbol.asyncIterator in value ||
    (Symbol.iterator in value && typeof (value as { next?: unknown }).next === "function")
  ) {
    return {
      path,
      what: `is an iterator (${type})`,
      hint: "Collect it into an array, or write the function as a generator.",
    };
  }
  return {
    path,
    what: `is an instance of ${type}, a class with methods`,
    hint: `${PASS_DATA} Or register a codec for it.`,
  };
}

function property(path: string, key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function label(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key) : typeof key === "object" ? "…" : String(key);
}
