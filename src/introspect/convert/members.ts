/** Properties and index signatures: of interfaces, type literals and classes as written, and of types that the checker made. */
import { ts } from "ts-morph";
import type { FunctionType, IndexSignature, PropertySchema, TypeSchema } from "../../schema/index.ts";
import { docOf } from "../source/docs.ts";
import type { Conversion } from "./conversion.ts";
import { convertFunction, convertFunctionType, convertNode, refuseFunctionValue } from "./nodes.ts";
import { convertType, isLeftOut } from "./types.ts";

const IS_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

export function stepOf(name: string): string {
  return IS_NAME.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** Methods that every object has: what has no others is not behaviour, but says what values are (`{ valueOf(): number }`). */
const METHODS_OF_ALL: ReadonlySet<string> = new Set(["valueOf", "toString", "toLocaleString"]);

export function isMethodOfAll(name: string): boolean {
  return METHODS_OF_ALL.has(name);
}

export function propertiesOfMembers(cx: Conversion, members: readonly ts.TypeElement[]): PropertySchema[] {
  const properties: PropertySchema[] = [];
  const ofAllValues = members.every(({ name }) => name && ts.isIdentifier(name) && isMethodOfAll(name.text));
  const accessors = new Map<string, PropertySchema>();
  for (const member of members) {
    if (ts.isIndexSignatureDeclaration(member)) continue;
    if (ts.isCallSignatureDeclaration(member) || ts.isConstructSignatureDeclaration(member)) continue;
    const name = member.name && propertyName(cx, member.name);
    if (name === undefined) {
      refuseSymbolKey(cx, member);
      continue;
    }
    if (ts.isMethodSignature(member)) {
      const type = cx.at(stepOf(name), () =>
        ofAllValues ? convertFunctionType(cx, member) : convertFunction(cx, member),
      );
      const overloaded = properties.find((each) => each.name === name);
      if (overloaded) overloaded.type = withOverload(overloaded.type, type);
      else properties.push(member.questionToken ? { name, type, optional: true } : { name, type });
      continue;
    }
    if (ts.isSetAccessorDeclaration(member)) {
      // What is written through a setter alone has no value to send; beside a getter, it makes the property writable.
      const type = member.parameters[0]?.type;
      const known = accessors.get(name);
      if (known) delete known.readonly;
      else if (type) add({ name, type: cx.at(stepOf(name), () => convertNode(cx, type)) });
      continue;
    }
    if (!ts.isPropertySignature(member) && !ts.isGetAccessorDeclaration(member)) continue;
    const type = cx.at(stepOf(name), () => typeOfMember(cx, member));
    const property: PropertySchema = { name, type };
    if (member.name && ts.isNumericLiteral(member.name)) property.numeric = true;
    if (member.questionToken) property.optional = true;
    if (ts.isGetAccessorDeclaration(member)) {
      const known = accessors.get(name); // the setter came first
      if (known) {
        known.type = type;
        continue;
      }
      property.readonly = true;
      accessors.set(name, property);
    } else if (hasModifier(member, ts.SyntaxKind.ReadonlyKeyword)) property.readonly = true;
    const doc = member.pos < 0 ? undefined : docOf(member);
    if (doc !== undefined) property.doc = doc;
    properties.push(property);
  }
  return properties;

  function add(property: PropertySchema): void {
    accessors.set(property.name, property);
    properties.push(property);
  }
}

/** The type as written, else as the checker finds it. */
export function typeOfMember(
  cx: Conversion,
  member: ts.PropertySignature | ts.PropertyDeclaration | ts.ParameterDeclaration | ts.GetAccessorDeclaration,
): TypeSchema {
  if (member.type) return convertNode(cx, member.type);
  const isOptional = "questionToken" in member && member.questionToken !== undefined;
  const type = cx.checker.getTypeAtLocation(member);
  return convertType(
    cx,
    type,
    member,
    isOptional ? { optional: ts.isParameter(member) ? "parameter" : "property" } : {},
  );
}

function withOverload(type: TypeSchema, overload: TypeSchema): TypeSchema {
  const members = type.kind === "intersection" ? type.members : [type];
  return { kind: "intersection", members: [...members, overload] };
}

/** Call and construct signatures, which make a function of what has them. */
export function callsOfMembers(cx: Conversion, members: readonly ts.Node[]): FunctionType[] {
  return members.flatMap((member) => {
    if (!ts.isCallSignatureDeclaration(member) && !ts.isConstructSignatureDeclaration(member)) return [];
    const type = convertFunctionType(cx, member);
    refuseFunctionValue(cx, member, type);
    return [type];
  });
}

export function indexesOfMembers(cx: Conversion, members: Iterable<ts.Node>): IndexSignature[] {
  const indexes: IndexSignature[] = [];
  for (const member of members) {
    if (!ts.isIndexSignatureDeclaration(member)) continue;
    const parameter = member.parameters[0];
    if (!parameter?.type) continue;
    const keyNode = parameter.type;
    const key = cx.describe(() => convertNode(cx, keyNode));
    const value = cx.at("[key]", () => convertNode(cx, member.type));
    if (cx.checker.getTypeFromTypeNode(keyNode).flags & ts.TypeFlags.ESSymbol) refuseSymbolKey(cx, member);
    const index: IndexSignature = { key, value };
    if (ts.isIdentifier(parameter.name)) index.keyName = parameter.name.text;
    if (hasModifier(member, ts.SyntaxKind.ReadonlyKeyword)) index.readonly = true;
    indexes.push(index);
  }
  return indexes;
}

/** `contradicted`: those of the index signatures that no object type can be written with beside the other members. */
interface Members {
  properties: PropertySchema[];
  indexes: IndexSignature[];
  contradicted: ReadonlySet<IndexSignature>;
}

/** Members of a type that the checker made. A property that is still as its author wrote it is read from there. */
export function membersOfType(cx: Conversion, type: ts.Type, site: ts.Node | undefined): Members {
  const properties: PropertySchema[] = [];
  for (const symbol of cx.checker.getPropertiesOfType(type)) {
    const name = ts.unescapeLeadingUnderscores(symbol.escapedName);
    if (name.startsWith("__@")) {
      refuseSymbolKey(cx, symbol.valueDeclaration ?? site);
      continue;
    }
    const property: PropertySchema = { name, type: cx.at(stepOf(name), () => typeOfProperty(cx, symbol, site)) };
    if (isNumeric(symbol)) property.numeric = true;
    if (symbol.flags & ts.SymbolFlags.Optional) property.optional = true;
    if (isReadonly(symbol)) property.readonly = true;
    const declaration = symbol.declarations?.[0];
    const doc = declaration && declaration.pos >= 0 ? docOf(declaration) : undefined;
    if (doc !== undefined) property.doc = doc;
    properties.push(property);
  }
  const indexes: IndexSignature[] = [];
  const contradicted = new Set<IndexSignature>();
  for (const info of cx.checker.getIndexInfosOfType(type)) {
    if (info.keyType.flags & ts.TypeFlags.ESSymbol) refuseSymbolKey(cx, info.declaration ?? site);
    const index: IndexSignature = {
      key: cx.describe(() => convertType(cx, info.keyType, site)),
      value: cx.at("[key]", () => convertType(cx, info.type, site)),
    };
    const parameter =
      info.declaration && ts.isIndexSignatureDeclaration(info.declaration) ? info.declaration.parameters[0] : undefined;
    if (parameter && ts.isIdentifier(parameter.name)) index.keyName = parameter.name.text;
    if (info.isReadonly) index.readonly = true;
    indexes.push(index);
    if (isContradicted(cx, type, info)) contradicted.add(index);
  }
  return { properties, indexes, contradicted };
}

/** Computed types can have what cannot be written (TS2411, TS2413): `{ [key: string]: number; name?: never }`. */
function isContradicted(cx: Conversion, type: ts.Type, { keyType, type: value }: ts.IndexInfo): boolean {
  const { checker } = cx;
  const isUnder = (key: ts.Type): boolean =>
    checker.isTypeAssignableTo(key, keyType) ||
    (key.flags & ts.TypeFlags.Number && keyType.flags & ts.TypeFlags.String) !== 0 ||
    (key.isStringLiteral() && String(Number(key.value)) === key.value && (keyType.flags & ts.TypeFlags.Number) !== 0);
  const fits = (member: ts.Type): boolean => checker.isTypeAssignableTo(member, value);
  const isAgainst = (symbol: ts.Symbol): boolean => {
    if (!isUnder(checker.getStringLiteralType(symbol.name))) return false;
    const property = checker.getTypeOfSymbol(symbol);
    return !(property.isUnion() ? property.types : [property]).every((each) => isLeftOut(cx, each) || fits(each));
  };
  return (
    checker.getPropertiesOfType(type).some(isAgainst) ||
    checker.getIndexInfosOfType(type).some((other) => isUnder(other.keyType) && !fits(other.type))
  );
}

function typeOfProperty(cx: Conversion, symbol: ts.Symbol, site: ts.Node | undefined): TypeSchema {
  const declaration = symbol.valueDeclaration;
  if (
    !(symbol.flags & ts.SymbolFlags.Transient) &&
    declaration &&
    ts.isPropertySignature(declaration) &&
    declaration.type
  ) {
    return convertNode(cx, declaration.type);
  }
  const type = cx.checker.getTypeOfSymbol(symbol);
  const place = declaration && declaration.pos >= 0 ? declaration : site;
  return convertType(cx, type, place, symbol.flags & ts.SymbolFlags.Optional ? { optional: "property" } : {});
}

/** What the compiler notes of properties that it makes, and its types do not say. */
function linksOf(symbol: ts.Symbol): { checkFlags?: number; nameType?: ts.Type } {
  return (symbol as unknown as { links?: ReturnType<typeof linksOf> }).links ?? {};
}

function isNumeric(symbol: ts.Symbol): boolean {
  const { nameType } = linksOf(symbol);
  if (nameType) return nameType.isNumberLiteral();
  const name = symbol.valueDeclaration && ts.getNameOfDeclaration(symbol.valueDeclaration);
  return name !== undefined && ts.isNumericLiteral(name);
}

/** Also of properties that mapped types made readonly, and of an enum's. */
function isReadonly(symbol: ts.Symbol): boolean {
  const { checkFlags = 0 } = linksOf(symbol);
  if (symbol.flags & ts.SymbolFlags.Transient && checkFlags & READONLY_CHECK_FLAG) return true;
  if (symbol.flags & ts.SymbolFlags.EnumMember) return true;
  if (symbol.flags & ts.SymbolFlags.Accessor) return !(symbol.flags & ts.SymbolFlags.SetAccessor);
  const declaration = symbol.valueDeclaration;
  if (!declaration) return false;
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) !== 0;
}

/** The compiler's CheckFlags.Readonly, which it does not export. */
const READONLY_CHECK_FLAG = 8;

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false);
}

/** Undefined for one that only a symbol names. */
export function propertyName(cx: Conversion, name: ts.PropertyName): string | undefined {
  if (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) return name.text;
  if (ts.isNumericLiteral(name)) return String(Number(name.text));
  if (ts.isComputedPropertyName(name)) {
    const type = name.pos < 0 ? undefined : cx.checker.getTypeAtLocation(name.expression);
    if (type?.isStringLiteral() || type?.isNumberLiteral()) return String(type.value);
    if (ts.isStringLiteralLike(name.expression)) return name.expression.text;
  }
  return undefined;
}

export function refuseSymbolKey(cx: Conversion, node: ts.Node | undefined): void {
  cx.refuse(
    node,
    "symbol",
    "a property named by a symbol cannot cross the wire",
    'name it by a string: `string & { readonly __brand: "UserId" }`',
  );
}
