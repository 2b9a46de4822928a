/** The names that callers have for arguments: what `Keywords` in src/runtime/signatures.ts is made of. */
import { type CallSignature, isOptional, type ParameterSchema, printType, type TypeSchema } from "../schema/index.ts";

/** One way to call a function whose arguments may have names. */
export interface NamedCall extends CallSignature {
  keywords?: boolean | undefined;
}

/** The parameters that are not by name only. */
export function byPosition({ parameters }: CallSignature): ParameterSchema[] {
  return parameters.filter(({ keywordOnly }) => !keywordOnly);
}

/** `Keywords<["text", "lower"], { dim?: number }>`; nothing for a function that has no names to callers. */
export function printKeywords(
  { parameters, keywords }: NamedCall,
  use: (helper: string) => string,
): string | undefined {
  const only = parameters.filter(({ keywordOnly }) => keywordOnly);
  if (!keywords && only.length === 0) return undefined;
  const positional = parameters.filter(({ keywordOnly, rest }) => !keywordOnly && !rest);
  const names = positional.map(({ name }) => (keywords ? printType({ kind: "literal", value: name }) : "null"));
  const record = only.length > 0 ? `, ${printType(recordOf(only))}` : "";
  return `${use("Keywords")}<[${names.join(", ")}]${record}>`;
}

function recordOf(parameters: readonly ParameterSchema[]): TypeSchema {
  return {
    kind: "object",
    properties: parameters.map((item) => ({
      name: item.name,
      type: item.type,
      ...(isOptional(item) && { optional: true }),
    })),
  };
}
