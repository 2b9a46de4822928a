/** Names in printed types: one that is not a name where it stands is an error, never text in a program. */
import { isIdentifierName, isLabel, isTypeName } from "../identifiers.ts";
import { SchemaError } from "../schema-error.ts";

export function identifierName(name: string, what: string): string {
  if (isIdentifierName(name)) return name;
  throw new SchemaError(`${JSON.stringify(name)} cannot be the name of a ${what}`, {
    hint: "It is not an identifier.",
  });
}

export function labelOf(name: string, what: string): string {
  return isLabel(name) ? name : `${identifierName(name, what)}_`;
}

export function typeName(name: string, what: string): string {
  if (isTypeName(name)) return name;
  throw new SchemaError(`${JSON.stringify(name)} cannot be the name of a ${what}`, {
    hint: isIdentifierName(name) ? "It is a reserved word." : "It is not an identifier.",
  });
}

/** Global types without a name; no JSON number is infinite. */
const WRITTEN_SO: ReadonlySet<string> = new Set(["typeof globalThis", "1e999", "-1e999"]);

/** A global type may lie in a namespace: `Intl.NumberFormatOptions`. */
export function globalName(name: string): string {
  if (WRITTEN_SO.has(name)) return name;
  const dot = name.indexOf(".");
  if (dot < 0) return typeName(name, "global type");
  typeName(name.slice(0, dot), "global type");
  for (const part of name.slice(dot + 1).split(".")) identifierName(part, "global type");
  return name;
}
