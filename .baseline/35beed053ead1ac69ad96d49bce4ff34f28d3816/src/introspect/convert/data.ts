/** Which interfaces and classes are plain data, and what makes the others more than that. */
import { ts } from "ts-morph";
import type { Conversion } from "./conversion.ts";
import { isMethodOfAll, propertyName } from "./keys.ts";
import { globalOrigin } from "./symbols.ts";

const { SymbolFlags } = ts;

/** The first member, own or inherited, that makes an interface more than data; "" for a call signature. */
export function behaviourOf(cx: Conversion, symbol: ts.Symbol): string | undefined {
  const own = [...(symbol.members?.values() ?? [])].find((member) => !isDataMember(member, false));
  if (own) return own.flags & SymbolFlags.Signature ? "" : nameOfMember(own);
  const type = cx.checker.getDeclaredTypeOfSymbol(symbol);
  for (const base of type.isClassOrInterface() ? cx.checker.getBaseTypes(type) : []) {
    if (isDataBase(cx, base)) continue;
    const found = cx.checker.getPropertiesOfType(base).find((member) => !isDataMember(member, false));
    return found ? nameOfMember(found) : "";
  }
  return undefined;
}

/** `Symbol.iterator` has a name of the compiler's own, with an underscore more. */
function nameOfMember({ escapedName }: ts.Symbol): string {
  const name = ts.unescapeLeadingUnderscores(escapedName);
  return name.startsWith("__@") ? `[Symbol.${name.slice(3).replace(/@\d+$/, "")}]` : name;
}

/** Not written by the author of the app. */
export function isForeign(cx: Conversion, node: ts.Node): boolean {
  const file = node.getSourceFile();
  return (
    cx.program.isSourceFileFromExternalLibrary(file) ||
    cx.program.isSourceFileDefaultLibrary(file) ||
    file.isDeclarationFile
  );
}

const data = new WeakMap<ts.Symbol, boolean>();

/** Whether an interface or class has no methods and nothing hidden of its own, nor inherits any. */
export function isData(cx: Conversion, symbol: ts.Symbol): boolean {
  let result = data.get(symbol);
  if (result === undefined) {
    data.set(symbol, true); // of what contains itself, the rest decides
    const isClass = (symbol.flags & SymbolFlags.Class) !== 0;
    const type = cx.checker.getDeclaredTypeOfSymbol(symbol);
    result =
      isDataMembers([...(symbol.members?.values() ?? [])], isClass) &&
      (!type.isClassOrInterface() || cx.checker.getBaseTypes(type).every((base) => isDataBase(cx, base)));
    data.set(symbol, result);
  }
  return result;
}

/** Whether an interface has a member of its own that only a symbol names, as `Disposable` has. */
export function hasSymbolKey(cx: Conversion, { declarations = [] }: ts.Symbol): boolean {
  return declarations.some(
    (node) =>
      ts.isInterfaceDeclaration(node) &&
      node.members.some(({ name }) => name && ts.isComputedPropertyName(name) && propertyName(cx, name) === undefined),
  );
}

function isDataMembers(members: readonly ts.Symbol[], isClass: boolean): boolean {
  if (!isClass && members.every(({ name, flags }) => flags & SymbolFlags.Method && isMethodOfAll(name))) return true;
  return members.every((member) => isDataMember(member, isClass));
}

/** Arrays and errors have methods, and are carried with these. */
function isDataBase(cx: Conversion, base: ts.Type): boolean {
  const { symbol } = base;
  if (symbol && globalOrigin(cx, symbol) && /^(Readonly)?Array$|Error$/.test(symbol.name)) return true;
  const target = (base as ts.TypeReference).target ?? base;
  if (target.isClassOrInterface()) return isData(cx, target.symbol);
  return (
    base.getCallSignatures().length + base.getConstructSignatures().length === 0 &&
    cx.checker.getPropertiesOfType(base).every((member) => isDataMember(member, false))
  );
}

function isDataMember({ flags, name, valueDeclaration: node }: ts.Symbol, isClass: boolean): boolean {
  if (flags & SymbolFlags.Method || name.startsWith("__@")) return false;
  if (flags & SymbolFlags.Signature) return name !== "__call" && name !== "__new";
  if (isClass && flags & SymbolFlags.Accessor) return false;
  if (!node) return true;
  if (ts.isPropertyDeclaration(node) && ts.isPrivateIdentifier(node.name)) return false;
  const isHidden = ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
  return !isHidden && !(ts.isPropertySignature(node) && node.type && ts.isFunctionTypeNode(node.type));
}
