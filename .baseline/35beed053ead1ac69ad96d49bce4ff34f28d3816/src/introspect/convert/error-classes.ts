/**
 * Error classes that functions declare: the data that their instances carry, as the properties of an interface. Methods, getters
 * and what is private stay behind, as they do when an error crosses the wire.
 */
import { ts } from "ts-morph";
import type { PropertySchema, TypeSchema } from "../../schema/index.ts";
import { docOf, isFarcallFile } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { isForeign } from "./data.ts";
import { authoredName, docOfSymbol } from "./declarations.ts";
import type { DeclarationRecord } from "./owners.ts";
import { stepOf } from "./paths.ts";
import { globalOrigin } from "./symbols.ts";

const { SymbolFlags } = ts;

/** Every error's, which the wire carries apart from its own properties. */
const OF_ALL = new Set(["name", "message", "stack", "cause", "errors"]);

/** Whether it is a class of errors of the author's or of a package; farcall's own arrive as what they are. */
export function isErrorClass(cx: Conversion, symbol: ts.Symbol): boolean {
  if (!(symbol.flags & SymbolFlags.Class) || isFarcalls(symbol)) return false;
  const seen = new Set<ts.Symbol>();
  for (let at: ts.Symbol | undefined = symbol; at && !seen.has(at); at = baseOf(cx, at)) {
    seen.add(at);
    if (isRoot(cx, at)) return true;
  }
  return false;
}

function isFarcalls({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((node) => hasFarcallsErrors(node.getSourceFile()));
}

const ofFarcall = new WeakMap<ts.SourceFile, boolean>();

/** Whether a file is the one in which farcall declares its own errors. */
function hasFarcallsErrors(file: ts.SourceFile): boolean {
  let result = ofFarcall.get(file);
  if (result === undefined) {
    const { symbol } = file as unknown as { symbol?: ts.Symbol }; // every module has one
    result = symbol?.exports?.has("FarcallError" as ts.__String) === true && isFarcallFile(file);
    ofFarcall.set(file, result);
  }
  return result;
}

/** A class that every caller has: Error, TypeError, FarcallError. */
function isRoot(cx: Conversion, symbol: ts.Symbol): boolean {
  return (/Error$/.test(symbol.name) && globalOrigin(cx, symbol) !== undefined) || isFarcalls(symbol);
}

function baseOf(cx: Conversion, symbol: ts.Symbol): ts.Symbol | undefined {
  const type = cx.checker.getDeclaredTypeOfSymbol(symbol);
  return type.isClassOrInterface() ? cx.checker.getBaseTypes(type)[0]?.symbol : undefined;
}

export function hasTypeParameters({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((node) => ts.isClassLike(node) && (node.typeParameters?.length ?? 0) > 0);
}

export function convertErrorClass(cx: Conversion, record: DeclarationRecord): void {
  const { symbol } = record;
  record.name = authoredName(symbol);
  cx.own(record, symbol.declarations![0]!, new Set(), () => {
    // A class with type parameters has no stub: what it gives its subclasses is written out in them.
    let base = baseOf(cx, symbol);
    while (base && !isRoot(cx, base) && hasTypeParameters(base)) base = baseOf(cx, base);
    const inherited = base && !isRoot(cx, base) ? base : undefined;
    const properties = propertiesOf(cx, symbol, inherited);
    const doc = docOfSymbol(symbol)?.text;
    record.schema = {
      kind: "interface",
      name: record.name,
      ...(doc !== undefined && { doc }),
      ...(inherited && { extends: [cx.errorClass(inherited)] }),
      properties,
      error: record.name,
    };
  });
}

function propertiesOf(cx: Conversion, symbol: ts.Symbol, inherited: ts.Symbol | undefined): PropertySchema[] {
  const { checker } = cx;
  const known = new Set(inherited && checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(inherited)));
  return checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).flatMap((member) => {
    const { name, flags, valueDeclaration: node } = member;
    if (!(flags & SymbolFlags.Property) || OF_ALL.has(name) || known.has(member)) return [];
    if (name.startsWith("__") || !node || isHidden(node) || hasFarcallsErrors(node.getSourceFile())) return [];
    const isOptional = (flags & SymbolFlags.Optional) !== 0;
    const convert = (): TypeSchema =>
      cx.at(stepOf(name), () =>
        cx.type(checker.getTypeOfSymbol(member), node, isOptional ? { optional: "property" } : {}),
      );
    if (!cx.findings.accepts(convert)) {
      if (!isForeign(cx, node)) {
        const message = `callers do not get ${symbol.name}.${name}: a value of its type cannot cross the wire`;
        cx.at(stepOf(name), () =>
          cx.warn(node, "dropped", message, "Give it a type that is data, or make it private."),
        );
      }
      return [];
    }
    const property: PropertySchema = { name, type: convert() };
    if (isOptional) property.optional = true;
    if (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Readonly) property.readonly = true;
    const doc = docOf(node);
    if (doc !== undefined) property.doc = doc;
    return [property];
  });
}

function isHidden(node: ts.Declaration): boolean {
  const { name } = node as ts.NamedDeclaration;
  if (name && ts.isPrivateIdentifier(name)) return true;
  // An `accessor` field has its value behind a getter.
  const flags = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Accessor;
  return (ts.getCombinedModifierFlags(node) & flags) !== 0;
}
