/**
 * Brands: what is in a type and in no value of it. A property that is named by a symbol which only the compiler knows becomes one
 * that is named by a string, `__brand`, since a stub cannot name the author's symbol; by the two underscores, whoever looks at
 * values knows that it is not there.
 */
import { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";

/** Of a property that is named by a unique symbol: undefined where the symbol exists when the program runs. */
export function brandName(cx: Conversion, name: ts.PropertyName): string | undefined {
  if (!ts.isComputedPropertyName(name) || name.pos < 0) return undefined;
  return nameOf(cx, cx.checker.getTypeAtLocation(name.expression), isIntersected(name.parent));
}

/** As `brandName`, of a property that the checker has. */
export function brandOfSymbol(cx: Conversion, property: ts.Symbol): string | undefined {
  const node = property.valueDeclaration;
  const name = node && ts.getNameOfDeclaration(node);
  if (name && ts.isComputedPropertyName(name)) return brandName(cx, name);
  // Of properties that mapped types make, the compiler keeps the key, which its types do not say.
  const { nameType } = (property as unknown as { links?: { nameType?: ts.Type } }).links ?? {};
  return nameType && nameOf(cx, nameType, false);
}

/** As `brandName`, of what a type is indexed by: `T[typeof brand]`. */
export function brandOfIndex(cx: Conversion, index: ts.TypeNode): string | undefined {
  return index.pos < 0 ? undefined : nameOf(cx, cx.checker.getTypeFromTypeNode(index), false);
}

function nameOf({ program }: Conversion, { flags, symbol }: ts.Type, isIntersected: boolean): string | undefined {
  const node = flags & ts.TypeFlags.UniqueESSymbol ? symbol.valueDeclaration : undefined;
  if (!node || program.isSourceFileDefaultLibrary(node.getSourceFile())) return undefined;
  const isDeclared =
    node.getSourceFile().isDeclarationFile || (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Ambient) !== 0;
  return isDeclared || isIntersected ? `__${symbol.name.replace(/^_+/, "")}` : undefined;
}

/** `string & { [brand]: true }`. */
function isIntersected({ parent }: ts.Node): boolean {
  if (!ts.isTypeLiteralNode(parent)) return false;
  let at: ts.Node = parent.parent;
  while (ts.isParenthesizedTypeNode(at)) at = at.parent;
  return ts.isIntersectionTypeNode(at);
}

const ATOM =
  ts.TypeFlags.StringLike |
  ts.TypeFlags.NumberLike |
  ts.TypeFlags.BigIntLike |
  ts.TypeFlags.BooleanLike |
  ts.TypeFlags.TemplateLiteral |
  ts.TypeFlags.StringMapping;

/** Converts a member of an intersection, as a description where no value has it: of a primitive, and where it is nothing but a brand. */
export function convertMember(
  cx: Conversion,
  members: readonly ts.Type[],
  member: ts.Type,
  convert: () => TypeSchema,
): TypeSchema {
  const isAtom = ({ flags }: ts.Type): boolean => (flags & ATOM) !== 0;
  const isPhantom = (members.some(isAtom) && !isAtom(member)) || isOnlyBrand(cx, member);
  const converted = isPhantom ? cx.describe(convert) : convert();
  return isNothing(converted) ? NOTHING : converted;
}

/** What `{ [K in never]: string }` comes to. Written as `{}`, it would vanish from an intersection. */
const NOTHING: TypeSchema = {
  kind: "global",
  name: "Record",
  typeArguments: [
    { kind: "primitive", name: "never" },
    { kind: "primitive", name: "never" },
  ],
};

function isNothing(type: TypeSchema): boolean {
  return type.kind === "object" && type.properties.length === 0 && !type.indexes && !type.calls;
}

function isOnlyBrand(cx: Conversion, type: ts.Type): boolean {
  if (!(type.flags & ts.TypeFlags.Object)) return false;
  const properties = cx.checker.getPropertiesOfType(type);
  return (
    properties.length > 0 &&
    properties.every(({ escapedName }) => ts.unescapeLeadingUnderscores(escapedName).startsWith("__@")) &&
    properties.every((property) => brandOfSymbol(cx, property) !== undefined)
  );
}
