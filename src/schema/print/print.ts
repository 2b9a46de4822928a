/**
 * TypeSchema to TypeScript text, on one line unless documentation is asked for. Everything that farcall shows or generates from a type goes through here, so
 * it must parse back to the same type, must be fast (strings are concatenated, no intermediate tree), and must hold
 * against hostile manifests: a name that is not one is an error, never text in a program.
 */
import { isBindingName, isIdentifierName } from "../identifiers.ts";
import { SchemaError } from "../schema-error.ts";
import type {
  BuiltinType,
  Declaration,
  FunctionType,
  IndexSignature,
  MappedType,
  ObjectType,
  PrimitiveName,
  PropertySchema,
  ReferenceType,
  TemplateLiteralType,
  TupleElement,
  TypeParameterSchema,
  TypeSchema,
} from "../type-schema.ts";
import { printLiteral, printNumber, printPropertyName, printString } from "./literals.ts";
import { globalName, identifierName, labelOf, typeName } from "./names.ts";

/** How tightly a type's context binds; a type that binds less is put in parentheses. */
const LOOSE = 0;
/** The check and extends positions of a conditional type, which cannot be conditional themselves. */
const UNION = 1;
const UNION_MEMBER = 2;
const INTERSECTION_MEMBER = 3;
const POSTFIX = 4;

const PRIMITIVES: ReadonlySet<string> = new Set<PrimitiveName>(
  ["string", "number", "boolean", "bigint", "null", "undefined", "void", "unknown", "any", "never", "object", "symbol"], //
);

/** Writes documentation as a comment, each line behind the indent. */
type WriteComment = (doc: string, indent: string) => string;

/** Set while properties are printed with their documentation, which takes several lines. */
let comment: WriteComment | undefined;
let indent = "";

/**
 * Runs `print` with documentation turned on: an object type with documented properties then has a line for each, since
 * TypeScript does not see a comment on the line of the opening brace.
 */
export function printDocumented<T>(write: WriteComment, print: () => T): T {
  comment = write;
  try {
    return print();
  } finally {
    comment = undefined;
    indent = "";
  }
}

/** Throws SchemaError when the type has a name in it that is not an identifier where one is needed. */
export function printType(type: TypeSchema): string {
  return print(type, LOOSE);
}

/** `<T extends string = "a", const U>`; nothing for none. */
export function printTypeParameters(parameters: readonly TypeParameterSchema[] | undefined): string {
  if (!parameters || parameters.length === 0) return "";
  let text = "<";
  for (const parameter of parameters) {
    if (text.length > 1) text += ", ";
    if (parameter.const) text += "const ";
    text += typeName(parameter.name, "type parameter");
    if (parameter.constraint) text += ` extends ${print(parameter.constraint, LOOSE)}`;
    if (parameter.default) text += ` = ${print(parameter.default, LOOSE)}`;
  }
  return `${text}>`;
}

/** An exported declaration, without its own documentation: one line for an alias, one a member for the others. */
export function printDeclaration(declaration: Declaration): string {
  const name = typeName(declaration.name, "declaration");
  switch (declaration.kind) {
    case "alias":
      return `export type ${name}${printTypeParameters(declaration.typeParameters)} = ${print(declaration.type, LOOSE)};`;
    case "interface": {
      let text = `export interface ${name}${printTypeParameters(declaration.typeParameters)} `;
      if (declaration.extends?.length) text += `extends ${list(declaration.extends, LOOSE, ", ")} `;
      text += "{\n";
      for (const index of declaration.indexes ?? []) text += `  ${printIndex(index)};\n`;
      for (const call of declaration.calls ?? []) text += `  ${printCall(call)};\n`;
      for (const property of declaration.properties) text += `${commentOn(property)}  ${memberText(property)};\n`;
      return `${text}}`;
    }
    case "enum": {
      let text = `export ${declaration.const ? "const " : ""}enum ${name} {\n`;
      for (const member of declaration.members) {
        text += `${commentOn(member)}  ${printPropertyName(member.name)} = ${typeof member.value === "string" ? printString(member.value) : printNumber(member.value)},\n`;
      }
      return `${text}}`;
    }
  }
}

/** On lines of its own, where documentation is wanted. */
function commentOn({ doc }: { doc?: string }): string {
  return comment && doc ? `${comment(doc, "  ")}\n` : "";
}

/** An object type in it is indented as far as the member is. */
function memberText(property: PropertySchema): string {
  indent = "  ";
  const text = printProperty(property);
  indent = "";
  return text;
}

/** `readonly width?: number`, `done(): void`; an overloaded method is written several times. */
export function printProperty(property: PropertySchema): string {
  const { name } = property;
  const key = property.numeric && /^(0|[1-9]\d{0,14})$/.test(name) ? name : printPropertyName(name);
  const { type } = property;
  const optional = property.optional ? "?" : "";
  if (isMethod(type)) return `${key}${optional}${printSignature(type, ": ")}`;
  if (type.kind === "intersection" && type.members.length > 0 && type.members.every(isMethod))
    return type.members.map((each) => `${key}${optional}${printSignature(each, ": ")}`).join("; ");
  return `${property.readonly ? "readonly " : ""}${key}${optional}: ${print(type, LOOSE)}`;
}

function isMethod(type: TypeSchema): type is FunctionType {
  return type.kind === "function" && type.method === true;
}

/** `<T>(value: T): T`, `new (text: string): Date`, as a member of an object type. */
export function printCall(call: FunctionType): string {
  return `${call.constructs ? "new " : ""}${printSignature(call, ": ")}`;
}

function printSignature({ typeParameters, parameters, returns }: FunctionType, arrow: ": " | " => "): string {
  return `${printTypeParameters(typeParameters)}(${printFunctionParameters(parameters)})${arrow}${print(returns, LOOSE)}`;
}

/** `readonly [path: string]: number`. */
export function printIndex(index: IndexSignature): string {
  const key = identifierName(index.keyName ?? "key", "index signature's key");
  return `${index.readonly ? "readonly " : ""}[${isBindingName(key) ? key : `${key}_`}: ${print(index.key, LOOSE)}]: ${print(index.value, LOOSE)}`;
}

function print(type: TypeSchema, around: number): string {
  switch (type.kind) {
    case "primitive":
      if (PRIMITIVES.has(type.name)) return type.name;
      throw new SchemaError(`${JSON.stringify(type.name)} is not a primitive type`);
    case "literal":
      return printLiteral(type);
    case "templateLiteral":
      return printTemplate(type);
    case "array":
      return type.readonly
        ? enclose(`readonly ${print(type.element, POSTFIX)}[]`, INTERSECTION_MEMBER, around)
        : `${print(type.element, POSTFIX)}[]`;
    case "tuple": {
      let text = "";
      for (const element of type.elements) text += (text === "" ? "" : ", ") + printElement(element);
      return type.readonly ? enclose(`readonly [${text}]`, INTERSECTION_MEMBER, around) : `[${text}]`;
    }
    case "object":
      return printObject(type);
    case "union":
      if (type.members.length < 2) return type.members.length === 0 ? "never" : print(type.members[0]!, around);
      return enclose(list(type.members, UNION_MEMBER, " | "), UNION, around);
    case "intersection":
      if (type.members.length < 2) return type.members.length === 0 ? "unknown" : print(type.members[0]!, around);
      return enclose(list(type.members, INTERSECTION_MEMBER, " & "), UNION_MEMBER, around);
    case "reference":
      return printReference(type);
    case "global":
      return `${globalName(type.name)}${printArguments(type.typeArguments)}`;
    case "builtin":
      return printBuiltin(type);
    case "typeParameter":
      return typeName(type.name, "type parameter");
    case "keyof":
      return enclose(`keyof ${print(type.type, INTERSECTION_MEMBER)}`, INTERSECTION_MEMBER, around);
    case "indexedAccess":
      return `${print(type.object, POSTFIX)}[${print(type.index, LOOSE)}]`;
    case "mapped":
      return printMapped(type);
    case "conditional": {
      const test = type.extends;
      const text = `${print(type.check, UNION)} extends ${test.kind === "infer" ? printInfer(test.name, test.constraint) : print(test, UNION)}`;
      return enclose(`${text} ? ${print(type.whenTrue, LOOSE)} : ${print(type.whenFalse, LOOSE)}`, LOOSE, around);
    }
    case "infer":
      return enclose(
        printInfer(type.name, type.constraint),
        // A constraint takes all that follows it, and `? :` too.
        type.constraint ? LOOSE : INTERSECTION_MEMBER,
        around,
      );
    case "function": {
      const makes = type.constructs === "abstract" ? "abstract new " : type.constructs ? "new " : "";
      return enclose(makes + printSignature(type, " => "), LOOSE, around);
    }
    default:
      throw new SchemaError(`${JSON.stringify((type as { kind: unknown }).kind)} is not a kind of type`);
  }
}

function enclose(text: string, binds: number, around: number): string {
  return binds < around ? `(${text})` : text;
}

function list(types: readonly TypeSchema[], around: number, separator: string): string {
  let text = print(types[0]!, around);
  for (let at = 1; at < types.length; at++) text += separator + print(types[at]!, around);
  return text;
}

function printArguments(types: readonly TypeSchema[] | undefined): string {
  return types && types.length > 0 ? `<${list(types, LOOSE, ", ")}>` : "";
}

function printTemplate({ texts, types }: TemplateLiteralType): string {
  let text = "`";
  for (let at = 0; at < texts.length; at++) {
    // JSON's escapes are also a template's, but for the quotes, the backtick and `${`.
    text += printString(texts[at]!).slice(1, -1).replaceAll('\\"', '"').replaceAll("`", "\\`").replaceAll("${", "\\${");
    const type = types[at];
    if (type && at < texts.length - 1) text += `\${${print(type, LOOSE)}}`;
  }
  return `${text}\``;
}

function printElement(element: TupleElement): string {
  const label = element.label === undefined ? undefined : labelOf(element.label, "tuple label");
  if (element.rest) return `...${label === undefined ? "" : `${label}: `}${print(element.type, LOOSE)}`;
  if (label !== undefined) return `${label}${element.optional ? "?" : ""}: ${print(element.type, LOOSE)}`;
  return element.optional ? `${print(element.type, POSTFIX)}?` : print(element.type, LOOSE);
}

/** A function type's parameters must have names. */
function printFunctionParameters(parameters: readonly TupleElement[]): string {
  let text = "";
  for (let at = 0; at < parameters.length; at++) {
    const { label = `arg${at}`, ...element } = parameters[at]!;
    if (at > 0) text += ", ";
    // A first parameter called `this` would not be a parameter, but the type of the receiver.
    if (at === 0 && label === "this") text += `this: ${print(element.type, LOOSE)}`;
    else text += printElement({ ...element, label: isBindingName(label) ? label : `${label}_` });
  }
  return text;
}

function printObject(type: ObjectType): string {
  const { properties, indexes, calls } = type;
  if (comment && properties.some(({ doc }) => doc)) return printDocumentedObject(type, comment);
  let text = "";
  if (indexes) for (const index of indexes) text += `${text === "" ? "" : "; "}${printIndex(index)}`;
  if (calls) for (const call of calls) text += `${text === "" ? "" : "; "}${printCall(call)}`;
  for (const property of properties) text += `${text === "" ? "" : "; "}${printProperty(property)}`;
  return text === "" ? "{}" : `{ ${text} }`;
}

function printDocumentedObject({ properties, indexes = [], calls = [] }: ObjectType, write: WriteComment): string {
  const outer = indent;
  indent += "  ";
  let text = "{\n";
  for (const index of indexes) text += `${indent}${printIndex(index)};\n`;
  for (const call of calls) text += `${indent}${printCall(call)};\n`;
  for (const property of properties) {
    if (property.doc) text += `${write(property.doc, indent)}\n`;
    text += `${indent}${printProperty(property)};\n`;
  }
  indent = outer;
  return `${text}${indent}}`;
}

function printReference(type: ReferenceType): string {
  const name = typeName(type.name, "reference");
  if (type.member === undefined) return name + printArguments(type.typeArguments);
  // A member whose name is not an identifier can be reached only through the enum's value.
  return isIdentifierName(type.member) ? `${name}.${type.member}` : `(typeof ${name})[${printString(type.member)}]`;
}

/** How many type parameters these have, none of which has a default. */
const ARITY: { readonly [name: string]: number | undefined } = { Map: 2, ReadonlyMap: 2, Set: 1, ReadonlySet: 1 };

function printBuiltin(type: BuiltinType): string {
  const given = type.typeArguments ?? [];
  const missing = (ARITY[type.name] ?? 0) - given.length;
  const name = typeName(type.name, "built-in type");
  if (missing <= 0) return name + printArguments(given);
  return name + printArguments([...given, ...Array<TypeSchema>(missing).fill({ kind: "primitive", name: "unknown" })]);
}

function printMapped(type: MappedType): string {
  let text = type.readonly === "add" ? "{ readonly [" : type.readonly === "remove" ? "{ -readonly [" : "{ [";
  text += `${typeName(type.parameter, "mapped type's parameter")} in ${print(type.constraint, LOOSE)}`;
  if (type.nameType) text += ` as ${print(type.nameType, LOOSE)}`;
  text += type.optional === "add" ? "]?: " : type.optional === "remove" ? "]-?: " : "]: ";
  return `${text}${print(type.type, LOOSE)} }`;
}

function printInfer(name: string, constraint: TypeSchema | undefined): string {
  const text = `infer ${typeName(name, "inferred type")}`;
  return constraint ? `${text} extends ${print(constraint, UNION)}` : text;
}

/** The type with `undefined` in it. */
export function printOrUndefined(type: TypeSchema): string {
  if (type.kind === "primitive" && (type.name === "undefined" || type.name === "unknown" || type.name === "any")) {
    return type.name;
  }
  const has =
    type.kind === "union" && type.members.some((item) => item.kind === "primitive" && item.name === "undefined");
  return has ? print(type, LOOSE) : `${print(type, UNION)} | undefined`;
}
