/**
 * A stub's type. Nearly always it is `Function<P, R>` or `GeneratorFunction<P, Y>`, written once. A generic or overloaded
 * function does not have a single P and R: it gets its own interface, in which every method has each of the function's signatures.
 * A function with documented parameters gets one too, which adds to the usual type the documentation that an editor shows during a call.
 */
import { type CallSignature, printTuple, printType } from "../schema/index.ts";
import { documentedMembers, type GenericMember, genericMembers } from "./generic-stub.ts";
import { byPosition, printKeywords } from "./keywords.ts";
import type { LockedFunction } from "./locked.ts";
import type { Names } from "./names.ts";

export interface StubType {
  /** The const's type: `Function<[image: Uint8Array], Uint8Array>`. */
  type: string;
  /** The factory's method that makes it. */
  make: "function" | "generator" | "web";
  /** The interface that `type` names, if the function is generic or overloaded, or its parameters are documented. */
  definition?: { name: string; base: string; members: GenericMember[] };
}

export function stubType(fn: LockedFunction, exported: string, names: Names): StubType {
  if (fn.mode === "web") return { type: names.use("WebFunction"), make: "web" };
  const isGenerator = fn.mode === "generator";
  const make = isGenerator ? "generator" : "function";
  const calls: readonly CallSignature[] = fn.overloads ?? [fn];
  if (calls.length > 1 || calls.some(({ typeParameters }) => typeParameters?.length)) {
    const name = names.claim(`${exported[0]!.toUpperCase()}${exported.slice(1)}Function`);
    const members = genericMembers(
      fn.keywords ? calls.map((call) => ({ ...call, keywords: true })) : calls,
      isGenerator,
      names,
    );
    return { type: name, make, definition: { name, base: names.use("Deployed"), members } };
  }
  const helper = names.use(isGenerator ? "GeneratorFunction" : "Function");
  const keywords = printKeywords(fn, names.use);
  const returns = printType(fn.returns);
  const types = [printTuple(byPosition(fn)), returns, ...(keywords ? [keywords] : [])];
  const base = `${helper}<${types.join(", ")}>`;
  if (keywords || !fn.parameters.some(({ doc }) => doc)) return { type: base, make };
  // Editors show a parameter's documentation during a call only if the parameter is declared.
  const name = names.claim(`${exported[0]!.toUpperCase()}${exported.slice(1)}Function`);
  return { type: name, make, definition: { name, base, members: documentedMembers(fn, returns, isGenerator, names) } };
}
