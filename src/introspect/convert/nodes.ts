/**
 * Types as the author wrote them, to schema. Names and computations stay as they are written wherever they can; what is
 * computed and concrete is resolved by the checker (types.ts).
 */
import { ts } from "ts-morph";
import type { FunctionType, ObjectType, TupleElement, TupleType, TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";
import { convertTypeParameters } from "./declarations.ts";
import { FUNCTION_REFUSED } from "./globals.ts";
import { callsOfMembers, hasModifier, indexesOfMembers, propertiesOfMembers } from "./members.ts";
import { convertName } from "./names.ts";
import { isOpen, lastName, symbolOf, typeParameterSymbols } from "./symbols.ts";
import { convertType } from "./types.ts";

const PRIMITIVES: ReadonlyMap<ts.SyntaxKind, TypeSchema> = new Map(
  (
    [
      [ts.SyntaxKind.StringKeyword, "string"],
      [ts.SyntaxKind.NumberKeyword, "number"],
      [ts.SyntaxKind.BooleanKeyword, "boolean"],
      [ts.SyntaxKind.BigIntKeyword, "bigint"],
      [ts.SyntaxKind.UndefinedKeyword, "undefined"],
      [ts.SyntaxKind.VoidKeyword, "void"],
      [ts.SyntaxKind.UnknownKeyword, "unknown"],
      [ts.SyntaxKind.NeverKeyword, "never"],
      [ts.SyntaxKind.ObjectKeyword, "object"],
    ] as const
  ).map(([kind, name]) => [kind, { kind: "primitive", name }]),
);

export function convertNode(cx: Conversion, node: ts.TypeNode): TypeSchema {
  const primitive = PRIMITIVES.get(node.kind);
  if (primitive) return primitive;
  const convert = (inner: ts.TypeNode): TypeSchema => convertNode(cx, inner);
  if (ts.isTypeReferenceNode(node)) return convertName(cx, symbolOf(cx.checker, lastName(node.typeName)), node);
  if (ts.isExpressionWithTypeArguments(node))
    return convertName(cx, symbolOf(cx.checker, lastName(node.expression)), node);
  if (ts.isImportTypeNode(node) && node.qualifier && !node.isTypeOf) {
    return convertName(cx, symbolOf(cx.checker, lastName(node.qualifier)), node);
  }
  if (ts.isArrayTypeNode(node)) return { kind: "array", element: cx.at("[]", () => convert(node.elementType)) };
  if (ts.isUnionTypeNode(node)) return { kind: "union", members: flatten(node, ts.isUnionTypeNode).map(convert) };
  if (ts.isLiteralTypeNode(node)) return convertLiteral(cx, node);
  if (ts.isTypeLiteralNode(node)) return convertMembers(cx, node);
  if (ts.isParenthesizedTypeNode(node)) return convert(node.type);
  if (ts.isIntersectionTypeNode(node)) {
    return { kind: "intersection", members: flatten(node, ts.isIntersectionTypeNode).map(convert) };
  }
  if (ts.isTupleTypeNode(node)) return convertTuple(cx, node);
  if (ts.isTemplateLiteralTypeNode(node)) {
    return {
      kind: "templateLiteral",
      texts: [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)],
      types: node.templateSpans.map(({ type }) => convert(type)),
    };
  }
  if (ts.isFunctionTypeNode(node) || ts.isConstructorTypeNode(node)) return convertFunction(cx, node);
  if (ts.isTypeQueryNode(node) && ts.isIdentifier(node.exprName) && node.exprName.text === "globalThis") {
    return refuseGlobalThis(cx, node);
  }
  if (node.kind === ts.SyntaxKind.AnyKeyword) return convertAny(cx, node);
  if (node.kind === ts.SyntaxKind.SymbolKeyword) return refuseSymbol(cx, node);
  if (ts.isTypePredicateNode(node)) return { kind: "primitive", name: node.assertsModifier ? "void" : "boolean" };
  if (ts.isTypeOperatorNode(node)) {
    if (node.operator === ts.SyntaxKind.UniqueKeyword) return refuseSymbol(cx, node);
    if (node.operator === ts.SyntaxKind.ReadonlyKeyword) {
      const inner = convert(node.type);
      return inner.kind === "array" || inner.kind === "tuple" ? { ...inner, readonly: true } : inner;
    }
    if (isOpen(cx, node)) return { kind: "keyof", type: cx.describe(() => convert(node.type)) };
  }
  if (ts.isIndexedAccessTypeNode(node) && isOpen(cx, node)) {
    return cx.describe(() => ({
      kind: "indexedAccess",
      object: convert(node.objectType),
      index: convert(node.indexType),
    }));
  }
  if (ts.isMappedTypeNode(node) && isOpen(cx, node)) return convertMapped(cx, node);
  if (ts.isConditionalTypeNode(node) && isOpen(cx, node)) return convertConditional(cx, node);
  if (ts.isInferTypeNode(node)) {
    const { name, constraint } = node.typeParameter;
    const schema: TypeSchema = { kind: "infer", name: name.text };
    return constraint ? { ...schema, constraint: cx.describe(() => convert(constraint)) } : schema;
  }
  if (node.pos < 0)
    return cx.refuse(node, "unwritable", "this type cannot be written down", "give the function a return type");
  return convertType(cx, cx.checker.getTypeFromTypeNode(node), node);
}

type FunctionNode =
  | ts.FunctionTypeNode
  | ts.ConstructorTypeNode
  | ts.MethodSignature
  | ts.CallSignatureDeclaration
  | ts.ConstructSignatureDeclaration;

/** A function's type, which only other types can have use for. */
export function convertFunction(cx: Conversion, node: FunctionNode): TypeSchema {
  return refuseFunctionValue(cx, node, convertFunctionType(cx, node));
}

export function convertFunctionType(cx: Conversion, node: FunctionNode): FunctionType {
  const own = (node.typeParameters ?? []).flatMap((each) =>
    each.pos < 0 ? ownSymbol(each.name) : typeParameterSymbols(cx.checker, [each]),
  );
  const type = cx.describe(() =>
    cx.withScope(own, (): FunctionType => {
      const typeParameters = convertTypeParameters(cx, node.typeParameters);
      const parameters = node.parameters.map((each) => convertArgument(cx, each));
      if (node.type && ts.isTypePredicateNode(node.type)) refuseFunction(cx, node);
      const returns: TypeSchema = node.type ? convertNode(cx, node.type) : { kind: "primitive", name: "any" };
      return { kind: "function", ...(typeParameters.length > 0 && { typeParameters }), parameters, returns };
    }),
  );
  if (ts.isConstructorTypeNode(node))
    type.constructs = hasModifier(node, ts.SyntaxKind.AbstractKeyword) ? "abstract" : true;
  if (ts.isConstructSignatureDeclaration(node)) type.constructs = true;
  if (ts.isMethodSignature(node)) type.method = true;
  return type;
}

function convertArgument(
  cx: Conversion,
  { name, type, questionToken, dotDotDotToken }: ts.ParameterDeclaration,
): TupleElement {
  const element: TupleElement = { type: type ? convertNode(cx, type) : { kind: "primitive", name: "any" } };
  if (ts.isIdentifier(name)) element.label = name.text;
  if (questionToken) element.optional = true;
  if (dotDotDotToken) element.rest = true;
  return element;
}

const FUNCTION_CANNOT_CROSS = `${FUNCTION_REFUSED.what} cannot cross the wire`;

export function refuseFunctionValue(cx: Conversion, node: ts.Node | undefined, type: TypeSchema): TypeSchema {
  return cx.refuseValue(node, "function", FUNCTION_CANNOT_CROSS, FUNCTION_REFUSED.hint, type);
}

/** A function whose type is not carried over, either: a type guard, or one with many properties. */
export function refuseFunction(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuse(node, "function", FUNCTION_CANNOT_CROSS, FUNCTION_REFUSED.hint);
}

export function refuseSymbol(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  return cx.refuseValue(node, "symbol", "a symbol cannot cross the wire", "use a string", {
    kind: "primitive",
    name: "symbol",
  });
}

export function refuseGlobalThis(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  const type: TypeSchema = { kind: "global", name: "typeof globalThis", typeArguments: [] };
  return cx.refuseValue(node, "class", "the global object cannot cross the wire", "pass the parts that matter", type);
}

export function convertAny(cx: Conversion, node: ts.Node | undefined): TypeSchema {
  if (cx.describing === 0) {
    cx.warn(node, "any", "`any` hides what crosses the wire", "use the type that is meant, or `unknown`");
  }
  return { kind: "primitive", name: "any" };
}

function flatten<T extends ts.UnionTypeNode | ts.IntersectionTypeNode>(
  node: T,
  isSame: (node: ts.Node) => node is T,
): ts.TypeNode[] {
  return node.types.flatMap((member) => {
    let inner = member;
    while (ts.isParenthesizedTypeNode(inner)) inner = inner.type;
    return isSame(inner) ? flatten(inner, isSame) : [member];
  });
}

function convertLiteral(cx: Conversion, { literal }: ts.LiteralTypeNode): TypeSchema {
  if (literal.kind === ts.SyntaxKind.NullKeyword) return { kind: "primitive", name: "null" };
  if (literal.kind === ts.SyntaxKind.TrueKeyword) return { kind: "literal", value: true };
  if (literal.kind === ts.SyntaxKind.FalseKeyword) return { kind: "literal", value: false };
  if (ts.isStringLiteralLike(literal)) return { kind: "literal", value: literal.text };
  const isNegative = ts.isPrefixUnaryExpression(literal);
  const operand = isNegative ? literal.operand : literal;
  if (ts.isNumericLiteral(operand)) return numberLiteral(Number(operand.text) * (isNegative ? -1 : 1));
  if (ts.isBigIntLiteral(operand)) {
    // The compiler's text is the author's: `0xffn`.
    return {
      kind: "literal",
      value: { bigint: String(BigInt(operand.text.slice(0, -1).replaceAll("_", "")) * (isNegative ? -1n : 1n)) },
    };
  }
  return cx.refuse(
    literal,
    "unwritable",
    "this literal is not one of a type",
    "use a string, number, bigint or boolean literal",
  );
}

/** `1e999` is how a type says Infinity. */
export function numberLiteral(value: number): TypeSchema {
  if (Number.isFinite(value)) return { kind: "literal", value };
  return { kind: "global", name: value > 0 ? "1e999" : "-1e999", typeArguments: [] };
}

function convertMembers(cx: Conversion, node: ts.TypeLiteralNode): TypeSchema {
  const properties = propertiesOfMembers(cx, node.members);
  const indexes = indexesOfMembers(cx, node.members);
  const calls = callsOfMembers(cx, node.members);
  const schema: ObjectType = { kind: "object", properties };
  if (indexes.length > 0) schema.indexes = indexes;
  if (calls.length > 0) schema.calls = calls;
  return schema;
}

function convertTuple(cx: Conversion, node: ts.TupleTypeNode): TupleType {
  return {
    kind: "tuple",
    elements: node.elements.map((element, index) => cx.at(`[${index}]`, () => convertTupleElement(cx, element))),
  };
}

function convertTupleElement(cx: Conversion, node: ts.TypeNode): TupleElement {
  if (ts.isNamedTupleMember(node)) {
    const element: TupleElement = { type: convertNode(cx, node.type), label: node.name.text };
    if (node.questionToken) element.optional = true;
    if (node.dotDotDotToken) element.rest = true;
    return element;
  }
  if (ts.isOptionalTypeNode(node)) return { type: convertNode(cx, node.type), optional: true };
  if (ts.isRestTypeNode(node)) return { type: convertNode(cx, node.type), rest: true };
  return { type: convertNode(cx, node) };
}

function convertMapped(cx: Conversion, node: ts.MappedTypeNode): TypeSchema {
  const { name, constraint } = node.typeParameter;
  const own = node.pos < 0 ? ownSymbol(name) : typeParameterSymbols(cx.checker, [node.typeParameter]);
  const schema: TypeSchema = {
    kind: "mapped",
    parameter: name.text,
    constraint: cx.describe(() => convertNode(cx, constraint!)), // the syntax has one always
    type: { kind: "primitive", name: "any" },
  };
  return cx.withScope(own, () => {
    if (node.nameType) schema.nameType = cx.describe(() => convertNode(cx, node.nameType!));
    if (node.type) schema.type = cx.at("[key]", () => convertNode(cx, node.type!));
    if (node.questionToken) schema.optional = node.questionToken.kind === ts.SyntaxKind.MinusToken ? "remove" : "add";
    if (node.readonlyToken) schema.readonly = node.readonlyToken.kind === ts.SyntaxKind.MinusToken ? "remove" : "add";
    return schema;
  });
}

function ownSymbol(name: ts.Node): ts.Symbol[] {
  const { symbol } = name as unknown as { symbol?: ts.Symbol };
  return symbol ? [symbol] : [];
}

function convertConditional(cx: Conversion, node: ts.ConditionalTypeNode): TypeSchema {
  const inferred: ts.TypeParameterDeclaration[] = [];
  const collect = (part: ts.Node): void => {
    if (ts.isInferTypeNode(part)) inferred.push(part.typeParameter);
    if (ts.isConditionalTypeNode(part))
      collect(part.checkType); // an inner one has its own
    else ts.forEachChild(part, collect);
  };
  collect(node.extendsType);
  const own = inferred.flatMap((each) =>
    each.pos < 0 ? ownSymbol(each.name) : typeParameterSymbols(cx.checker, [each]),
  );
  // What `T extends …` is compared with does not cross; the branches do.
  const check = cx.describe(() => convertNode(cx, node.checkType));
  return cx.withScope(own, () => ({
    kind: "conditional",
    check,
    extends: cx.describe(() => convertNode(cx, node.extendsType)),
    whenTrue: convertNode(cx, node.trueType),
    whenFalse: convertNode(cx, node.falseType),
  }));
}
