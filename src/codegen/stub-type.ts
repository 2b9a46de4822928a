/**
 * The type of a stub. Nearly always it is `Function<P, R>` or `GeneratorFunction<P, Y>`, spelled once. A generic or overloaded
 * function has no single P and R: it gets an interface of its own, in which every method has each of the function's signatures.
 */
import {
  type CallSignature,
  isOptional,
  type ParameterSchema,
  printTuple,
  printType,
  type TypeSchema,
} from "../schema/index.ts";
import { type GenericMember, genericMembers } from "./generic-stub.ts";
import type { LockedFunction } from "./locked.ts";

export interface StubType {
  /** The const's type: `Function<[image: Uint8Array], Uint8Array>`. */
  type: string;
  /** The factory's method that makes it. */
  make: "function" | "generator" | "web";
  /** The interface that `type` names, where the function is generic or overloaded. */
  definition?: { name: string; base: string; members: GenericMember[] };
}

export interface Names {
  /** Imports a helper from "farcall" and gives the name that it has in the file. */
  use(helper: string): string;
  /** How a global type is called in the file, which may declare another of its name. */
  global(name: string): string;
  /** A name for an interface, as near to the wanted one as possible. */
  claim(wanted: string): string;
}

export function stubType(fn: LockedFunction, exported: string, names: Names): StubType {
  if (fn.mode === "web") return { type: names.use("WebFunction"), make: "web" };
  const isGenerator = fn.mode === "generator";
  const make = isGenerator ? "generator" : "function";
  const calls: readonly CallSignature[] = fn.overloads ?? [fn];
  if (calls.length > 1 || calls.some(({ typeParameters }) => typeParameters?.length)) {
    const name = names.claim(`${exported[0]!.toUpperCase()}${exported.slice(1)}Function`);
    const members = genericMembers(calls, isGenerator, names);
    return { type: name, make, definition: { name, base: names.use("Deployed"), members } };
  }
  const helper = names.use(isGenerator ? "GeneratorFunction" : "Function");
  const positional = fn.parameters.filter(({ keywordOnly }) => !keywordOnly);
  const keywords = printKeywords(fn, names.use);
  return { type: `${helper}<${printTuple(positional)}, ${printType(fn.returns)}${keywords && `, ${keywords}`}>`, make };
}

/** `Keywords<["text", "lower"], { dim?: number }>`; nothing for a function that has no names to callers. */
function printKeywords({ parameters, keywords }: LockedFunction, use: (helper: string) => string): string {
  const only = parameters.filter(({ keywordOnly }) => keywordOnly);
  if (!keywords && only.length === 0) return "";
  const positional = parameters.filter(({ keywordOnly, rest }) => !keywordOnly && !rest);
  const names = positional.map(({ name }) => (keywords ? printType({ kind: "literal", value: name }) : "null"));
  const record = only.length > 0 ? `, ${printType(recordOf(only))}` : "";
  return `${use("Keywords")}<[${names.join(", ")}]${record}>`;
}

function recordOf(parameters: readonly ParameterSchema[]): TypeSchema {
  return {
    kind: "object",
    properties: parameters.map((item) => ({
      name: item.name,
      type: item.type,
      ...(isOptional(item) && { optional: true }),
    })),
  };
}
