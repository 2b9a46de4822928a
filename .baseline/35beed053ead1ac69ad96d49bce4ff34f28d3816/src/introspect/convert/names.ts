/** Uses of named types: which stay a name, which are resolved to what they stand for, which cannot cross the wire. */
import { ts } from "ts-morph";
import type { BuiltinName, GlobalType, TypeSchema } from "../../schema/index.ts";
import { parentOf } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { hasSymbolKey, isData, isForeign } from "./data.ts";
import { BUILTINS, KEPT_ALIASES, REFUSED_GLOBALS } from "./globals.ts";
import { refuseUnnamed, refuseUnwritable } from "./refusals.ts";
import {
  type GlobalOrigin,
  globalOrigin,
  isComputed,
  isEnclosedByTypeParameters,
  isOpen,
  qualifiedName,
} from "./symbols.ts";
import { convertTypeParameter } from "./type-parameters.ts";

/** A use of a named type, as written or as the checker has it. */
export interface NamedUse {
  symbol: ts.Symbol;
  /** How many type arguments there are, and how to convert them. */
  count: number;
  argument(index: number): TypeSchema;
  type(): ts.Type;
  /** Depends on a type parameter from outside. */
  isOpen(): boolean;
  node: ts.Node | undefined;
}

/** A use as it is written. */
export function convertName(cx: Conversion, symbol: ts.Symbol | undefined, node: ts.NodeWithTypeArguments): TypeSchema {
  const nodes = node.typeArguments ?? [];
  const use = (of: ts.Symbol): NamedUse => ({
    symbol: of,
    count: nodes.length,
    argument: (index) => cx.node(nodes[index]!),
    type: () => cx.checker.getTypeFromTypeNode(node),
    isOpen: () => isOpen(cx, node),
    node,
  });
  if (!symbol) {
    return node.pos < 0 ? refuseUnwritable(cx, node) : cx.type(cx.checker.getTypeFromTypeNode(node), node);
  }
  if (symbol.flags & ts.SymbolFlags.TypeParameter) return convertTypeParameter(cx, symbol, node);
  return convertNamed(cx, use(symbol));
}

/** In a package whose types lack something, which skipLibCheck hides; the author's compiler takes it for `any`. */
function convertUnknown(cx: Conversion, name: string, node: ts.Node | undefined): TypeSchema {
  if (!cx.isDescribing) {
    cx.warn(
      node,
      "missing",
      `the compiler does not find the type ${name} and takes it for \`any\``,
      "Install the package that declares it.",
    );
  }
  return { kind: "primitive", name: "any" };
}

export function convertNamed(cx: Conversion, use: NamedUse): TypeSchema {
  const { symbol } = use;
  if (!symbol.declarations) return convertUnknown(cx, symbol.name, use.node);
  const custom = cx.custom(symbol);
  if (custom) return custom;
  if (symbol.flags & ts.SymbolFlags.Enum) return cx.reference(symbol);
  if (symbol.flags & ts.SymbolFlags.EnumMember) return convertEnumMember(cx, symbol);
  const origin = globalOrigin(cx, symbol);
  if (origin) return convertGlobal(cx, use, origin);
  if (symbol.flags & ts.SymbolFlags.TypeAlias) return convertAlias(cx, use);
  if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) return convertDeclared(cx, use);
  return cx.type(use.type(), use.node);
}

export function convertEnumMember(cx: Conversion, symbol: ts.Symbol): TypeSchema {
  const parent = parentOf(symbol)!; // a member has its enum
  const declared = cx.checker.getDeclaredTypeOfSymbol(parent);
  // The only member is the whole enum to the compiler.
  return cx.reference(parent, [], declared.isUnion() ? symbol.name : undefined);
}

/** An interface or class of the app or a package. */
function convertDeclared(cx: Conversion, use: NamedUse): TypeSchema {
  const reference = (): TypeSchema => cx.reference(use.symbol, allArguments(use));
  // Written out member by member, a class with behaviour would look like data.
  const isBehaviour = use.symbol.flags & ts.SymbolFlags.Class && !isData(cx, use.symbol);
  if (use.count === 0 || use.isOpen() || isBehaviour) return reference();
  return cx.findings.preferring(reference, () => cx.type(use.type(), use.node, { expanded: true }));
}

function convertAlias(cx: Conversion, use: NamedUse): TypeSchema {
  const { symbol } = use;
  const isGeneric = symbol.declarations?.some((node) => ts.isTypeAliasDeclaration(node) && node.typeParameters?.length);
  const named = (): TypeSchema => cx.reference(symbol, allArguments(use));
  if (isEnclosedByTypeParameters(symbol)) return expand(cx, use, named);
  if (!isGeneric || use.isOpen()) return named();
  const expanded = (): TypeSchema => expand(cx, use, named);
  return isComputed(cx, symbol) ? expanded() : cx.findings.preferring(named, expanded);
}

/** What an alias stands for, written out; by its name where that has no end. */
function expand(cx: Conversion, { symbol: alias, node, type }: NamedUse, named: () => TypeSchema): TypeSchema {
  const stands = type();
  // By a package's name for it, it may be an object of the package's own, of which the author's data is only an inference.
  const orUnnamed = (): TypeSchema =>
    cx.findings.unless(
      ({ node: place, reason }) => isForeign(cx, place) || reason === "unnamed",
      named,
      () => refuseUnnamed(cx, node),
    );
  return cx.expansions.expand(alias, stands, cx, orUnnamed, () => cx.type(stands, node, { opaque: alias }));
}

function allArguments(use: NamedUse): TypeSchema[] {
  return Array.from({ length: use.count }, (_, index) => use.argument(index));
}

// ---- globals ------------------------------------------------------------------------------------------------------

function convertGlobal(cx: Conversion, use: NamedUse, origin: GlobalOrigin): TypeSchema {
  const { symbol } = use;
  const name = qualifiedName(symbol);
  const global = (): GlobalType => ({ kind: "global", name, typeArguments: globalArguments(cx, name, use) });
  if (symbol.flags & ts.SymbolFlags.TypeAlias) {
    if (use.isOpen() || (cx.isDescribing && name === "PropertyKey")) return global();
    const resolved = (): TypeSchema => expand(cx, use, global);
    if (!KEPT_ALIASES.has(name)) return resolved();
    const [only] = use.type().aliasTypeArguments ?? [];
    if (!isBuiltin(cx, only)) return cx.findings.preferring(global, resolved);
    // A part of a class that the codec carries, with methods in it, is an ordinary object with methods.
    const part = (): TypeSchema =>
      PARTS.has(name) && !cx.findings.accepts(resolved) ? resolved() : cx.findings.preferring(global, resolved);
    // Of what crosses whole, only the methods would be readonly.
    return name === "Readonly" ? cx.findings.preferring(part, () => cx.type(only!, use.node)) : part();
  }
  if (name === "Array" || name === "ReadonlyArray") {
    const element = cx.at("[]", () => use.argument(0));
    return name === "Array" ? { kind: "array", element } : { kind: "array", element, readonly: true };
  }
  if (isBuiltinName(symbol, origin)) {
    const typeArguments = globalArguments(cx, name, use);
    const builtin = symbol.name as BuiltinName; // just looked up
    return typeArguments.length > 0
      ? { kind: "builtin", name: builtin, typeArguments }
      : { kind: "builtin", name: builtin };
  }
  if (name === "Iterable" || (cx.isDescribing && origin === "language")) return global();
  if (cx.isDescribing && !isData(cx, symbol)) {
    return cx.refuse(
      use.node,
      "platform",
      `${name} is declared by the types of Node or of the browser, which callers may not have`,
      "Use an interface of your own with the members that matter.",
    );
  }
  const refused =
    REFUSED_GLOBALS.get(symbol.name) ?? (isStream(symbol) ? REFUSED_GLOBALS.get("ReadableStream") : undefined);
  if (refused) {
    const message = `${symbol.name} is ${refused.what}: it cannot cross the wire`;
    return cx.refuseValue(use.node, refused.reason, message, refused.hint, cx.describe(global));
  }
  // What every consumer's compiler knows stays a name; what needs the browser's or Node's types is carried over.
  if (origin === "language" && isData(cx, symbol) && !hasSymbolKey(cx, symbol)) return global();
  return convertDeclared(cx, use);
}

/** Global aliases of an object type's properties, of which the value need not be whole. */
const PARTS: ReadonlySet<string> = new Set(["Pick", "Omit", "Partial"]);

/** A class of Node's `url` and `buffer` modules is the global one. */
function isBuiltinName(symbol: ts.Symbol, origin: GlobalOrigin): boolean {
  return BUILTINS.has(symbol.name) && (qualifiedName(symbol) === symbol.name || origin === "platform");
}

function isBuiltin(cx: Conversion, type: ts.Type | undefined): boolean {
  const origin = type?.symbol && globalOrigin(cx, type.symbol);
  return origin !== undefined && isBuiltinName(type!.symbol, origin);
}

/** Keys describe; values cross. */
function globalArguments(cx: Conversion, name: string, use: NamedUse): TypeSchema[] {
  return Array.from({ length: use.count }, (_, index) => {
    if (name === "Record")
      return index === 0 ? cx.describe(() => use.argument(0)) : cx.at("[key]", () => use.argument(1));
    if (name === "Map" || name === "ReadonlyMap")
      return cx.at(index === 0 ? "[key]" : "[value]", () => use.argument(index));
    if (name === "Set" || name === "ReadonlySet") return cx.at("[]", () => use.argument(index));
    if (index > 0) return cx.describe(() => use.argument(index));
    return use.argument(index);
  });
}

function isStream({ name }: ts.Symbol): boolean {
  return /^(Readable|Writable|Duplex|Transform|PassThrough|.*Stream)$/.test(name);
}
