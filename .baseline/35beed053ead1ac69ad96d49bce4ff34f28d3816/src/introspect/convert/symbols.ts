/** What a name in a type stands for: a global, a type parameter, a computation. */
import { ts } from "ts-morph";
import { lastName, parentOf, symbolOf } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { KEPT_ALIASES } from "./globals.ts";

/** Where a global comes from; undefined for what modules declare. */
export type GlobalOrigin = "language" | "platform";

const origins = new WeakMap<ts.Symbol, GlobalOrigin | "none">();

/**
 * `language` is what lib.es*.d.ts declares; `platform` what the browser's library and Node's types do. A package may declare it
 * once more (`declare global { interface URL {} }`), which changes nothing.
 */
export function globalOrigin(cx: Conversion, symbol: ts.Symbol): GlobalOrigin | undefined {
  let origin = origins.get(symbol);
  if (!origin) {
    const found = symbol.declarations?.map((node) => originOf(cx, node.getSourceFile()));
    origin = found?.find((each) => each !== "none") ?? "none";
    origins.set(symbol, origin);
  }
  return origin === "none" ? undefined : origin;
}

function originOf(cx: Conversion, file: ts.SourceFile): GlobalOrigin | "none" {
  if (cx.program.isSourceFileDefaultLibrary(file))
    return /\/lib\.(es|decorators)/.test(file.fileName) ? "language" : "platform";
  return /\/node_modules\/(@types\/node|undici-types|buffer)\//.test(file.fileName) ? "platform" : "none";
}

/** `Intl.NumberFormatOptions`. */
export function qualifiedName(symbol: ts.Symbol): string {
  const parent = parentOf(symbol);
  const isNamespace = parent && parent.flags & ts.SymbolFlags.NamespaceModule && !/^["']/.test(parent.name);
  return isNamespace && parent.name !== "global" && parent.name !== "__global"
    ? `${qualifiedName(parent)}.${symbol.name}`
    : symbol.name;
}

/** Whether a type written here stays open until a type parameter from outside of it is known. */
export function isOpen(cx: Conversion, node: ts.Node): boolean {
  if (!cx.hasTypeParameters) return false;
  if (node.pos < 0) return true; // made by the compiler, and only for types that are open
  const visit = (part: ts.Node): boolean => {
    if (part.kind === ts.SyntaxKind.ThisType || ts.isInferTypeNode(part)) return true;
    if (ts.isTypeReferenceNode(part) && ts.isIdentifier(part.typeName)) {
      const symbol = symbolOf(cx.checker, part.typeName);
      if (symbol && symbol.flags & ts.SymbolFlags.TypeParameter && cx.isInScope(symbol)) return true;
    }
    return ts.forEachChild(part, visit) ?? false;
  };
  return visit(node);
}

const computed = new WeakMap<ts.Symbol, boolean>();

/** Whether an alias is a computation (`type Flags<T> = { [K in keyof T]: boolean }`) rather than a name for a shape. */
export function isComputed(cx: Conversion, alias: ts.Symbol): boolean {
  const known = computed.get(alias);
  if (known !== undefined) return known;
  computed.set(alias, false); // of a recursive alias, the rest decides
  const declaration = alias.declarations?.find(ts.isTypeAliasDeclaration);
  const result = declaration !== undefined && isComputation(cx, declaration.type);
  computed.set(alias, result);
  return result;
}

function isComputation(cx: Conversion, node: ts.TypeNode): boolean {
  switch (node.kind) {
    case ts.SyntaxKind.MappedType:
    case ts.SyntaxKind.ConditionalType:
    case ts.SyntaxKind.IndexedAccessType:
    case ts.SyntaxKind.TypeQuery:
      return true;
    case ts.SyntaxKind.TypeOperator:
      return (node as ts.TypeOperatorNode).operator === ts.SyntaxKind.KeyOfKeyword;
    case ts.SyntaxKind.ParenthesizedType:
      return isComputation(cx, (node as ts.ParenthesizedTypeNode).type);
    case ts.SyntaxKind.UnionType:
    case ts.SyntaxKind.IntersectionType:
      return (node as ts.UnionOrIntersectionTypeNode).types.some((part) => isComputation(cx, part));
    case ts.SyntaxKind.TypeReference: {
      const symbol = symbolOf(cx.checker, lastName((node as ts.TypeReferenceNode).typeName));
      if (!symbol || !(symbol.flags & ts.SymbolFlags.TypeAlias)) return false;
      return globalOrigin(cx, symbol) ? !KEPT_ALIASES.has(symbol.name) : isComputed(cx, symbol);
    }
    default:
      return false;
  }
}

/** Whether a declaration sits inside a function or class with type parameters that it may name. */
export function isEnclosedByTypeParameters(symbol: ts.Symbol): boolean {
  for (const declaration of symbol.declarations ?? []) {
    for (let at = declaration.parent; at && !ts.isSourceFile(at); at = at.parent) {
      if (ts.isFunctionLike(at) && at.typeParameters?.length) return true;
      if (ts.isClassLike(at) && at.typeParameters?.length) return true;
    }
  }
  return false;
}
