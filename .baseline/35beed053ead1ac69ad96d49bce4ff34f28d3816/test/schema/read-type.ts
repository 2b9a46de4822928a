/** Parses TypeScript back to TypeSchema with TypeScript's own parser, to check the printer. */
import { ts } from "ts-morph";
import type { PrimitiveName, PropertySchema, TupleElement, TypeSchema } from "../../src/schema/index.ts";

export interface KnownNames {
  references: ReadonlySet<string>;
  builtins: ReadonlySet<string>;
  globals: ReadonlySet<string>;
}

/** Reads `type Probe = <text>;`. Throws on a syntax error. */
export function readType(text: string, names: KnownNames): TypeSchema {
  const file = ts.createSourceFile("probe.ts", `type Probe = ${text};`, ts.ScriptTarget.Latest, true);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: ts.Diagnostic[] }; // not in the public type
  if (parseDiagnostics[0])
    throw new Error(`${ts.flattenDiagnosticMessageText(parseDiagnostics[0].messageText, "\n")}: ${text}`);
  const [statement, ...more] = file.statements;
  if (!statement || !ts.isTypeAliasDeclaration(statement) || more.length > 0) throw new Error(`not one type: ${text}`);
  return read(statement.type, names);
}

const KEYWORDS: { [kind: number]: PrimitiveName } = {
  [ts.SyntaxKind.StringKeyword]: "string",
  [ts.SyntaxKind.NumberKeyword]: "number",
  [ts.SyntaxKind.BooleanKeyword]: "boolean",
  [ts.SyntaxKind.BigIntKeyword]: "bigint",
  [ts.SyntaxKind.UndefinedKeyword]: "undefined",
  [ts.SyntaxKind.VoidKeyword]: "void",
  [ts.SyntaxKind.UnknownKeyword]: "unknown",
  [ts.SyntaxKind.AnyKeyword]: "any",
  [ts.SyntaxKind.NeverKeyword]: "never",
  [ts.SyntaxKind.ObjectKeyword]: "object",
};

function read(node: ts.TypeNode, names: KnownNames): TypeSchema {
  const sub = (inner: ts.TypeNode): TypeSchema => read(inner, names);
  const keyword = KEYWORDS[node.kind];
  if (keyword) return { kind: "primitive", name: keyword };
  if (ts.isParenthesizedTypeNode(node)) return sub(node.type);
  if (ts.isLiteralTypeNode(node)) return readLiteral(node.literal);
  if (ts.isTemplateLiteralTypeNode(node)) {
    const texts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
    return { kind: "templateLiteral", texts, types: node.templateSpans.map((span) => sub(span.type)) };
  }
  if (ts.isArrayTypeNode(node)) return { kind: "array", element: sub(node.elementType) };
  if (ts.isTupleTypeNode(node))
    return { kind: "tuple", elements: node.elements.map((element) => readElement(element, sub)) };
  if (ts.isUnionTypeNode(node)) return { kind: "union", members: node.types.map(sub) };
  if (ts.isIntersectionTypeNode(node)) return { kind: "intersection", members: node.types.map(sub) };
  if (ts.isTypeOperatorNode(node)) {
    if (node.operator === ts.SyntaxKind.KeyOfKeyword) return { kind: "keyof", type: sub(node.type) };
    const list = sub(node.type);
    if (list.kind !== "array" && list.kind !== "tuple") throw new Error("readonly of no list");
    return { ...list, readonly: true };
  }
  if (ts.isIndexedAccessTypeNode(node)) {
    const object = node.objectType;
    if (ts.isParenthesizedTypeNode(object) && ts.isTypeQueryNode(object.type) && ts.isLiteralTypeNode(node.indexType)) {
      return {
        kind: "reference",
        name: object.type.exprName.getText(),
        member: (node.indexType.literal as ts.StringLiteral).text,
      };
    }
    return { kind: "indexedAccess", object: sub(object), index: sub(node.indexType) };
  }
  if (ts.isInferTypeNode(node)) {
    const { name, constraint } = node.typeParameter;
    return { kind: "infer", name: name.text, ...(constraint && { constraint: sub(constraint) }) };
  }
  if (ts.isConditionalTypeNode(node)) {
    const [check, test, whenTrue, whenFalse] = [node.checkType, node.extendsType, node.trueType, node.falseType].map(
      sub,
    );
    return { kind: "conditional", check: check!, extends: test!, whenTrue: whenTrue!, whenFalse: whenFalse! };
  }
  if (ts.isMappedTypeNode(node)) {
    const modifier = (token: ts.Node | undefined): "add" | "remove" | undefined =>
      token && (token.kind === ts.SyntaxKind.MinusToken ? "remove" : "add");
    const [optional, readonly] = [modifier(node.questionToken), modifier(node.readonlyToken)];
    return {
      kind: "mapped",
      parameter: node.typeParameter.name.text,
      constraint: sub(node.typeParameter.constraint!),
      ...(node.nameType && { nameType: sub(node.nameType) }),
      type: sub(node.type!),
      ...(optional && { optional }),
      ...(readonly && { readonly }),
    };
  }
  if (ts.isTypeLiteralNode(node)) return readObject(node, sub);
  if (ts.isTypeReferenceNode(node)) return readReference(node, names);
  throw new Error(`cannot read ${ts.SyntaxKind[node.kind]}`);
}

function readLiteral(node: ts.LiteralTypeNode["literal"]): TypeSchema {
  if (node.kind === ts.SyntaxKind.NullKeyword) return { kind: "primitive", name: "null" };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { kind: "literal", value: true };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { kind: "literal", value: false };
  if (ts.isStringLiteralLike(node)) return { kind: "literal", value: node.text };
  const text = node.getText();
  return { kind: "literal", value: text.endsWith("n") ? { bigint: text.slice(0, -1) } : Number(text) };
}

function readElement(node: ts.TypeNode, sub: (node: ts.TypeNode) => TypeSchema): TupleElement {
  if (ts.isNamedTupleMember(node)) {
    return {
      type: sub(node.type),
      ...(node.questionToken && { optional: true }),
      ...(node.dotDotDotToken && { rest: true }),
      label: node.name.text,
    };
  }
  if (ts.isOptionalTypeNode(node)) return { type: sub(node.type), optional: true };
  if (ts.isRestTypeNode(node)) return { type: sub(node.type), rest: true };
  return { type: sub(node) };
}

function readObject(node: ts.TypeLiteralNode, sub: (node: ts.TypeNode) => TypeSchema): TypeSchema {
  const properties: PropertySchema[] = [];
  const object: TypeSchema = { kind: "object", properties };
  for (const member of node.members) {
    const readonly = ts
      .getModifiers(member as ts.PropertySignature)
      ?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword);
    if (ts.isPropertySignature(member)) {
      properties.push({
        name: (member.name as ts.Identifier | ts.StringLiteral).text,
        type: sub(member.type!),
        ...(member.questionToken && { optional: true }),
        ...(readonly && { readonly: true }),
      });
    } else if (ts.isIndexSignatureDeclaration(member)) {
      const [key] = member.parameters;
      object.indexes = [
        ...(object.indexes ?? []),
        {
          key: sub(key!.type!),
          keyName: key!.name.getText(),
          value: sub(member.type),
          ...(readonly && { readonly: true }),
        },
      ];
    }
  }
  return object;
}

function readReference(node: ts.TypeReferenceNode, names: KnownNames): TypeSchema {
  const typeArguments = node.typeArguments?.map((argument) => read(argument, names));
  if (ts.isQualifiedName(node.typeName)) {
    return { kind: "reference", name: node.typeName.left.getText(), member: node.typeName.right.text };
  }
  const name = node.typeName.text;
  const more = typeArguments && { typeArguments };
  if (names.references.has(name)) return { kind: "reference", name, ...more };
  if (names.globals.has(name)) return { kind: "global", name, typeArguments: typeArguments ?? [] };
  if (names.builtins.has(name)) return { kind: "builtin", name, ...more } as TypeSchema; // one of the names just looked up
  return { kind: "typeParameter", name };
}
