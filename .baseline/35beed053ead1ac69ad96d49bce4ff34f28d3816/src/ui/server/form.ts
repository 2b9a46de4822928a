/** From a signature's types to the fields of a form. What no field suits is written as JSON. */
import {
  type CallSignature,
  type Declaration,
  declarationsByName,
  docParts,
  docTags,
  expand,
  isBinary,
  isOptional,
  type LiteralType,
  type PropertySchema,
  printType,
  type TypeSchema,
} from "../../schema/index.ts";
import type { Field, Form, FormParameter, Tagged } from "../api.ts";
import { literalValue } from "./defaults.ts";

/** A type may unfold without end through its type arguments. */
const MAX_FIELDS = 400;
const MAX_TYPE_TEXT = 160;

type Kind = Field extends infer F ? (F extends { type: string } ? Omit<F, "type"> : never) : never;
type Choice = { label: string; value: Tagged };

/** @param label of the signature, where a function has several */
export function formOf(signature: CallSignature, declarations: readonly Declaration[], label: string): Form {
  const fields = new Fields(declarations);
  const parameters = signature.parameters.map((parameter): FormParameter => {
    const optional = isOptional(parameter);
    const { default: text } = parameter;
    const field = fields.of(optional ? withoutUndefined(parameter.type) : parameter.type);
    const initial = text === undefined ? undefined : literalValue(text, fields.all[field]!);
    return {
      name: parameter.name,
      doc: parameter.doc ?? "",
      field,
      optional,
      rest: parameter.rest === true,
      schema: parameter.type,
      ...(text !== undefined && { default: text }),
      ...(initial !== undefined && { initial }),
    };
  });
  return { label, parameters, fields: fields.all };
}

class Fields {
  readonly all: Field[] = [];
  readonly #declarations: ReturnType<typeof declarationsByName>;
  readonly #known = new Map<string, number>();

  constructor(declarations: readonly Declaration[]) {
    this.#declarations = declarationsByName(declarations);
  }

  of(type: TypeSchema): number {
    const key = JSON.stringify(type);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const at = this.all.length;
    const text = printType(type);
    const field: Field = {
      type: text.length > MAX_TYPE_TEXT ? `${text.slice(0, MAX_TYPE_TEXT)}…` : text,
      kind: "json",
      schema: type,
    };
    this.all.push(field);
    this.#known.set(key, at);
    if (at < MAX_FIELDS) Object.assign(field, this.#kind(type));
    return at;
  }

  #kind(type: TypeSchema): Kind {
    const json: Kind = { kind: "json", schema: type };
    switch (type.kind) {
      case "primitive":
        if (type.name === "string") return { kind: "text" };
        if (type.name === "number" || type.name === "bigint" || type.name === "boolean") return { kind: type.name };
        if (type.name === "null") return { kind: "constant", value: null };
        if (type.name === "undefined" || type.name === "void") return { kind: "constant", value: { $: "undefined" } };
        return json;
      case "literal":
        return { kind: "constant", value: literal(type.value) };
      case "templateLiteral":
        return { kind: "text" };
      case "array":
        return { kind: "array", item: this.of(type.element) };
      case "tuple":
        return this.#tuple(type) ?? json;
      case "object":
        return this.#object(type.properties, type.indexes?.[0]?.value);
      case "union":
        return this.#union(type);
      case "intersection":
        return this.#intersection(type) ?? json;
      case "reference": {
        const choices = this.#choices(type);
        if (choices) return { kind: "select", options: choices };
        const behind = expand(type, this.#declarations);
        return behind ? this.#kind(behind) : json;
      }
      case "global":
        return this.#global(type) ?? json;
      case "builtin":
        return this.#builtin(type) ?? json;
      default:
        return json;
    }
  }

  #object(properties: readonly PropertySchema[], values: TypeSchema | undefined): Kind {
    return {
      kind: "object",
      properties: properties.map(({ name, type, optional, doc }) => {
        const { text, tags } = docParts(doc);
        const otherwise = docTags(tags).find((tag) => /^default(value)?$/i.test(tag.name))?.text;
        return {
          name,
          field: this.of(optional ? withoutUndefined(type) : type),
          optional: optional === true,
          ...(text !== undefined && { doc: text }),
          ...(otherwise && { default: otherwise }),
        };
      }),
      ...(values && { values: this.of(values) }),
    };
  }

  #tuple(type: Extract<TypeSchema, { kind: "tuple" }>): Kind | undefined {
    const restAt = type.elements.findIndex(({ rest }) => rest);
    const rest = type.elements[restAt]?.type;
    // Only a list at the end can be added to.
    if (rest && (rest.kind !== "array" || restAt < type.elements.length - 1)) return undefined;
    return {
      kind: "tuple",
      items: type.elements
        .filter((element) => !element.rest)
        .map((element, index) => ({
          name: element.label ?? String(index),
          field: this.of(element.type),
          optional: element.optional === true,
        })),
      ...(rest && { rest: this.of(rest.element) }),
    };
  }

  #union(type: Extract<TypeSchema, { kind: "union" }>): Kind {
    const members = this.#members(type, new Set());
    const choices = members.map((member) => this.#choices(member));
    if (choices.every((choice) => choice !== undefined)) return { kind: "select", options: choices.flat() };
    const [only] = members;
    if (only && members.length === 1) return this.#kind(only);
    return {
      kind: "union",
      options: members.map((member) => {
        const text = printType(member);
        return { label: text.length > 60 ? `${text.slice(0, 60)}…` : text, field: this.of(member) };
      }),
    };
  }

  /** Unions of unions are one, also through their names. */
  #members(type: TypeSchema, seen: ReadonlySet<string>): TypeSchema[] {
    if (type.kind === "union") return type.members.flatMap((member) => this.#members(member, seen));
    if (type.kind !== "reference" || seen.has(type.name)) return [type];
    const behind = this.#declarations.get(type.name)?.kind === "alias" ? expand(type, this.#declarations) : undefined;
    return behind?.kind === "union" ? this.#members(behind, new Set([...seen, type.name])) : [type];
  }

  /** The values of a type that has but a few. */
  #choices(type: TypeSchema): Choice[] | undefined {
    if (type.kind === "literal") return [choice(literal(type.value))];
    if (type.kind === "primitive") {
      if (type.name === "boolean") return [choice(true), choice(false)];
      if (type.name === "null") return [choice(null)];
      if (type.name === "undefined" || type.name === "void") return [{ label: "undefined", value: { $: "undefined" } }];
    }
    if (type.kind !== "reference") return undefined;
    const declaration = this.#declarations.get(type.name);
    if (declaration?.kind === "alias") {
      const behind = expand(type, this.#declarations);
      return behind?.kind === "literal" ? this.#choices(behind) : undefined;
    }
    if (declaration?.kind !== "enum") return undefined;
    return declaration.members
      .filter(({ name }) => type.member === undefined || name === type.member)
      .map(({ name, value }) => ({ label: `${type.name}.${name}`, value }));
  }

  /** Objects are merged; a branded string is a string. */
  #intersection(type: Extract<TypeSchema, { kind: "intersection" }>): Kind | undefined {
    const members = type.members.map((member) =>
      member.kind === "reference" ? (expand(member, this.#declarations) ?? member) : member,
    );
    const atom = members.find(({ kind }) => ["primitive", "literal", "templateLiteral"].includes(kind));
    if (atom) return this.#kind(atom);
    const objects = members.filter((member) => member.kind === "object");
    if (objects.length < members.length) return undefined;
    const properties = new Map(objects.flatMap((each) => each.properties).map((each) => [each.name, each]));
    const index = objects.find(({ indexes }) => indexes)?.indexes?.[0];
    return this.#object([...properties.values()], index?.value);
  }

  #global({ name, typeArguments: [first, second] }: Extract<TypeSchema, { kind: "global" }>): Kind | undefined {
    if (!first) return undefined;
    if (name === "Readonly" || name === "NoInfer") return this.#kind(first);
    if (name === "Array" || name === "ReadonlyArray") return { kind: "array", item: this.of(first) };
    if (name !== "Record" || !second) return undefined;
    const keys = this.#members(first, new Set());
    const names = keys.flatMap((key) => (key.kind === "literal" && typeof key.value === "string" ? [key.value] : []));
    if (names.length < keys.length) return this.#object([], second);
    return this.#object(
      names.map((key) => ({ name: key, type: second })),
      undefined,
    );
  }

  #builtin({ name, typeArguments = [] }: Extract<TypeSchema, { kind: "builtin" }>): Kind | undefined {
    const [first, second] = typeArguments;
    if (name === "Date") return { kind: "date" };
    if (name === "URL") return { kind: "url" };
    if (name === "RegExp") return { kind: "regexp" };
    if (/Map$/.test(name) && first && second) return { kind: "map", key: this.of(first), value: this.of(second) };
    if (/Set$/.test(name) && first) return { kind: "set", item: this.of(first) };
    return isBinary(name) ? { kind: "bytes", class: name } : undefined;
  }
}

function literal(value: LiteralType["value"]): Tagged {
  return typeof value === "object" ? { $: "bigint", v: value.bigint } : value;
}

function choice(value: Tagged): Choice {
  if (typeof value === "object" && value !== null && "$" in value)
    return { label: `${value.$ === "bigint" ? `${value.v}n` : value.$}`, value };
  return { label: JSON.stringify(value), value };
}

/** What is left out is undefined: nobody needs to choose it. */
function withoutUndefined(type: TypeSchema): TypeSchema {
  if (type.kind !== "union") return type;
  const members = type.members.filter((member) => !(member.kind === "primitive" && member.name === "undefined"));
  return members.length === 1 ? members[0]! : { kind: "union", members };
}
