/** Members of types that the checker made: properties and index signatures, and whether these can be written side by side. */
import { ts } from "ts-morph";
import type { IndexSignature, PropertySchema, TypeSchema } from "../../schema/index.ts";
import { docOf } from "../source/index.ts";
import { brandOfSymbol } from "./brands.ts";
import type { Conversion } from "./conversion.ts";
import { refuseSymbolKey } from "./keys.ts";
import { isLeftOut } from "./optional.ts";

/** `contradicted`: the index signatures that cannot be written in one object type with the other members. */
interface Members {
  properties: PropertySchema[];
  indexes: IndexSignature[];
  contradicted: ReadonlySet<IndexSignature>;
}

/** Members of a type that the checker made. A property that is still as its author wrote it is read from there. */
export function membersOfType(cx: Conversion, type: ts.Type, site: ts.Node | undefined): Members {
  const properties: PropertySchema[] = [];
  for (const symbol of cx.checker.getPropertiesOfType(type)) {
    const written = ts.unescapeLeadingUnderscores(symbol.escapedName);
    const brand = written.startsWith("__@") ? brandOfSymbol(cx, symbol) : undefined;
    if (written.startsWith("__@") && brand === undefined) {
      refuseSymbolKey(cx, symbol.valueDeclaration ?? site);
      continue;
    }
    const name = brand ?? written;
    const convert = (): TypeSchema => typeOfProperty(cx, symbol, site);
    const isOptional = (symbol.flags & ts.SymbolFlags.Optional) !== 0;
    const type = cx.property(name, symbol.valueDeclaration ?? site, isOptional && brand === undefined, () =>
      brand === undefined ? convert() : cx.describe(convert),
    );
    if (!type) continue;
    const property: PropertySchema = { name, type };
    if (isNumeric(symbol)) property.numeric = true;
    if (isOptional) property.optional = true;
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
      key: cx.describe(() => cx.type(info.keyType, site)),
      value: cx.at("[key]", () => cx.type(info.type, site)),
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
    return cx.node(declaration.type);
  }
  const type = cx.checker.getTypeOfSymbol(symbol);
  const place = declaration && declaration.pos >= 0 ? declaration : site;
  return cx.type(type, place, symbol.flags & ts.SymbolFlags.Optional ? { optional: "property" } : {});
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

/** Also of properties that mapped types made readonly, of an enum's, and of a module's. */
function isReadonly(symbol: ts.Symbol): boolean {
  const { checkFlags = 0 } = linksOf(symbol);
  if (symbol.flags & ts.SymbolFlags.Transient && checkFlags & READONLY_CHECK_FLAG) return true;
  if (symbol.flags & ts.SymbolFlags.EnumMember) return true;
  // A module's constant.
  if (symbol.flags & ts.SymbolFlags.BlockScopedVariable && symbol.valueDeclaration) {
    return (ts.getCombinedNodeFlags(symbol.valueDeclaration) & ts.NodeFlags.Const) !== 0;
  }
  if (symbol.flags & ts.SymbolFlags.Accessor) return !(symbol.flags & ts.SymbolFlags.SetAccessor);
  const declaration = symbol.valueDeclaration;
  if (!declaration) return false;
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) !== 0;
}

/** The compiler's CheckFlags.Readonly, which it does not export. */
const READONLY_CHECK_FLAG = 8;
