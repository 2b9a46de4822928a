/** Object types that the checker found: uses of declarations, tuples, and what is written out member by member. */
import { ts } from "ts-morph";
import type { ObjectType, TupleElement, TypeSchema } from "../../schema/index.ts";
import type { Conversion, TypeOptions } from "./conversion.ts";
import { propertyAround } from "./declarations.ts";
import { convertNamed } from "./names.ts";
import { convertOpen, isOpenMapped, isOpenType } from "./open-types.ts";
import { refuseFunction, refuseFunctionValue, refuseGlobalThis, refuseModule, refuseUnnamed } from "./refusals.ts";
import { globalOrigin } from "./symbols.ts";
import { membersOfType } from "./type-members.ts";

const { ObjectFlags, SymbolFlags, ElementFlags } = ts;

/** Most properties of a function whose type is carried over: one with more is a module in disguise. */
const MOST_PROPERTIES = 10;

export function convertObject(
  cx: Conversion,
  type: ts.ObjectType,
  node: ts.Node | undefined,
  options: TypeOptions,
): TypeSchema {
  if (cx.checker.isTupleType(type)) return convertTupleType(cx, type as ts.TupleTypeReference, node);
  const { symbol } = type;
  const isDeclared = type.objectFlags & (ObjectFlags.Reference | ObjectFlags.ClassOrInterface);
  if (symbol && isDeclared && !options.expanded && symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface)) {
    return convertReference(cx, type, node);
  }
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) {
    if (cx.checker.getPropertiesOfType(type).length > MOST_PROPERTIES) return refuseFunction(cx, node);
    return refuseFunctionValue(
      cx,
      node,
      cx.describe(() => convertOpen(cx, type, node)),
    );
  }
  if (symbol?.escapedName === "globalThis" && symbol.flags & SymbolFlags.Module) return refuseGlobalThis(cx, node);
  if (symbol && symbol.flags & SymbolFlags.ValueModule && !isDataModule(cx, type)) return refuseModule(cx, node);
  if (type.objectFlags & ObjectFlags.Mapped && isOpenMapped(cx, type)) return convertOpen(cx, type, node);
  if (isReadonlyDate(cx, type)) return { kind: "builtin", name: "Date" };
  return cx.expansions.writeOut(
    type,
    () => writeMembers(cx, type, node),
    () => refuseUnnamed(cx, node),
    isDeclaredByProperty(type) ? () => cx.reference(type.symbol) : undefined,
  );
}

/**
 * A date without the methods that change it, as some libraries make them readonly all the way down; the value is a Date. What lacks
 * other methods too is a part of one.
 */
function isReadonlyDate(cx: Conversion, type: ts.ObjectType): boolean {
  if (!(type.objectFlags & ObjectFlags.Mapped)) return false;
  const owner = type.getProperty("getTime")?.declarations?.[0]?.parent;
  if (!owner || !ts.isInterfaceDeclaration(owner) || owner.name.text !== "Date") return false;
  const date = cx.checker.getTypeAtLocation(owner);
  if (!globalOrigin(cx, date.symbol)) return false;
  const names = new Set(cx.checker.getPropertiesOfType(type).map(({ escapedName }) => escapedName));
  const kept = date.getProperties().filter(({ name }) => !name.startsWith("set"));
  return kept.length === names.size && kept.every(({ escapedName }) => names.has(escapedName));
}

/**
 * Whether it is written as a property's type, where no type parameter can be meant: `components["schemas"]["Pet"]`, as generators
 * of types for OpenAPI write.
 */
function isDeclaredByProperty({ symbol, objectFlags }: ts.ObjectType): boolean {
  const [literal, ...others] = symbol?.declarations ?? [];
  if (!literal || others.length > 0 || !ts.isTypeLiteralNode(literal) || objectFlags & ObjectFlags.Instantiated) {
    return false;
  }
  if (propertyAround(literal) === undefined) return false;
  for (let at: ts.Node = literal; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isMappedTypeNode(at) || ts.isConditionalTypeNode(at)) return false;
    if (ts.getEffectiveTypeParameterDeclarations(at as ts.DeclarationWithTypeParameters).length > 0) return false;
  }
  return true;
}

/** A JSON file, or a module of constants. */
function isDataModule(cx: Conversion, type: ts.Type): boolean {
  return cx.checker.getPropertiesOfType(type).every((property) => {
    const held = cx.checker.getTypeOfSymbol(property);
    return held.getCallSignatures().length + held.getConstructSignatures().length === 0;
  });
}

function writeMembers(cx: Conversion, type: ts.ObjectType, node: ts.Node | undefined): TypeSchema {
  const { properties, indexes, contradicted } = membersOfType(cx, type, node);
  const schema: ObjectType = { kind: "object", properties };
  const kept = indexes.filter((index) => !contradicted.has(index));
  if (kept.length > 0) schema.indexes = kept;
  if (contradicted.size === 0) return schema;
  const apart = [...contradicted].map((index): ObjectType => ({ kind: "object", properties: [], indexes: [index] }));
  return { kind: "intersection", members: [...apart, schema] };
}

function convertReference(cx: Conversion, type: ts.ObjectType, node: ts.Node | undefined): TypeSchema {
  const isGeneric = (type.objectFlags & ObjectFlags.Reference) !== 0;
  const { target } = type as ts.TypeReference;
  const parameters = isGeneric ? (target.typeParameters ?? []) : [];
  // The last of the checker's arguments may be `this`.
  const given = isGeneric ? cx.checker.getTypeArguments(type as ts.TypeReference).slice(0, parameters.length) : [];
  return convertNamed(cx, {
    symbol: type.symbol,
    count: withoutDefaults(cx, parameters, given),
    argument: (index) => cx.type(given[index]!, node),
    type: () => type,
    isOpen: () => given.some((argument) => isOpenType(cx, argument)),
    node,
  });
}

/** How many arguments have to be written: `Uint8Array<ArrayBufferLike>` is `Uint8Array`. */
function withoutDefaults(cx: Conversion, parameters: readonly ts.Type[], given: readonly ts.Type[]): number {
  let count = given.length;
  while (count > 0 && cx.checker.getDefaultFromTypeParameter(parameters[count - 1]!) === given[count - 1]) count--;
  return count;
}

function convertTupleType(cx: Conversion, type: ts.TupleTypeReference, node: ts.Node | undefined): TypeSchema {
  const { elementFlags, labeledElementDeclarations, readonly } = type.target;
  const elements = cx.checker
    .getTypeArguments(type)
    .slice(0, elementFlags.length)
    .map((each, index): TupleElement => {
      const flag = elementFlags[index]!;
      const isOptional = (flag & ElementFlags.Optional) !== 0;
      const inner = cx.at(`[${index}]`, () => cx.type(each, node, isOptional ? { optional: "property" } : {}));
      const element: TupleElement = { type: flag & ElementFlags.Rest ? { kind: "array", element: inner } : inner };
      const label = labeledElementDeclarations?.[index]?.name;
      if (label && ts.isIdentifier(label)) element.label = label.text;
      if (isOptional) element.optional = true;
      if (flag & ElementFlags.Variable) element.rest = true;
      return element;
    });
  return readonly ? { kind: "tuple", elements, readonly: true } : { kind: "tuple", elements };
}
