/** Named types that functions use: interfaces, aliases, enums, and classes that are plain data. */
import { basename } from "node:path";
import { ts } from "ts-morph";
import type {
  Declaration,
  EnumDeclaration,
  FunctionType,
  IndexSignature,
  InterfaceDeclaration,
  PropertySchema,
  TypeParameterSchema,
  TypeSchema,
} from "../../schema/index.ts";
import { docOf, splitFunctionDoc } from "../source/docs.ts";
import type { Conversion, DeclarationRecord } from "./conversion.ts";
import { FUNCTION_REFUSED } from "./globals.ts";
import {
  callsOfMembers,
  hasModifier,
  indexesOfMembers,
  isMethodOfAll,
  membersOfType,
  propertiesOfMembers,
  propertyName,
  refuseSymbolKey,
  stepOf,
  typeOfMember,
} from "./members.ts";
import { convertNode } from "./nodes.ts";
import { globalOrigin, typeParameterSymbols } from "./symbols.ts";
import { isExact, orUndefined } from "./types.ts";

const { SymbolFlags } = ts;

/** The declaration of a symbol, converted when it is first met. */
export function recordOf(cx: Conversion, symbol: ts.Symbol): DeclarationRecord {
  const known = cx.records.get(symbol);
  if (known) return known;
  const record: DeclarationRecord = {
    symbol,
    name: authoredName(symbol),
    references: [],
    refusals: [],
    uses: [],
    schema: undefined,
  };
  cx.records.set(symbol, record);
  const parameters = typeParametersOf(symbol);
  const scope = scopeOf(cx, symbol);
  // Each anonymous type and alias is followed from here anew.
  const expanding = cx.expanding.splice(0);
  const { body } = cx;
  cx.body = undefined;
  cx.own(record, symbol.declarations![0]!, scope, () => {
    record.schema = convertDeclaration(cx, symbol, record.name, parameters);
  });
  cx.expanding.push(...expanding);
  cx.body = body;
  return record;
}

function scopeOf(cx: Conversion, symbol: ts.Symbol): Set<ts.Symbol> {
  return new Set(
    (symbol.declarations ?? []).flatMap((node) =>
      typeParameterSymbols(
        cx.checker,
        (node as { typeParameters?: ts.NodeArray<ts.TypeParameterDeclaration> }).typeParameters,
      ),
    ),
  );
}

function authoredName(symbol: ts.Symbol): string {
  if (symbol.name !== "default" && !symbol.name.startsWith("__")) return symbol.name;
  for (const node of symbol.declarations ?? []) {
    const name = ts.getNameOfDeclaration(node as ts.Declaration);
    if (name && ts.isIdentifier(name)) return name.text;
  }
  // A class without a name, exported as default: its file has one.
  const file = basename(symbol.declarations?.[0]?.getSourceFile().fileName ?? "Type").replace(/\.[^.]*$/, "");
  const words = file.replace(/[^\p{ID_Continue}]+(.)?/gu, (_, next: string | undefined) => next?.toUpperCase() ?? "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function typeParametersOf(symbol: ts.Symbol): ts.NodeArray<ts.TypeParameterDeclaration> | undefined {
  for (const node of symbol.declarations ?? []) {
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassLike(node)) {
      if (node.typeParameters) return node.typeParameters;
    }
  }
  return undefined;
}

function convertDeclaration(
  cx: Conversion,
  symbol: ts.Symbol,
  name: string,
  parameters: ts.NodeArray<ts.TypeParameterDeclaration> | undefined,
): Declaration {
  const doc = docOfSymbol(symbol);
  const typeParameters = convertTypeParameters(cx, parameters, doc?.typeParameters);
  const generic = typeParameters.length > 0 ? { typeParameters } : {};
  const common = { name, ...(doc?.text === undefined ? {} : { doc: doc.text }) };
  if (symbol.flags & SymbolFlags.Enum) return { kind: "enum", ...common, ...convertEnum(cx, symbol) };
  if (symbol.flags & SymbolFlags.TypeAlias) {
    const node = symbol.declarations!.find(ts.isTypeAliasDeclaration)!; // the flag says that there is one
    return { kind: "alias", ...common, ...generic, type: convertAliasBody(cx, symbol, node) };
  }
  return { kind: "interface", ...common, ...generic, ...convertShape(cx, symbol) };
}

function convertAliasBody(cx: Conversion, symbol: ts.Symbol, node: ts.TypeAliasDeclaration): TypeSchema {
  // What is resolved is a type that has this very alias as its name: that once, what it stands for is wanted.
  const isWritten =
    ts.isUnionTypeNode(node.type) || ts.isIntersectionTypeNode(node.type) || ts.isTypeLiteralNode(node.type);
  cx.body = isWritten ? undefined : cx.checker.getDeclaredTypeOfSymbol(symbol);
  const body = convertNode(cx, node.type);
  cx.body = undefined;
  return body;
}

function docOfSymbol(symbol: ts.Symbol): ReturnType<typeof splitFunctionDoc> | undefined {
  for (const node of symbol.declarations ?? []) {
    const doc = docOf(node);
    if (doc !== undefined) return splitFunctionDoc(doc);
  }
  return undefined;
}

export function convertTypeParameters(
  cx: Conversion,
  nodes: readonly ts.TypeParameterDeclaration[] | undefined,
  docs?: ReadonlyMap<string, string>,
): TypeParameterSchema[] {
  return (nodes ?? []).map((node) => {
    const parameter: TypeParameterSchema = { name: node.name.text };
    if (node.constraint) parameter.constraint = cx.describe(() => convertNode(cx, node.constraint!));
    if (node.default) parameter.default = convertNode(cx, node.default);
    if (hasModifier(node, ts.SyntaxKind.ConstKeyword)) parameter.const = true;
    const doc = docs?.get(node.name.text);
    if (doc) parameter.doc = doc;
    return parameter;
  });
}

// ---- enums --------------------------------------------------------------------------------------------------------

function convertEnum(cx: Conversion, symbol: ts.Symbol): Pick<EnumDeclaration, "const" | "members"> {
  const members: EnumDeclaration["members"] = [];
  let isConst = false;
  for (const node of symbol.declarations ?? []) {
    if (!ts.isEnumDeclaration(node)) continue;
    isConst ||= hasModifier(node, ts.SyntaxKind.ConstKeyword);
    for (const member of node.members) {
      const name = propertyName(cx, member.name) ?? "";
      const value = cx.checker.getConstantValue(member);
      if (value === undefined) {
        cx.at(stepOf(name), () =>
          cx.refuse(
            member,
            "enum",
            "this enum member's value is computed when the program runs",
            "give it a literal value",
          ),
        );
        continue;
      }
      const doc = docOf(member);
      members.push(doc === undefined ? { name, value } : { name, value, doc });
    }
  }
  return isConst ? { const: true, members } : { members };
}

// ---- interfaces and classes ----------------------------------------------------------------------------------------

type Shape = Pick<InterfaceDeclaration, "extends" | "properties" | "indexes" | "calls">;

function convertShape(cx: Conversion, symbol: ts.Symbol): Shape {
  const nodes = (symbol.declarations ?? []).filter(
    (node): node is ShapeNode => ts.isInterfaceDeclaration(node) || ts.isClassLike(node),
  );
  if (isForeign(cx, nodes[0]!) && !isData(cx, symbol)) {
    refuseBehaviour(cx, symbol, nodes);
    return { properties: [] };
  }
  return convertMembers(cx, symbol, nodes);
}

type ShapeNode = ts.InterfaceDeclaration | ts.ClassLikeDeclaration;

/** Told once for a package's type, not for each of its methods. */
function refuseBehaviour(cx: Conversion, symbol: ts.Symbol, nodes: readonly ShapeNode[]): void {
  const hint = "pass the data in it, as an interface of your own";
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
  const record = recordOf(cx, symbol);
  record.complete = () => {
    delete record.complete;
    const { schema } = record;
    const scope = scopeOf(cx, symbol);
    if (schema) cx.own(record, nodes[0]!, scope, () => Object.assign(schema, convertMembers(cx, symbol, nodes)));
  };
}

const NEVER: TypeSchema = { kind: "primitive", name: "never" };

/** The first member, own or inherited, that makes an interface more than data; "" for a call signature. */
function behaviourOf(cx: Conversion, symbol: ts.Symbol): string | undefined {
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

function convertMembers(cx: Conversion, symbol: ts.Symbol, nodes: readonly ShapeNode[]): Shape {
  const bases: TypeSchema[] = [];
  let isFlat = false;
  for (const heritage of nodes.flatMap(({ heritageClauses = [] }) => [...heritageClauses])) {
    if (heritage.token !== ts.SyntaxKind.ExtendsKeyword) continue;
    for (const node of heritage.types) {
      const base = asBase(cx, convertNode(cx, node));
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

/** What an interface can extend by name. */
function asBase(cx: Conversion, type: TypeSchema): TypeSchema | undefined {
  if (type.kind === "reference" || type.kind === "global") return type;
  if (type.kind === "builtin") {
    if (!/Error$/.test(type.name)) {
      cx.refuse(
        undefined,
        "class",
        `what extends ${type.name} loses its class on the wire`,
        `hold the ${type.name} in a property`,
      );
    }
    return { kind: "global", name: type.name, typeArguments: type.typeArguments ?? [] };
  }
  if (type.kind === "array") {
    return { kind: "global", name: type.readonly ? "ReadonlyArray" : "Array", typeArguments: [type.element] };
  }
  return undefined;
}

/** The public fields of a class that has nothing else. */
function propertiesOfClass(cx: Conversion, node: ts.ClassLikeDeclaration): PropertySchema[] {
  const name = node.name?.text ?? "this class";
  const properties: PropertySchema[] = [];
  const add = (field: ts.PropertyDeclaration | ts.ParameterDeclaration): void => {
    const key = ts.isParameter(field)
      ? ts.isIdentifier(field.name)
        ? field.name.text
        : undefined
      : propertyName(cx, field.name);
    if (key === undefined) {
      refuseSymbolKey(cx, field);
      return;
    }
    const type = cx.at(stepOf(key), () => typeOfMember(cx, field));
    const property: PropertySchema = { name: key, type };
    // A parameter that is left out is undefined, and so is its property then.
    if (ts.isParameter(field) && field.questionToken && isExact(cx)) property.type = orUndefined(type);
    // Inside, a parameter with a default is never undefined.
    if (field.questionToken) property.optional = true;
    if (hasModifier(field, ts.SyntaxKind.ReadonlyKeyword)) property.readonly = true;
    const doc = docOf(field);
    if (doc !== undefined) property.doc = doc;
    properties.push(property);
  };
  for (const member of node.members) {
    if (ts.isConstructorDeclaration(member)) {
      for (const parameter of member.parameters) {
        if (!ts.isParameterPropertyDeclaration(parameter, member)) continue;
        if (isHidden(parameter)) refuseHidden(cx, parameter, name);
        else add(parameter);
      }
      continue;
    }
    if (hasModifier(member, ts.SyntaxKind.StaticKeyword) || ts.isClassStaticBlockDeclaration(member)) continue;
    if (ts.isSemicolonClassElement(member)) continue;
    if (isHidden(member)) refuseHidden(cx, member, name);
    else if (ts.isPropertyDeclaration(member)) add(member);
    else if (ts.isIndexSignatureDeclaration(member)) {
      cx.refuse(member, "class", `${name} is a class with an index signature`, "declare it as an interface");
    } else {
      cx.refuse(
        member,
        "class",
        `${name} is a class with behaviour: its instances lose it on the wire`,
        "declare an interface with its fields, or turn methods into functions that take it",
      );
    }
  }
  return properties;
}

function isHidden(node: ts.ClassElement | ts.ParameterDeclaration): boolean {
  return (
    hasModifier(node, ts.SyntaxKind.PrivateKeyword) ||
    hasModifier(node, ts.SyntaxKind.ProtectedKeyword) ||
    (node.name !== undefined && ts.isPrivateIdentifier(node.name))
  );
}

function refuseHidden(cx: Conversion, node: ts.Node, name: string): void {
  cx.refuse(
    node,
    "class",
    `${name} is a class with private or protected members, which callers cannot know`,
    "declare an interface with its public fields",
  );
}

function isForeign(cx: Conversion, node: ts.Node): boolean {
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
  const isHidden = ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
  return !isHidden && !(ts.isPropertySignature(node) && node.type && ts.isFunctionTypeNode(node.type));
}
