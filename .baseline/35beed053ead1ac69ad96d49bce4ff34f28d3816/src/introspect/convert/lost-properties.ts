/**
 * Arrays, dates, maps, bytes and the like with properties of their own (`string[] & { total: number }`): the codec carries what
 * the class itself holds, so that the rest would be missing where its type says that it is there.
 */
import { ts } from "ts-morph";
import type { Conversion } from "./conversion.ts";
import { BUILTINS } from "./globals.ts";
import { globalOrigin } from "./symbols.ts";

/** Names of brands, which exist for the compiler only. */
const BRAND = /^(__|_?(brand|tag|nominal|opaque|flavou?r)$)/i;

export function refuseLostProperties(cx: Conversion, type: ts.Type, site: ts.Node | undefined): void {
  if (cx.isDescribing || !type.isIntersection()) return;
  const carrier = type.types.find((each) => isCarrier(cx, each));
  if (!carrier) return;
  const others = type.types.filter((each) => each !== carrier && !isCarrier(cx, each));
  refuseProperties(
    cx,
    carrier,
    others.flatMap((each) => cx.checker.getPropertiesOfType(each)),
    site,
  );
}

/** An interface that extends such a class. */
export function refuseExtended(cx: Conversion, base: ts.Type, properties: readonly ts.Symbol[]): void {
  if (isCarrier(cx, base)) refuseProperties(cx, base, properties, undefined);
}

function refuseProperties(
  cx: Conversion,
  carrier: ts.Type,
  properties: readonly ts.Symbol[],
  site: ts.Node | undefined,
): void {
  const names = properties
    .filter(({ flags }) => flags & (ts.SymbolFlags.Property | ts.SymbolFlags.Accessor | ts.SymbolFlags.Method))
    .filter(({ name }) => !BRAND.test(name) && !/^\d+$/.test(name) && !cx.checker.getPropertyOfType(carrier, name))
    .map(({ name }) => name);
  if (names.length === 0) return;
  const noun = names.length === 1 ? `the property ${names[0]}` : `the properties ${names.join(", ")}`;
  const whole =
    cx.checker.isArrayType(carrier) || cx.checker.isTupleType(carrier) ? "an array" : `a ${carrier.symbol.name}`;
  cx.refuse(
    site,
    "class",
    `${noun} of ${whole} would be lost on the wire`,
    "Use an object that holds both, such as { items: string[]; total: number }.",
  );
}

function isCarrier(cx: Conversion, type: ts.Type): boolean {
  if (cx.checker.isArrayType(type) || cx.checker.isTupleType(type)) return true;
  const { symbol } = type;
  return (
    symbol !== undefined &&
    BUILTINS.has(symbol.name) &&
    !/Error$/.test(symbol.name) &&
    globalOrigin(cx, symbol) !== undefined
  );
}
