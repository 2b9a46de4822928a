/** Template literal types as regular expressions. */
import type { Declaration, TypeSchema } from "../index.ts";
import { escape, type Predicate, textPatterns } from "./predicates.ts";

/** @param types without bound type parameters */
export function templatePredicate(
  texts: readonly string[],
  types: readonly TypeSchema[],
  declarations: ReadonlyMap<string, Declaration>,
): Predicate {
  const parts = texts.map((text, index) => {
    const type = types[index];
    return escape(text) + (type ? patternOf(type, declarations) : "");
  });
  const pattern = new RegExp(`^${parts.join("")}$`, "s");
  return (value) => typeof value === "string" && pattern.test(value);
}

function patternOf(type: TypeSchema, declarations: ReadonlyMap<string, Declaration>): string {
  switch (type.kind) {
    case "literal":
      return escape(typeof type.value === "object" ? type.value.bigint : String(type.value));
    case "union":
      return `(?:${type.members.map((member) => patternOf(member, declarations)).join("|")})`;
    case "templateLiteral":
      return type.texts
        .map((text, index) => escape(text) + (type.types[index] ? patternOf(type.types[index], declarations) : ""))
        .join("");
    case "primitive":
      return textPatterns[type.name] ?? ".*";
    case "reference": {
      const declaration = declarations.get(type.name);
      if (declaration?.kind === "alias" && !type.typeArguments) return patternOf(declaration.type, declarations);
      if (declaration?.kind === "enum") {
        const values = declaration.members.filter((member) => !type.member || member.name === type.member);
        return `(?:${values.map((member) => escape(String(member.value))).join("|")})`;
      }
      return ".*";
    }
    default:
      return ".*";
  }
}
