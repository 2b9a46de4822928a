/** Type parameters: as functions and declarations bring them into scope, and their uses. */
import { ts } from "ts-morph";
import type { TypeParameterSchema, TypeSchema } from "../../schema/index.ts";
import { hasModifier } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";

export function convertTypeParameters(
  cx: Conversion,
  nodes: readonly ts.TypeParameterDeclaration[] | undefined,
  docs?: ReadonlyMap<string, string>,
): TypeParameterSchema[] {
  return (nodes ?? []).map((node) => {
    const parameter: TypeParameterSchema = { name: typeParameterName(node.name.text) };
    const { constraint, default: preset } = node;
    cx.at(`<${node.name.text}>`, () => {
      if (constraint) parameter.constraint = cx.describe(() => cx.node(constraint));
      if (preset) parameter.default = cx.node(preset);
    });
    if (hasModifier(node, ts.SyntaxKind.ConstKeyword)) parameter.const = true;
    const doc = docs?.get(node.name.text);
    if (doc) parameter.doc = doc;
    return parameter;
  });
}

/** The type parameters that a declaration or signature brings into scope. */
export function typeParameterSymbols(
  checker: ts.TypeChecker,
  nodes: readonly ts.TypeParameterDeclaration[] | undefined,
): ts.Symbol[] {
  return (nodes ?? []).flatMap(({ pos, name }) =>
    pos < 0 ? ownSymbol(name) : (checker.getSymbolAtLocation(name) ?? []),
  );
}

/** What nodes that the compiler makes carry, and its types do not say. */
function ownSymbol(name: ts.Node): ts.Symbol[] {
  const { symbol } = name as unknown as { symbol?: ts.Symbol };
  return symbol ? [symbol] : [];
}

/** `<out extends T>`: before another word, `out` is a modifier. */
export function typeParameterName(name: string): string {
  return name === "out" ? "out_" : name;
}

export function convertTypeParameter(cx: Conversion, symbol: ts.Symbol, node: ts.Node | undefined): TypeSchema {
  if (cx.isInScope(symbol) || (node && node.pos < 0))
    return { kind: "typeParameter", name: typeParameterName(symbol.name) };
  return cx.refuse(
    node,
    "scope",
    `${symbol.name} is a type parameter of a function or class around this one, which callers do not know`,
    "Register a function that names the type itself.",
  );
}
