/** Enums, whose members must have values that are known before the program runs. */
import { ts } from "ts-morph";
import type { EnumDeclaration } from "../../schema/index.ts";
import { docOf, hasModifier } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { propertyName } from "./keys.ts";
import { stepOf } from "./paths.ts";

export function convertEnum(cx: Conversion, symbol: ts.Symbol): Pick<EnumDeclaration, "const" | "members"> {
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
            "Give it a literal value.",
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
