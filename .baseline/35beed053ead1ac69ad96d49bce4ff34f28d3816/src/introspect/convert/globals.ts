/** The types that every program has: what the codec carries as itself, what stays a name, and what cannot cross the wire. */
import { BUILTIN_NAMES, type BuiltinName } from "../../schema/index.ts";
import type { RefusalReason } from "../problems.ts";

export const BUILTINS: ReadonlySet<string> = new Set<BuiltinName>(BUILTIN_NAMES);

/** Global aliases that stay as the author wrote them; others are resolved where their arguments are concrete. */
export const KEPT_ALIASES: ReadonlySet<string> = new Set(["Partial", "Required", "Readonly", "Record", "Pick", "Omit"]);

export interface RefusedGlobal {
  reason: RefusalReason;
  /** "a promise inside data" */
  what: string;
  hint: string;
}

const STREAM: RefusedGlobal = {
  reason: "stream",
  what: "a stream",
  hint: "Pass the bytes as Uint8Array, or make the function a generator that yields chunks.",
};
const ITERATOR: RefusedGlobal = {
  reason: "iterator",
  what: "an iterator",
  hint: "Use readonly T[], or Iterable<T> for an array, a Set or a Map. A function that returns many values one by one is declared with function*.",
};
const PROMISE: RefusedGlobal = {
  reason: "promise",
  what: "a promise inside data",
  hint: "Await it before it is returned; only the result as a whole may be a promise.",
};
const FUNCTION: RefusedGlobal = {
  reason: "function",
  what: "a function",
  hint: "Pass data that the function decides by, or return the result and let the caller go on from there.",
};
const WEAK: RefusedGlobal = { reason: "weak", what: "a weak collection", hint: "Use Map or Set." };
const BODY: RefusedGlobal = {
  reason: "platform",
  what: "an object of the Fetch API, which holds a stream",
  hint: "Pass the parts that matter as data: url, method, headers as a record, the body as Uint8Array.",
};
const BLOB: RefusedGlobal = { reason: "platform", what: "a blob", hint: "Pass the bytes as Uint8Array." };
const MATCH: RefusedGlobal = {
  reason: "class",
  what: "an array with properties of its own, which would be lost",
  hint: "Use an object with the parts that matter: { found: [...match], index: match.index, groups: match.groups }.",
};
const SIGNAL: RefusedGlobal = {
  reason: "signal",
  what: "a signal",
  hint: "Callers cancel with callOptions({ signal }); the function sees context().signal.",
};
const wrapper = (primitive: string): RefusedGlobal => ({
  reason: "wrapper",
  what: "an object wrapper",
  hint: `Use ${primitive}.`,
});

export const FUNCTION_REFUSED = FUNCTION;

export const REFUSED_GLOBALS: ReadonlyMap<string, RefusedGlobal> = new Map(
  Object.entries<RefusedGlobal>({
    Promise: PROMISE,
    PromiseLike: PROMISE,
    Function: FUNCTION,
    CallableFunction: FUNCTION,
    NewableFunction: FUNCTION,
    Symbol: { reason: "symbol", what: "a symbol", hint: "Use a string." },
    WeakMap: WEAK,
    WeakSet: WEAK,
    WeakRef: { reason: "weak", what: "a weak reference", hint: "Use the object itself." },
    ReadableStream: STREAM,
    WritableStream: STREAM,
    TransformStream: STREAM,
    Iterator: ITERATOR,
    IteratorObject: ITERATOR,
    IterableIterator: ITERATOR,
    Generator: ITERATOR,
    AsyncIterable: ITERATOR,
    AsyncIterator: ITERATOR,
    AsyncIteratorObject: ITERATOR,
    AsyncIterableIterator: ITERATOR,
    AsyncGenerator: ITERATOR,
    ArrayIterator: ITERATOR,
    MapIterator: ITERATOR,
    SetIterator: ITERATOR,
    StringIterator: ITERATOR,
    RegExpStringIterator: ITERATOR,
    RegExpMatchArray: MATCH,
    RegExpExecArray: MATCH,
    RegExpIndicesArray: MATCH,
    TemplateStringsArray: MATCH,
    Request: BODY,
    Response: BODY,
    FormData: BODY,
    Headers: { reason: "platform", what: "an object of the Fetch API", hint: "Use Record<string, string>." },
    URLSearchParams: { reason: "platform", what: "a class instance", hint: "Use Record<string, string>, or a string." },
    Blob: BLOB,
    File: BLOB,
    AbortSignal: SIGNAL,
    AbortController: SIGNAL,
    Object: {
      reason: "wrapper",
      what: "the type of all objects",
      hint: "Use `object`, `unknown` or a type with the properties that matter.",
    },
    String: wrapper("string"),
    Number: wrapper("number"),
    Boolean: wrapper("boolean"),
    BigInt: wrapper("bigint"),
  }),
);

/** What one iteration of these yields is their first type argument. */
export const ITERATED: ReadonlySet<string> = new Set([
  "Generator",
  "AsyncGenerator",
  "Iterable",
  "AsyncIterable",
  "IterableIterator",
  "AsyncIterableIterator",
  "IteratorObject",
  "AsyncIteratorObject",
  "Iterator",
  "AsyncIterator",
]);
