/** What a call gives: a result, awaited, or what a generator yields. */
import { ts } from "ts-morph";
import type { FunctionMode, TypeSchema } from "../../schema/index.ts";
import { type Conversion, globalOrigin, ITERATED, isOpen } from "../convert/index.ts";
import { lastName, symbolOf } from "../source/index.ts";

/**
 * The declaration whose nodes mean what the signature means; undefined when type arguments have been put in, and when it is
 * made of several: that of a union of functions.
 */
export function declarationOf(signature: ts.Signature): ts.SignatureDeclaration | undefined {
  const made = signature as { target?: unknown; mapper?: unknown; compositeSignatures?: unknown };
  const { declaration } = signature;
  if (made.target || made.mapper || made.compositeSignatures || !declaration) return undefined;
  return ts.isJSDocSignature(declaration) ? undefined : declaration;
}

export function convertResult(
  cx: Conversion,
  signature: ts.Signature,
  mode: FunctionMode | "constructor",
  declaration: ts.SignatureDeclaration | undefined,
  site: ts.Node,
): TypeSchema {
  // What is constructed stays where it is.
  if (mode === "constructor") return { kind: "primitive", name: "void" };
  const node = declaration?.type && !ts.isTypePredicateNode(declaration.type) ? declaration.type : undefined;
  if (mode === "generator") return convertYield(cx, signature, node, site);
  if (declaration?.type && !node) {
    return { kind: "primitive", name: (declaration.type as ts.TypePredicateNode).assertsModifier ? "void" : "boolean" };
  }
  const written = node && globalArgument(cx, node, PROMISES);
  if (written) return awaitedNode(cx, written);
  if (node) return awaitedNode(cx, node);
  const type = signature.getReturnType();
  const place = declaration && declaration.pos >= 0 ? ("name" in declaration && declaration.name) || declaration : site;
  return cx.type(awaitedType(cx, type), place);
}

const PROMISES: ReadonlySet<string> = new Set(["Promise", "PromiseLike"]);

/** The type as written, unless awaiting it makes another one. */
function awaitedNode(cx: Conversion, node: ts.TypeNode): TypeSchema {
  const inner = globalArgument(cx, node, PROMISES);
  if (inner) return awaitedNode(cx, inner);
  // Most types need no look at all: the checker would have to resolve them.
  if (!mayBePromise(cx, node)) return cx.node(node);
  const type = cx.checker.getTypeFromTypeNode(node);
  // To await an open type that is not said to be a promise would say `Awaited<T>` where the author said `T`.
  if (isOpen(cx, node) && !(type.isUnion() ? type.types : [type]).some((each) => isPromise(cx, each))) {
    return cx.node(node);
  }
  const awaited = awaitedType(cx, type);
  return awaited === type ? cx.node(node) : cx.type(awaited, node);
}

function isPromise(cx: Conversion, { symbol }: ts.Type): boolean {
  return symbol !== undefined && PROMISES.has(symbol.name) && globalOrigin(cx, symbol) !== undefined;
}

function mayBePromise(cx: Conversion, node: ts.TypeNode): boolean {
  if (ts.isUnionTypeNode(node) || ts.isIntersectionTypeNode(node))
    return node.types.some((each) => mayBePromise(cx, each));
  if (ts.isParenthesizedTypeNode(node)) return mayBePromise(cx, node.type);
  if (ts.isTypeReferenceNode(node)) {
    const symbol = symbolOf(cx.checker, lastName(node.typeName));
    return (
      !symbol || (symbol.flags & (ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) !== 0
    );
  }
  return (
    ts.isImportTypeNode(node) ||
    ts.isTypeQueryNode(node) ||
    ts.isIndexedAccessTypeNode(node) ||
    ts.isConditionalTypeNode(node) ||
    ts.isTypeLiteralNode(node)
  );
}

/** T of Promise<T>, whatever T is: awaited, a type parameter would be `Awaited<T>`, where the author said `T`. */
function awaitedType(cx: Conversion, type: ts.Type): ts.Type {
  if (!isPromise(cx, type)) return cx.checker.getAwaitedType(type) ?? type;
  const [inner] = cx.checker.getTypeArguments(type as ts.TypeReference); // every promise is one
  if (!inner) return type;
  return inner.flags & ts.TypeFlags.TypeParameter ? inner : awaitedType(cx, inner);
}

/** The first type argument of a reference to one of these globals. */
function globalArgument(cx: Conversion, node: ts.TypeNode, names: ReadonlySet<string>): ts.TypeNode | undefined {
  if (!ts.isTypeReferenceNode(node) || !ts.isIdentifier(node.typeName) || !names.has(node.typeName.text))
    return undefined;
  const symbol = symbolOf(cx.checker, node.typeName);
  return symbol && globalOrigin(cx, symbol) ? node.typeArguments?.[0] : undefined;
}

/** What next() takes and what the generator returns in the end: what crosses the wire is only what it yields. */
function checkTwoWay(cx: Conversion, type: ts.Type, site: ts.Node): void {
  const { symbol } = type;
  if (!symbol || !ITERATED.has(symbol.name) || !globalOrigin(cx, symbol)) return;
  const [, returned, sent] = cx.checker.getTypeArguments(type as ts.TypeReference); // an iterable's are all optional
  const isNothing = ({ flags }: ts.Type, also: ts.TypeFlags): boolean =>
    (flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never | ts.TypeFlags.Unknown | also)) !== 0;
  if (sent && !isNothing(sent, ts.TypeFlags.Any)) {
    cx.refuse(
      site,
      "next",
      `this generator needs what next(${cx.checker.typeToString(sent)}) sends, and callers cannot send it anything`,
      "Pass what it needs as arguments, and leave the third type argument of Generator out.",
    );
  }
  if (returned && !isNothing(returned, ts.TypeFlags.Any)) {
    cx.warn(
      site,
      "dropped",
      `callers do not get the ${cx.checker.typeToString(returned)} that this generator returns in the end, only what it yields`,
      "Yield it as the last value, or return nothing.",
    );
  }
}

/** What one iteration of a generator gives. */
function convertYield(
  cx: Conversion,
  signature: ts.Signature,
  node: ts.TypeNode | undefined,
  site: ts.Node,
): TypeSchema {
  const type = signature.getReturnType();
  checkTwoWay(cx, type, node ?? signature.declaration ?? site);
  const written = node && globalArgument(cx, node, ITERATED);
  if (written) return awaitedNode(cx, written);
  const yielded = iteratedType(cx, type);
  if (yielded) return cx.type(awaitedType(cx, yielded), node ?? signature.declaration ?? site);
  return cx.refuse(
    node,
    "untyped",
    "what this generator yields is unknown",
    "Declare the result as Generator<T> or AsyncGenerator<T>.",
  );
}

/** T of Generator<T>, AsyncIterable<T> and what extends them; undefined for other types, arrays among them. */
function iteratedType(cx: Conversion, type: ts.Type): ts.Type | undefined {
  const { symbol } = type;
  if (!symbol) return undefined;
  if (ITERATED.has(symbol.name) && globalOrigin(cx, symbol))
    return cx.checker.getTypeArguments(type as ts.TypeReference)[0];
  const target = (type as ts.TypeReference).target ?? type;
  if (!target.isClassOrInterface() || globalOrigin(cx, symbol)) return undefined;
  for (const base of cx.checker.getBaseTypes(target)) {
    const found = iteratedType(cx, base);
    if (found) return found;
  }
  return undefined;
}

/** What a function that is not a generator yields all the same: it returns an iterator. */
export function iteratedResult(cx: Conversion, signature: ts.Signature): ts.Type | undefined {
  const node = declarationOf(signature)?.type;
  if (node && globalArgument(cx, node, PROMISES)) return undefined; // usual, and quick to see
  return iteratedType(cx, signature.getReturnType());
}

export function isGeneratorNode(node: ts.Node): boolean {
  return (
    (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node)) &&
    node.asteriskToken !== undefined
  );
}
