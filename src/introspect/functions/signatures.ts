/** Functions to schema: parameters with labels, defaults and documentation, results awaited, overloads, generators. */
import { ts } from "ts-morph";
import type { CallSignature, FunctionMode, ParameterSchema, TypeSchema } from "../../schema/index.ts";
import { refuseUnfit, unfitParameters } from "../convert/bounds.ts";
import type { Conversion, Owner } from "../convert/conversion.ts";
import { convertTypeParameters } from "../convert/declarations.ts";
import { ITERATED } from "../convert/globals.ts";
import { convertNode } from "../convert/nodes.ts";
import { globalOrigin, isOpen, lastName, symbolOf } from "../convert/symbols.ts";
import { convertType, hasUndefined, isExact, orUndefined, PRINT_FLAGS } from "../convert/types.ts";
import { docOf, type FunctionDoc, splitFunctionDoc } from "../source/docs.ts";

/** One part of a function: its parameters or its result, whose problems have a path of their own. */
export interface SignatureOwner extends Owner {
  /** Of an overloaded function: which of how many, from 1. */
  overload?: { at: number; of: number };
  /** Makes a path inside the type into one that starts at the function. */
  path(inside: string): string;
}

export interface ConvertedSignature {
  signature: CallSignature;
  owners: SignatureOwner[];
}

/** `site` is where a problem is reported that has no place in the author's files. */
export function convertSignature(
  cx: Conversion,
  signature: ts.Signature,
  name: string,
  mode: FunctionMode | "constructor",
  bindingDoc: FunctionDoc | undefined,
  site: ts.Node,
): ConvertedSignature {
  const owners: SignatureOwner[] = [];
  const declaration = declarationOf(signature);
  // Words stay true of a function whatever has been put into its types.
  const doc = withDoc(splitFunctionDoc(signature.declaration && docOfFunction(signature.declaration)), bindingDoc);
  const scope = new Set(signature.typeParameters?.map(({ symbol }) => symbol));
  const part = <T>(node: ts.Node, path: SignatureOwner["path"], convert: () => T): T => {
    const owner: SignatureOwner = { refusals: [], uses: [], path };
    owners.push(owner);
    return cx.own(owner, node, scope, convert);
  };

  const typeParameters = part(
    site,
    () => `${name}<>`,
    () => convertTypeParameters(cx, typeParameterNodes(cx, signature, declaration), doc.typeParameters),
  );
  const labels = labelsOf(signature, doc);
  const required = requiredCount(cx, signature);
  const parameters = signature.parameters.flatMap((symbol, index) => {
    const label = labels[index]!;
    const path = (inside: string): string => `${name}(${label}${inside})`;
    const parameter = part(symbol.valueDeclaration ?? site, path, () =>
      convertParameter(cx, symbol, label, index >= required, declaration, site),
    );
    const text = doc.parameters.get(label) ?? (symbol.valueDeclaration && docOf(symbol.valueDeclaration));
    if (text) parameter.doc = text;
    return declaration || !canSpread(cx, symbol) ? [parameter] : spreadTuple(parameter);
  });
  const returns = part(
    site,
    (inside) => `${name}()${inside === "" ? "" : ` → ${inside.replace(/^\./, "")}`}`,
    () => convertResult(cx, signature, mode, declaration, site),
  );
  const converted: CallSignature = { parameters, returns };
  if (typeParameters.length > 0) converted.typeParameters = typeParameters;
  for (const unfit of unfitParameters(cx, converted)) {
    part(
      site,
      () => `${name}<${unfit}>`,
      () => refuseUnfit(cx, unfit),
    );
  }
  if (doc.text !== undefined) converted.doc = doc.text;
  return { signature: converted, owners };
}

/**
 * The declaration whose nodes mean what the signature means; undefined when type arguments have been put in, and when it is
 * made of several: that of a union of functions.
 */
function declarationOf(signature: ts.Signature): ts.SignatureDeclaration | undefined {
  const made = signature as { target?: unknown; mapper?: unknown; compositeSignatures?: unknown };
  const { declaration } = signature;
  if (made.target || made.mapper || made.compositeSignatures || !declaration) return undefined;
  return ts.isJSDocSignature(declaration) ? undefined : declaration;
}

/** As written, else as the checker has them. */
function typeParameterNodes(
  { checker }: Conversion,
  { typeParameters }: ts.Signature,
  declaration: ts.SignatureDeclaration | undefined,
): readonly ts.TypeParameterDeclaration[] | undefined {
  return (
    declaration?.typeParameters ??
    typeParameters?.flatMap((each) => checker.typeParameterToDeclaration(each, undefined, PRINT_FLAGS) ?? [])
  );
}

/** The comment of a function, or of the variable or property that it is the value of. */
function docOfFunction(node: ts.Node): string | undefined {
  return docOf(node) ?? (node.parent && docOfHolder(node.parent));
}

/** The comment before `const x = …`, `x: …`, `export default …`. */
export function docOfHolder(node: ts.Node): string | undefined {
  let at = node;
  while (ts.isParenthesizedExpression(at) || ts.isAsExpression(at) || ts.isSatisfiesExpression(at)) at = at.parent;
  if (ts.isVariableDeclaration(at)) return docOf(at) ?? docOf(at.parent.parent);
  return ts.isPropertyAssignment(at) ||
    ts.isPropertyDeclaration(at) ||
    ts.isExportAssignment(at) ||
    ts.isTypeAliasDeclaration(at)
    ? docOf(at)
    : undefined;
}

/** What is said where the function is registered comes first, and is filled up with what is said at the function. */
function withDoc(own: FunctionDoc, binding: FunctionDoc | undefined): FunctionDoc {
  if (!binding) return own;
  return {
    text: binding.text ?? own.text,
    parameters: new Map([...own.parameters, ...binding.parameters]),
    typeParameters: new Map([...own.typeParameters, ...binding.typeParameters]),
  };
}

// ---- parameters ---------------------------------------------------------------------------------------------------

/** Every parameter's name; one that is taken apart gets that of its `@param`, else one that says what it is. */
function labelsOf({ parameters }: ts.Signature, doc: FunctionDoc): string[] {
  const documented = [...doc.parameters.keys()];
  const taken = new Set(parameters.map(({ name }) => name));
  return parameters.map((symbol, index) => {
    const pattern =
      symbol.valueDeclaration && ts.isParameter(symbol.valueDeclaration) ? symbol.valueDeclaration.name : undefined;
    if (!pattern || ts.isIdentifier(pattern)) return symbol.name;
    const written = documented[index];
    const preferred =
      written !== undefined && !taken.has(written) ? written : ts.isObjectBindingPattern(pattern) ? "options" : "items";
    let label = preferred;
    for (let count = 2; taken.has(label); count++) label = `${preferred}${count}`;
    taken.add(label);
    return label;
  });
}

/** How many arguments callers have to give. */
function requiredCount(cx: Conversion, signature: ts.Signature): number {
  let count = 0;
  for (const [index, symbol] of signature.parameters.entries()) {
    const node = symbol.valueDeclaration;
    const isOptional =
      node && ts.isParameter(node)
        ? node.initializer !== undefined ||
          node.questionToken !== undefined ||
          node.dotDotDotToken !== undefined ||
          cx.checker.isOptionalParameter(node)
        : isOptionalSymbol(symbol);
    if (!isOptional) count = index + 1;
  }
  return count;
}

/** CheckFlags.OptionalParameter and RestParameter, which the compiler sets on parameters that it makes. */
function isOptionalSymbol(symbol: ts.Symbol): boolean {
  return (checkFlags(symbol) & (16_384 | 32_768)) !== 0;
}

function isRestSymbol(symbol: ts.Symbol): boolean {
  const node = symbol.valueDeclaration;
  return node && ts.isParameter(node) ? node.dotDotDotToken !== undefined : (checkFlags(symbol) & 32_768) !== 0;
}

function checkFlags(symbol: ts.Symbol): number {
  return (symbol as unknown as { links?: { checkFlags?: number } }).links?.checkFlags ?? 0;
}

function convertParameter(
  cx: Conversion,
  symbol: ts.Symbol,
  name: string,
  isOptional: boolean,
  declaration: ts.SignatureDeclaration | undefined,
  site: ts.Node,
): ParameterSchema {
  const { valueDeclaration } = symbol;
  const node = valueDeclaration && ts.isParameter(valueDeclaration) ? valueDeclaration : undefined;
  const isRest = isRestSymbol(symbol);
  const mayOmit = isOptional && !isRest;
  let type: TypeSchema;
  if (declaration && node?.type) type = convertNode(cx, node.type);
  else {
    const found = cx.checker.getTypeOfSymbol(symbol);
    // A function written inside `app.function(…)` is checked against `never` for its parameters.
    if (node && found.flags & ts.TypeFlags.Never) {
      cx.refuse(node, "untyped", "this parameter has no type", "say what callers pass");
    }
    type = convertType(cx, found, node ?? site, isOptional ? { optional: "parameter" } : {});
  }
  // Before one that must be given, it cannot be left out: callers pass `undefined`.
  if (!mayOmit && !isRest && node && (node.initializer || node.questionToken)) type = orUndefined(type);
  const parameter: ParameterSchema = { name, type };
  if (isRest) parameter.rest = true;
  else if (isOptional) parameter.optional = true;
  if (mayOmit && node?.initializer) parameter.default = defaultText(node.initializer);
  return parameter;
}

/** A parameter that may be left out may be given as undefined too, which `[b?: number]` under exactOptionalPropertyTypes may not. */
function canSpread(cx: Conversion, symbol: ts.Symbol): boolean {
  const type = cx.checker.getTypeOfSymbol(symbol);
  if (!isExact(cx) || !cx.checker.isTupleType(type)) return true;
  const { elementFlags } = (type as ts.TupleTypeReference).target;
  const elements = cx.checker.getTypeArguments(type as ts.TupleTypeReference);
  return elementFlags.every((flag, at) => !(flag & ts.ElementFlags.Optional) || hasUndefined(cx, elements[at]!));
}

/** A helper's `...args: P`, once P is known, is the parameters of the function that it was given. */
function spreadTuple(parameter: ParameterSchema): ParameterSchema[] {
  const { type, rest, name } = parameter;
  if (!rest || type.kind !== "tuple") return [parameter];
  const { elements } = type;
  const optionalFrom = elements.findIndex(({ optional }) => optional);
  const canStand = elements.every(
    (element, index) =>
      (!element.rest || index === elements.length - 1) &&
      (optionalFrom < 0 || index < optionalFrom || element.optional || element.rest),
  );
  if (!canStand) return [parameter];
  return elements.map((element, index): ParameterSchema => {
    const own = { name: element.label ?? `${name}${index + 1}`, type: element.type };
    if (element.rest) return { ...own, rest: true };
    return element.optional ? { ...own, type: withoutUndefined(element.type), optional: true } : own;
  });
}

function withoutUndefined(type: TypeSchema): TypeSchema {
  if (type.kind !== "union") return type;
  const members = type.members.filter((each) => each.kind !== "primitive" || each.name !== "undefined");
  return members.length === 1 ? members[0]! : { ...type, members };
}

const LONGEST_DEFAULT = 200;

function defaultText(node: ts.Expression): string {
  const text = node.getText().replace(/\s+/g, " ");
  return text.length > LONGEST_DEFAULT ? `${text.slice(0, LONGEST_DEFAULT)}…` : text;
}

// ---- results ------------------------------------------------------------------------------------------------------

function convertResult(
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
  return convertType(cx, awaitedType(cx, type), place);
}

const PROMISES: ReadonlySet<string> = new Set(["Promise", "PromiseLike"]);

/** The type as written, unless awaiting it makes another one. */
function awaitedNode(cx: Conversion, node: ts.TypeNode): TypeSchema {
  const inner = globalArgument(cx, node, PROMISES);
  if (inner) return awaitedNode(cx, inner);
  // Most types need no look at all: the checker would have to resolve them.
  if (!mayBePromise(cx, node)) return convertNode(cx, node);
  const type = cx.checker.getTypeFromTypeNode(node);
  // To await an open type that is not said to be a promise would say `Awaited<T>` where the author said `T`.
  if (isOpen(cx, node) && !(type.isUnion() ? type.types : [type]).some((each) => isPromise(cx, each))) {
    return convertNode(cx, node);
  }
  const awaited = awaitedType(cx, type);
  return awaited === type ? convertNode(cx, node) : convertType(cx, awaited, node);
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

function awaitedType(cx: Conversion, type: ts.Type): ts.Type {
  return cx.checker.getAwaitedType(type) ?? type;
}

/** The first type argument of a reference to one of these globals. */
function globalArgument(cx: Conversion, node: ts.TypeNode, names: ReadonlySet<string>): ts.TypeNode | undefined {
  if (!ts.isTypeReferenceNode(node) || !ts.isIdentifier(node.typeName) || !names.has(node.typeName.text))
    return undefined;
  const symbol = symbolOf(cx.checker, node.typeName);
  return symbol && globalOrigin(cx, symbol) ? node.typeArguments?.[0] : undefined;
}

/** What one iteration of a generator gives. */
function convertYield(
  cx: Conversion,
  signature: ts.Signature,
  node: ts.TypeNode | undefined,
  site: ts.Node,
): TypeSchema {
  const written = node && globalArgument(cx, node, ITERATED);
  if (written) return awaitedNode(cx, written);
  const yielded = iteratedType(cx, signature.getReturnType());
  if (yielded) return convertType(cx, awaitedType(cx, yielded), node ?? signature.declaration ?? site);
  return cx.refuse(
    node,
    "untyped",
    "what this generator yields is unknown",
    "declare the result as Generator<T> or AsyncGenerator<T>",
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

/** What a function that is no generator would yield if it were one. */
export function iteratedResult(cx: Conversion, signature: ts.Signature): ts.Type | undefined {
  const node = declarationOf(signature)?.type;
  if (node && globalArgument(cx, node, PROMISES)) return undefined; // usual, and quick to tell
  return iteratedType(cx, signature.getReturnType());
}

export function isGeneratorNode(node: ts.Node): boolean {
  return (
    (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node)) &&
    node.asteriskToken !== undefined
  );
}
