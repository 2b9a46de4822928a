/**
 * Types as the author wrote them, to schema. Names and computations stay as they are written wherever they can; what is
 * computed and concrete is resolved by the checker (types.ts).
 */
import { ts } from "ts-morph";
import type { ObjectType, TupleElement, TupleType, TypeSchema } from "../../schema/index.ts";
import { lastName, symbolOf } from "../source/index.ts";
import { brandOfIndex, convertMember } from "./brands.ts";
import type { Conversion } from "./conversion.ts";
import { callsOfMembers, convertFunction } from "./function-types.ts";
import { convertLiteralNode } from "./literals.ts";
import { refuseLostProperties } from "./lost-properties.ts";
import { indexesOfMembers, propertiesOfMembers } from "./members.ts";
import { convertName } from "./names.ts";
import { convertAny, refuseGlobalThis, refuseSymbol, refuseThis, refuseUnwritable } from "./refusals.ts";
import { isOpen } from "./symbols.ts";
import { typeParameterName, typeParameterSymbols } from "./type-parameters.ts";

const { SyntaxKind } = ts;

/** The nodes of types, by their kind. */
interface Nodes {
  [SyntaxKind.TypeReference]: ts.TypeReferenceNode;
  [SyntaxKind.ExpressionWithTypeArguments]: ts.ExpressionWithTypeArguments;
  [SyntaxKind.ImportType]: ts.ImportTypeNode;
  [SyntaxKind.ArrayType]: ts.ArrayTypeNode;
  [SyntaxKind.TupleType]: ts.TupleTypeNode;
  [SyntaxKind.UnionType]: ts.UnionTypeNode;
  [SyntaxKind.IntersectionType]: ts.IntersectionTypeNode;
  [SyntaxKind.LiteralType]: ts.LiteralTypeNode;
  [SyntaxKind.TypeLiteral]: ts.TypeLiteralNode;
  [SyntaxKind.ParenthesizedType]: ts.ParenthesizedTypeNode;
  [SyntaxKind.TemplateLiteralType]: ts.TemplateLiteralTypeNode;
  [SyntaxKind.FunctionType]: ts.FunctionTypeNode;
  [SyntaxKind.ConstructorType]: ts.ConstructorTypeNode;
  [SyntaxKind.TypeQuery]: ts.TypeQueryNode;
  [SyntaxKind.AnyKeyword]: ts.KeywordTypeNode;
  [SyntaxKind.SymbolKeyword]: ts.KeywordTypeNode;
  [SyntaxKind.ThisType]: ts.ThisTypeNode;
  [SyntaxKind.TypePredicate]: ts.TypePredicateNode;
  [SyntaxKind.TypeOperator]: ts.TypeOperatorNode;
  [SyntaxKind.IndexedAccessType]: ts.IndexedAccessTypeNode;
  [SyntaxKind.MappedType]: ts.MappedTypeNode;
  [SyntaxKind.ConditionalType]: ts.ConditionalTypeNode;
  [SyntaxKind.InferType]: ts.InferTypeNode;
}

type NodeVisitor<T extends ts.TypeNode> = (cx: Conversion, node: T) => TypeSchema;

const VISITORS: { [K in keyof Nodes]: NodeVisitor<Nodes[K]> } = {
  [SyntaxKind.TypeReference]: (cx, node) => convertName(cx, symbolOf(cx.checker, lastName(node.typeName)), node),
  [SyntaxKind.ExpressionWithTypeArguments]: (cx, node) =>
    convertName(cx, symbolOf(cx.checker, lastName(node.expression)), node),
  [SyntaxKind.ImportType]: (cx, node) =>
    node.qualifier && !node.isTypeOf
      ? convertName(cx, symbolOf(cx.checker, lastName(node.qualifier)), node)
      : resolve(cx, node),
  [SyntaxKind.ArrayType]: (cx, { elementType }) => ({
    kind: "array",
    element: cx.at("[]", () => cx.node(elementType)),
  }),
  [SyntaxKind.TupleType]: convertTuple,
  [SyntaxKind.UnionType]: (cx, node) => ({
    kind: "union",
    members: flatten(node, ts.isUnionTypeNode).map((each) => cx.node(each)),
  }),
  [SyntaxKind.IntersectionType]: convertIntersection,
  [SyntaxKind.LiteralType]: convertLiteralNode,
  [SyntaxKind.TypeLiteral]: convertMembers,
  [SyntaxKind.ParenthesizedType]: (cx, node) => cx.node(node.type),
  [SyntaxKind.TemplateLiteralType]: (cx, { head, templateSpans }) => ({
    kind: "templateLiteral",
    texts: [head.text, ...templateSpans.map(({ literal }) => literal.text)],
    types: templateSpans.map(({ type }) => cx.node(type)),
  }),
  [SyntaxKind.FunctionType]: convertFunction,
  [SyntaxKind.ConstructorType]: convertFunction,
  [SyntaxKind.TypeQuery]: (cx, node) =>
    ts.isIdentifier(node.exprName) && node.exprName.text === "globalThis"
      ? refuseGlobalThis(cx, node)
      : resolve(cx, node),
  [SyntaxKind.AnyKeyword]: convertAny,
  [SyntaxKind.SymbolKeyword]: refuseSymbol,
  [SyntaxKind.ThisType]: (cx, node) => (cx.isDescribing ? resolve(cx, node) : refuseThis(cx, node)),
  [SyntaxKind.TypePredicate]: (_cx, { assertsModifier }) => ({
    kind: "primitive",
    name: assertsModifier ? "void" : "boolean",
  }),
  [SyntaxKind.TypeOperator]: convertOperator,
  [SyntaxKind.IndexedAccessType]: (cx, node) => {
    if (mentionsThis(node.objectType)) return refuseThis(cx, node);
    return isOpen(cx, node)
      ? cx.describe(() => ({
          kind: "indexedAccess",
          object: cx.node(node.objectType),
          index: convertIndex(cx, node.indexType),
        }))
      : resolve(cx, node);
  },
  [SyntaxKind.MappedType]: (cx, node) => (isOpen(cx, node) ? convertMapped(cx, node) : resolve(cx, node)),
  [SyntaxKind.ConditionalType]: (cx, node) => (isOpen(cx, node) ? convertConditional(cx, node) : resolve(cx, node)),
  [SyntaxKind.InferType]: (cx, { typeParameter: { name, constraint } }) => {
    const schema: TypeSchema = { kind: "infer", name: typeParameterName(name.text) };
    return constraint ? { ...schema, constraint: cx.describe(() => cx.node(constraint)) } : schema;
  },
};

const PRIMITIVES: ReadonlyMap<ts.SyntaxKind, TypeSchema> = new Map(
  (
    [
      [SyntaxKind.StringKeyword, "string"],
      [SyntaxKind.NumberKeyword, "number"],
      [SyntaxKind.BooleanKeyword, "boolean"],
      [SyntaxKind.BigIntKeyword, "bigint"],
      [SyntaxKind.UndefinedKeyword, "undefined"],
      [SyntaxKind.VoidKeyword, "void"],
      [SyntaxKind.UnknownKeyword, "unknown"],
      [SyntaxKind.NeverKeyword, "never"],
      [SyntaxKind.ObjectKeyword, "object"],
    ] as const
  ).map(([kind, name]) => [kind, { kind: "primitive", name }]),
);

export function convertNode(cx: Conversion, node: ts.TypeNode): TypeSchema {
  const primitive = PRIMITIVES.get(node.kind);
  if (primitive) return primitive;
  // Its kind says which node it is.
  const visit = VISITORS[node.kind as keyof Nodes] as NodeVisitor<ts.TypeNode> | undefined;
  return visit ? visit(cx, node) : resolve(cx, node);
}

/** What a computation comes to. */
function resolve(cx: Conversion, node: ts.TypeNode): TypeSchema {
  if (node.pos >= 0) return cx.type(cx.checker.getTypeFromTypeNode(node), node);
  return mentionsThis(node) ? refuseThis(cx, node) : refuseUnwritable(cx, node);
}

function convertIndex(cx: Conversion, node: ts.TypeNode): TypeSchema {
  const brand = brandOfIndex(cx, node);
  return brand === undefined ? cx.node(node) : { kind: "literal", value: brand };
}

function mentionsThis(node: ts.Node): boolean {
  return node.kind === SyntaxKind.ThisType || (ts.forEachChild(node, mentionsThis) ?? false);
}

function convertIntersection(cx: Conversion, node: ts.IntersectionTypeNode): TypeSchema {
  const nodes = flatten(node, ts.isIntersectionTypeNode);
  if (node.pos < 0) return { kind: "intersection", members: nodes.map((each) => cx.node(each)) };
  refuseLostProperties(cx, cx.checker.getTypeFromTypeNode(node), node);
  const types = nodes.map((each) => cx.checker.getTypeFromTypeNode(each));
  const members = nodes.map((each, at) =>
    ts.isTypeLiteralNode(each) && each.members.length === 0
      ? cx.node(each)
      : convertMember(cx, types, types[at]!, () => cx.node(each)),
  );
  return { kind: "intersection", members };
}

function convertOperator(cx: Conversion, node: ts.TypeOperatorNode): TypeSchema {
  switch (node.operator) {
    case SyntaxKind.UniqueKeyword:
      return refuseSymbol(cx, node);
    case SyntaxKind.ReadonlyKeyword: {
      const inner = cx.node(node.type);
      return inner.kind === "array" || inner.kind === "tuple" ? { ...inner, readonly: true } : inner;
    }
    default:
      return isOpen(cx, node) ? { kind: "keyof", type: cx.describe(() => cx.node(node.type)) } : resolve(cx, node);
  }
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
    const element: TupleElement = { type: cx.node(node.type), label: node.name.text };
    if (node.questionToken) element.optional = true;
    if (node.dotDotDotToken) element.rest = true;
    return element;
  }
  if (ts.isOptionalTypeNode(node)) return { type: cx.node(node.type), optional: true };
  if (ts.isRestTypeNode(node)) return { type: cx.node(node.type), rest: true };
  return { type: cx.node(node) };
}

function convertMapped(cx: Conversion, node: ts.MappedTypeNode): TypeSchema {
  const { name, constraint } = node.typeParameter;
  const own = typeParameterSymbols(cx.checker, [node.typeParameter]);
  const schema: TypeSchema = {
    kind: "mapped",
    parameter: typeParameterName(name.text),
    constraint: cx.describe(() => cx.node(constraint!)), // the syntax has one always
    type: { kind: "primitive", name: "any" },
  };
  return cx.withScope(own, () => {
    if (node.nameType) schema.nameType = cx.describe(() => cx.node(node.nameType!));
    if (node.type) schema.type = cx.at("[key]", () => cx.node(node.type!));
    if (node.questionToken) schema.optional = node.questionToken.kind === ts.SyntaxKind.MinusToken ? "remove" : "add";
    if (node.readonlyToken) schema.readonly = node.readonlyToken.kind === ts.SyntaxKind.MinusToken ? "remove" : "add";
    return schema;
  });
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
  const own = typeParameterSymbols(cx.checker, inferred);
  // What `T extends …` is compared with does not cross; the branches do.
  const check = cx.describe(() => cx.node(node.checkType));
  return cx.withScope(own, () => ({
    kind: "conditional",
    check,
    extends: cx.describe(() => cx.node(node.extendsType)),
    whenTrue: cx.node(node.trueType),
    whenFalse: cx.node(node.falseType),
  }));
}
