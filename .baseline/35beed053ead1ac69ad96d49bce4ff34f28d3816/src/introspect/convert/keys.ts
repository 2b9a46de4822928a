/** What properties are called, in the source and in paths. */
import { ts } from "ts-morph";
import type { Conversion } from "./conversion.ts";

/** Methods that every object has: a type with only these does not describe behaviour, but which values fit (`{ valueOf(): number }`). */
const METHODS_OF_ALL: ReadonlySet<string> = new Set(["valueOf", "toString", "toLocaleString"]);

export function isMethodOfAll(name: string): boolean {
  return METHODS_OF_ALL.has(name);
}

/** Undefined for a property that is named by a symbol. */
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

/** Written as a number, or computed from one: an enum's member. */
export function isNumericName(cx: Conversion, name: ts.PropertyName): boolean {
  if (ts.isNumericLiteral(name)) return true;
  return (
    ts.isComputedPropertyName(name) && name.pos >= 0 && cx.checker.getTypeAtLocation(name.expression).isNumberLiteral()
  );
}

export function refuseSymbolKey(cx: Conversion, node: ts.Node | undefined): void {
  cx.refuse(
    node,
    "symbol",
    "a property that is named by a symbol cannot cross the wire",
    'Name it by a string: `string & { readonly __brand: "UserId" }`.',
  );
}
