/** What cannot cross the wire wherever it stands, and what hides whether it can. */
import type { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";
import { FUNCTION_REFUSED } from "./globals.ts";

const FUNCTION_CANNOT_CROSS = `${FUNCTION_REFUSED.what} cannot cross the wire`;

export function refuseFunctionValue(cx: Conversion, node: ts.Node | undefined, type: TypeSchema): TypeSchema {
  return cx.refuseValue(node, "function", FUNCTION_CANNOT_CROSS, FUNCTION_REFUSED.hint, type);
}

/** A function whose type is not carried over, either: a type guard, or one with many properties. */
export function refuseFunction(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuse(node, "function", FUNCTION_CANNOT_CROSS, FUNCTION_REFUSED.hint);
}

export function refuseSymbol(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuseValue(node, "symbol", "a symbol cannot cross the wire", "Use a string.", {
    kind: "primitive",
    name: "symbol",
  });
}

export function refuseGlobalThis(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  const type: TypeSchema = { kind: "global", name: "typeof globalThis", typeArguments: [] };
  return cx.refuseValue(node, "class", "the global object cannot cross the wire", "Pass the parts that matter.", type);
}

export function refuseModule(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  const message = "a module with functions or classes cannot cross the wire";
  return cx.refuse(node, "module", message, "Pass the parts that matter.");
}

export function refuseUnwritable(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuse(node, "unwritable", "this type cannot be written down", "Give the function a return type.");
}

export function convertAny(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  if (!cx.isDescribing) {
    cx.warn(node, "any", "`any` hides what crosses the wire", "Use the type that is meant, or `unknown`.");
  }
  return { kind: "primitive", name: "any" };
}

export function refuseUnnamed(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuse(
    node,
    "unnamed",
    "a type that contains itself needs a name",
    "Give it one, `type Tree = …` or `interface Tree { … }`, and use that name in the function's type.",
  );
}

/** In an interface, `this` is whatever extends it: the interface itself would be another type. */
export function refuseThis(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuse(
    node,
    "this",
    "`this` stands for the type of whatever extends this type, which callers cannot name",
    "Use the name of the type itself, or a type parameter.",
  );
}
