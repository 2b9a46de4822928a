/** Literal types, as written and as the checker has them. */
import { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { Conversion } from "./conversion.ts";

export function convertLiteralNode(cx: Conversion, { literal }: ts.LiteralTypeNode): TypeSchema {
  if (literal.kind === ts.SyntaxKind.NullKeyword) return { kind: "primitive", name: "null" };
  if (literal.kind === ts.SyntaxKind.TrueKeyword) return { kind: "literal", value: true };
  if (literal.kind === ts.SyntaxKind.FalseKeyword) return { kind: "literal", value: false };
  if (ts.isStringLiteralLike(literal)) return { kind: "literal", value: literal.text };
  const isNegative = ts.isPrefixUnaryExpression(literal);
  const operand = isNegative ? literal.operand : literal;
  if (ts.isNumericLiteral(operand)) return numberLiteral(Number(operand.text) * (isNegative ? -1 : 1));
  if (ts.isBigIntLiteral(operand)) {
    // The compiler's text is the author's: `0xffn`.
    return {
      kind: "literal",
      value: { bigint: String(BigInt(operand.text.slice(0, -1).replaceAll("_", "")) * (isNegative ? -1n : 1n)) },
    };
  }
  return cx.refuse(
    literal,
    "unwritable",
    "this literal cannot be used as a type",
    "Use a string, number, bigint or boolean literal.",
  );
}

export function convertLiteralType(type: ts.LiteralType): TypeSchema {
  if (type.flags & ts.TypeFlags.BooleanLiteral) {
    // What the compiler calls it, which its types do not say.
    return { kind: "literal", value: (type as unknown as { intrinsicName: string }).intrinsicName === "true" };
  }
  const { value } = type;
  if (typeof value === "number") return numberLiteral(value);
  if (typeof value === "string") return { kind: "literal", value };
  return {
    kind: "literal",
    value: { bigint: `${value.negative && value.base10Value !== "0" ? "-" : ""}${value.base10Value}` },
  };
}

/** `1e999` is how a type says Infinity. */
function numberLiteral(value: number): TypeSchema {
  if (Number.isFinite(value)) return { kind: "literal", value };
  return { kind: "global", name: value > 0 ? "1e999" : "-1e999", typeArguments: [] };
}
