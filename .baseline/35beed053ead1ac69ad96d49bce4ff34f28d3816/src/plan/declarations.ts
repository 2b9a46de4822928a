/**
 * Declarations as templates see them: printed, member by member, with their documentation.
 *
 * An enum becomes a const object, a type of the same name and a namespace of types. It is usable as a value and as a type
 * (`Color.Red` in both), has no code that type stripping cannot remove, and accepts the author's own enum. The types are those
 * of the values, since TypeScript never considers two enums the same type, even if they are equal in every respect.
 */
import {
  type CodecReference,
  type Declaration,
  type EnumDeclaration,
  isIdentifierName,
  isTypeName,
  printCall,
  printIndex,
  printProperty,
  printPropertyName,
  printString,
  printType,
  printTypeParameters,
} from "../schema/index.ts";
import { Scope } from "./names.ts";
import { markUnused } from "./references.ts";

export type DeclarationPlan = InterfacePlan | AliasPlan | EnumPlan;

interface DeclarationBase {
  name: string;
  doc?: string;
}

export interface InterfacePlan extends DeclarationBase {
  kind: "interface";
  /** `Page<T> extends Base`. */
  head: string;
  members: MemberPlan[];
}

export interface AliasPlan extends DeclarationBase {
  kind: "alias";
  /** `Result<T>`. */
  head: string;
  /** The type on one line; absent for an object, whose members can have documentation. */
  type?: string;
  members?: MemberPlan[];
}

export interface MemberPlan {
  /** `readonly width?: number`. */
  text: string;
  doc?: string;
}

export interface EnumPlan extends DeclarationBase {
  kind: "enum";
  members: EnumMemberPlan[];
  /** A numeric enum's values mapped to names, as in TypeScript's enums: `0: "Red"`. */
  reverse: { key: string; value: string }[];
  /** The enum's type: `Color.Red | Color.Green`. */
  type: string;
}

export interface EnumMemberPlan {
  name: string;
  /** As a property: `Red`, `"dark-red"`. */
  key: string;
  value: string;
  /** Name of its type in the enum's namespace; absent when a type there cannot have its name. */
  typeName?: string;
  /** `typeName` stands in for a word that cannot be a type's name there: `export { delete_ as delete }`. */
  isReserved?: true;
  doc?: string;
}

/**
 * Throws SchemaError on an invalid name.
 * @param runtime the package that the file imports
 */
export function planDeclaration(declaration: Declaration, runtime: string): DeclarationPlan {
  const { name } = declaration;
  const base = { name, ...(declaration.doc && { doc: declaration.doc }) };
  switch (declaration.kind) {
    case "interface": {
      const parents = declaration.extends?.length ? ` extends ${declaration.extends.map(printType).join(", ")}` : "";
      return { ...base, kind: "interface", head: head(declaration) + parents, members: planMembers(declaration) };
    }
    case "alias": {
      const { type, codec } = declaration;
      if (codec) return { ...base, kind: "alias", head: head(declaration), type: importedType(codec, runtime) };
      const isObject =
        type.kind === "object" && !type.calls && type.properties.length + (type.indexes?.length ?? 0) > 0;
      return {
        ...base,
        kind: "alias",
        head: head(declaration),
        ...(isObject ? { members: planMembers(type) } : { type: printType(type) }),
      };
    }
    case "enum":
      return { ...base, kind: "enum", ...planEnum(declaration) };
  }
}

/** A type that crosses by a codec is imported; Temporal's is whatever the consumer's compiler has for it. */
function importedType({ name, from, exported = name }: CodecReference, runtime: string): string {
  return from === undefined
    ? `import(${printString(runtime)}).${name.replace(".", "")}`
    : `import(${printString(from)}).${exported}`;
}

function head(declaration: Extract<Declaration, { kind: "interface" | "alias" }>): string {
  const { name, typeParameters = [], doc, ...members } = declaration;
  // Printed as a reference first, which checks that the name is valid.
  return (
    printType({ kind: "reference", name }) + printTypeParameters(markUnused(typeParameters, Object.values(members)))
  );
}

export function planMembers({
  properties,
  indexes = [],
  calls = [],
}: Pick<Extract<Declaration, { kind: "interface" }>, "properties" | "indexes" | "calls">): MemberPlan[] {
  const members: MemberPlan[] = [];
  for (const index of indexes) members.push({ text: printIndex(index) });
  for (const call of calls) members.push({ text: printCall(call) });
  for (const property of properties) {
    const { doc } = property;
    const printed = printProperty(property);
    // Types of several lines are one level deeper here.
    const text = printed.includes("\n") ? printed.replaceAll("\n", "\n  ") : printed;
    members.push(doc ? { text, doc } : { text });
  }
  return members;
}

function planEnum(declaration: EnumDeclaration): Omit<EnumPlan, keyof DeclarationBase | "kind"> {
  const name = printType({ kind: "reference", name: declaration.name });
  const literal = (value: string | number) => printType({ kind: "literal", value });
  const typeNames = new Scope(declaration.members.map((member) => member.name));
  const members = declaration.members.map((member): EnumMemberPlan => {
    const isName = isIdentifierName(member.name);
    // Compilers do not parse `export type as` as a type declaration; outside a namespace, `export declare type as` works.
    const isReserved = isName && (!isTypeName(member.name) || member.name === "as");
    return {
      name: member.name,
      // Written as a plain key, it would set the object's prototype.
      key: member.name === "__proto__" ? '["__proto__"]' : printPropertyName(member.name),
      value: literal(member.value),
      ...(isName && { typeName: isReserved ? typeNames.claim(`${member.name}_`) : member.name }),
      ...(isReserved && { isReserved: true }),
      ...(member.doc && { doc: member.doc }),
    };
  });
  const names = new Set(declaration.members.map((member) => member.name));
  const reverse = new Map<string, string>();
  if (!declaration.const) {
    for (const member of declaration.members) {
      if (typeof member.value === "number" && !names.has(String(member.value)))
        reverse.set(String(member.value), printString(member.name));
    }
  }
  return {
    members,
    reverse: [...reverse].map(([key, value]) => ({ key: /^\d+$/.test(key) ? key : printString(key), value })),
    type: members.map((member) => printType({ kind: "reference", name, member: member.name })).join(" | ") || "never",
  };
}
