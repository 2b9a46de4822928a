/** Named types that functions use: interfaces, aliases, enums, and classes that are plain data. */
import { basename } from "node:path";
import { ts } from "ts-morph";
import type { Declaration, TypeSchema } from "../../schema/index.ts";
import { docOf, splitFunctionDoc } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { convertEnum } from "./enums.ts";
import type { DeclarationRecord } from "./owners.ts";
import { convertShape } from "./shapes.ts";
import { convertTypeParameters, typeParameterSymbols } from "./type-parameters.ts";

const { SymbolFlags } = ts;

/** Converts the declaration of a record: its own name, documentation and type. */
export function convertDeclaration(cx: Conversion, record: DeclarationRecord): void {
  const { symbol } = record;
  record.name = authoredName(symbol);
  cx.own(record, symbol.declarations![0]!, scopeOf(cx, symbol), () => {
    record.schema = toDeclaration(cx, record, typeParametersOf(symbol));
  });
}

function scopeOf(cx: Conversion, symbol: ts.Symbol): Set<ts.Symbol> {
  return new Set(
    (symbol.declarations ?? []).flatMap((node) => typeParameterSymbols(cx.checker, typeParameterNodes(node))),
  );
}

export function authoredName(symbol: ts.Symbol): string {
  if (symbol.name !== "default" && !symbol.name.startsWith("__")) return symbol.name;
  for (const node of symbol.declarations ?? []) {
    const name = ts.getNameOfDeclaration(node as ts.Declaration);
    if (name && ts.isIdentifier(name)) return name.text;
  }
  // A type literal has that of its property; a class without a name, exported as default, that of its file.
  const [node] = symbol.declarations ?? [];
  const around =
    node && ts.isTypeLiteralNode(node)
      ? propertyAround(node)
      : basename(node?.getSourceFile().fileName ?? "Type").replace(/\.[^.]*$/, "");
  const words = (around ?? "Type").replace(
    /[^\p{ID_Continue}]+(.)?/gu,
    (_, next: string | undefined) => next?.toUpperCase() ?? "",
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The name of the property whose type a type literal is, or is a part of. */
export function propertyAround(literal: ts.TypeLiteralNode): string | undefined {
  let at: ts.Node = literal.parent;
  while (
    ts.isUnionTypeNode(at) ||
    ts.isIntersectionTypeNode(at) ||
    ts.isParenthesizedTypeNode(at) ||
    ts.isArrayTypeNode(at)
  ) {
    at = at.parent;
  }
  if (!ts.isPropertySignature(at)) return undefined;
  return ts.isIdentifier(at.name) || ts.isStringLiteral(at.name) ? at.name.text : undefined;
}

function typeParametersOf({ declarations = [] }: ts.Symbol): readonly ts.TypeParameterDeclaration[] | undefined {
  return declarations.map(typeParameterNodes).find((nodes) => nodes.length > 0);
}

/** Also those that `@template` gives to a `@typedef`. */
function typeParameterNodes(node: ts.Declaration): readonly ts.TypeParameterDeclaration[] {
  return ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isClassLike(node) ||
    ts.isJSDocTypedefTag(node) ||
    ts.isJSDocCallbackTag(node)
    ? ts.getEffectiveTypeParameterDeclarations(node)
    : [];
}

function toDeclaration(
  cx: Conversion,
  record: DeclarationRecord,
  parameters: readonly ts.TypeParameterDeclaration[] | undefined,
): Declaration {
  const { symbol, name } = record;
  const doc = docOfSymbol(symbol);
  const typeParameters = convertTypeParameters(cx, parameters, doc?.typeParameters);
  const generic = typeParameters.length > 0 ? { typeParameters } : {};
  const common = { name, ...(doc?.text === undefined ? {} : { doc: doc.text }) };
  if (symbol.flags & SymbolFlags.Enum) return { kind: "enum", ...common, ...convertEnum(cx, symbol) };
  if (symbol.flags & SymbolFlags.TypeAlias) {
    return { kind: "alias", ...common, ...generic, type: convertAliasBody(cx, symbol) };
  }
  return { kind: "interface", ...common, ...generic, ...convertShape(cx, record, scopeOf(cx, symbol)) };
}

function convertAliasBody(cx: Conversion, symbol: ts.Symbol): TypeSchema {
  const node = symbol.declarations?.find(ts.isTypeAliasDeclaration)?.type;
  const declared = cx.checker.getDeclaredTypeOfSymbol(symbol);
  // A `@typedef` has no node: the checker knows what a type in a JSDoc comment means.
  const convert = (): TypeSchema => (node ? cx.node(node) : cx.type(declared, symbol.declarations?.[0]));
  if (node && (ts.isUnionTypeNode(node) || ts.isIntersectionTypeNode(node) || ts.isTypeLiteralNode(node))) {
    return convert();
  }
  const isNamed = (declared.symbol?.flags ?? 0) & (SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.Enum);
  const isNameless = declared.flags & (ts.TypeFlags.Object | ts.TypeFlags.UnionOrIntersection) && !isNamed;
  return cx.expansions.withBody(declared, () =>
    isNameless && typeParametersOf(symbol) === undefined
      ? cx.expansions.withName(declared, symbol, convert)
      : convert(),
  );
}

export function docOfSymbol(symbol: ts.Symbol): ReturnType<typeof splitFunctionDoc> | undefined {
  for (const node of symbol.declarations ?? []) {
    const doc = docOf(node);
    if (doc !== undefined) return splitFunctionDoc(doc);
  }
  return undefined;
}
