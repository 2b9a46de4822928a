/** What interfaces and data classes consist of: what they extend, their members. */
import { ts } from "ts-morph";
import type {
  FunctionType,
  IndexSignature,
  InterfaceDeclaration,
  PropertySchema,
  TypeSchema,
} from "../../schema/index.ts";
import { propertiesOfClass } from "./class-fields.ts";
import type { Conversion } from "./conversion.ts";
import { behaviourOf, isData, isForeign } from "./data.ts";
import { callsOfMembers } from "./function-types.ts";
import { FUNCTION_REFUSED } from "./globals.ts";
import { refuseExtended } from "./lost-properties.ts";
import { indexesOfMembers, propertiesOfMembers } from "./members.ts";
import type { DeclarationRecord } from "./owners.ts";
import { stepOf } from "./paths.ts";
import { membersOfType } from "./type-members.ts";

const { SymbolFlags } = ts;

type Shape = Pick<InterfaceDeclaration, "extends" | "properties" | "indexes" | "calls">;

export function convertShape(cx: Conversion, record: DeclarationRecord, scope: ReadonlySet<ts.Symbol>): Shape {
  const { symbol } = record;
  const literal = symbol.declarations?.find(ts.isTypeLiteralNode);
  if (literal) {
    const indexes = indexesOfMembers(cx, literal.members);
    return { properties: propertiesOfMembers(cx, literal.members), ...(indexes.length > 0 && { indexes }) };
  }
  const nodes = (symbol.declarations ?? []).filter(
    (node): node is ShapeNode => ts.isInterfaceDeclaration(node) || ts.isClassLike(node),
  );
  if (isForeign(cx, nodes[0]!) && !isData(cx, symbol)) {
    refuseBehaviour(cx, record, scope, nodes);
    return { properties: [] };
  }
  return convertMembers(cx, symbol, nodes);
}

type ShapeNode = ts.InterfaceDeclaration | ts.ClassLikeDeclaration;

/** Reported once for a package's type, not for each of its methods. */
function refuseBehaviour(
  cx: Conversion,
  record: DeclarationRecord,
  scope: ReadonlySet<ts.Symbol>,
  nodes: readonly ShapeNode[],
): void {
  const { symbol } = record;
  record.isBehaviour = true;
  const hint = "Pass the data in it, as an interface of your own.";
  if (symbol.flags & SymbolFlags.Class) {
    const message = `${symbol.name} is a class instance with behaviour: it cannot cross the wire`;
    cx.refuse(undefined, "class", message, hint);
    return;
  }
  const fault = behaviourOf(cx, symbol);
  const isFunction = fault === "" || fault === undefined;
  const message = isFunction
    ? `${symbol.name} is a function: it cannot cross the wire`
    : `${symbol.name} is an object with methods: it cannot cross the wire`;
  const refuse = (): TypeSchema =>
    cx.refuseValue(undefined, "function", message, isFunction ? FUNCTION_REFUSED.hint : hint, NEVER);
  if (isFunction) refuse();
  else cx.at(stepOf(fault), refuse);
  record.complete = () => {
    record.complete = undefined;
    const { schema } = record;
    if (schema) cx.own(record, nodes[0]!, scope, () => Object.assign(schema, convertMembers(cx, symbol, nodes)));
  };
}

const NEVER: TypeSchema = { kind: "primitive", name: "never" };

function convertMembers(cx: Conversion, symbol: ts.Symbol, nodes: readonly ShapeNode[]): Shape {
  const bases: TypeSchema[] = [];
  let isFlat = false;
  for (const heritage of nodes.flatMap(({ heritageClauses = [] }) => [...heritageClauses])) {
    if (heritage.token !== ts.SyntaxKind.ExtendsKeyword) continue;
    for (const node of heritage.types) {
      const type = cx.checker.getTypeAtLocation(node);
      if (isNameOf(type, nodes) && !isNamedBase(cx, node)) {
        // `interface Tree extends Inferred<typeof tree> {}`: this is the type's name, also where it contains itself.
        const { properties, indexes } = cx.expansions.withName(type, symbol, () => membersOfType(cx, type, node));
        return indexes.length > 0 ? { properties, indexes } : { properties };
      }
      const base = asBase(cx, cx.node(node));
      refuseExtended(cx, type, [...(symbol.members?.values() ?? [])]);
      if (base) bases.push(base);
      else isFlat = true;
    }
  }
  if (isFlat) {
    // It extends something that has been resolved to what it stands for: so are the members.
    const { properties, indexes } = membersOfType(cx, cx.checker.getDeclaredTypeOfSymbol(symbol), nodes[0]);
    return indexes.length > 0 ? { properties, indexes } : { properties };
  }
  const properties: PropertySchema[] = [];
  const indexes: IndexSignature[] = [];
  const calls: FunctionType[] = [];
  for (const node of nodes) {
    if (ts.isInterfaceDeclaration(node)) {
      properties.push(...propertiesOfMembers(cx, node.members));
      indexes.push(...indexesOfMembers(cx, node.members));
      calls.push(...callsOfMembers(cx, node.members));
    } else properties.push(...propertiesOfClass(cx, node));
  }
  return {
    ...(bases.length > 0 ? { extends: bases } : {}),
    properties,
    ...(indexes.length > 0 ? { indexes } : {}),
    ...(calls.length > 0 ? { calls } : {}),
  };
}

/** Whether an interface adds nothing to a type that has no name of its own. */
function isNameOf({ symbol }: ts.Type, nodes: readonly ShapeNode[]): boolean {
  const isNamed = (symbol?.flags ?? 0) & (SymbolFlags.Class | SymbolFlags.Interface);
  return !isNamed && nodes.length === 1 && nodes[0]!.members.length === 0 && nodes[0]!.heritageClauses?.length === 1;
}

function isNamedBase(cx: Conversion, node: ts.TypeNode): boolean {
  let isNamed = false;
  const isAccepted = cx.findings.accepts(() => {
    const base = cx.node(node);
    isNamed = ["reference", "global", "builtin", "array"].includes(base.kind);
    return base;
  });
  return isAccepted && isNamed;
}

/** What an interface can extend by name. */
function asBase(cx: Conversion, type: TypeSchema): TypeSchema | undefined {
  if (type.kind === "reference" || type.kind === "global") return type;
  if (type.kind === "builtin") {
    if (!/Error$/.test(type.name)) {
      cx.refuse(
        undefined,
        "class",
        `a type that extends ${type.name} loses its class on the wire`,
        `Hold the ${type.name} in a property.`,
      );
    }
    return { kind: "global", name: type.name, typeArguments: type.typeArguments ?? [] };
  }
  if (type.kind === "array") {
    return { kind: "global", name: type.readonly ? "ReadonlyArray" : "Array", typeArguments: [type.element] };
  }
  return undefined;
}
