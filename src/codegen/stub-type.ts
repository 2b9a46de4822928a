/** What a stub is: its type, printed. */
import { printTuple, printType } from "../schema/index.ts";
import type { LockedFunction } from "./locked.ts";

export interface StubType {
  /** The const's type: `Function<[image: Uint8Array], Uint8Array>`. */
  type: string;
  /** The factory's method that makes it. */
  make: "function" | "generator";
}

/** `use` imports a helper from "farcall" and gives the name that it has in the file. */
export function stubType(fn: LockedFunction, use: (helper: string) => string): StubType {
  const isGenerator = fn.mode === "generator";
  const helper = use(isGenerator ? "GeneratorFunction" : "Function");
  return {
    type: `${helper}<${printTuple(fn.parameters)}, ${printType(fn.returns)}>`,
    make: isGenerator ? "generator" : "function",
  };
}
