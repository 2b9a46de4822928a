/** The names that callers can use for arguments, as type arguments of `Keywords` in src/runtime/named-forms.ts. */
import {
  type CallSignature,
  isNamed,
  isOptional,
  isPositional,
  type ParameterSchema,
  printType,
  type TypeSchema,
} from "../schema/index.ts";

/** One way to call a function whose arguments may have names. */
export interface NamedCall extends CallSignature {
  keywords?: boolean | undefined;
}

/** The parameters that can be passed by position. */
export function byPosition({ parameters }: CallSignature): ParameterSchema[] {
  return parameters.filter(isPositional);
}

/** `Keywords<["text", "lower"], { dim?: number }>`; undefined for a function whose arguments cannot be passed by name. */
export function printKeywords(
  { parameters, keywords = false }: NamedCall,
  use: (helper: string) => string,
): string | undefined {
  const only = parameters.filter((parameter) => !isPositional(parameter));
  if (!keywords && only.length === 0) return undefined;
  const positional = parameters.filter((parameter) => isPositional(parameter) && !parameter.rest);
  const names = positional.map((parameter) =>
    isNamed(parameter, keywords) ? printType({ kind: "literal", value: parameter.name }) : "null",
  );
  const record = only.length > 0 ? `, ${printType(recordOf(parameters, keywords))}` : "";
  return `${use("Keywords")}<[${names.join(", ")}]${record}>`;
}

/** The keyword-only arguments: a property for each name, an index signature for all other names. */
function recordOf(parameters: readonly ParameterSchema[], keywords: boolean): TypeSchema {
  const rest = parameters.find(({ keywordRest }) => keywordRest);
  return {
    kind: "object",
    properties: parameters
      .filter(({ keywordOnly }) => keywordOnly)
      .map((item) => ({ name: item.name, type: item.type, ...(isOptional(item) && { optional: true }) })),
    ...(rest && { indexes: [{ key: STRING, value: anyOf(valuesByName(rest, parameters, keywords)) }] }),
  };
}

const STRING: TypeSchema = { kind: "primitive", name: "string" };

/** TypeScript applies an index signature to every name, so it has to accept the named parameters' types too. */
function valuesByName(rest: ParameterSchema, parameters: readonly ParameterSchema[], keywords: boolean): TypeSchema[] {
  const named = parameters.filter((parameter) => isNamed(parameter, keywords));
  const types = [rest, ...named].map(({ type }) => type);
  return named.some(isOptional) ? [...types, { kind: "primitive", name: "undefined" }] : types;
}

function anyOf(types: readonly TypeSchema[]): TypeSchema {
  const different = [...new Map(types.map((type) => [printType(type), type])).values()];
  return different.length === 1 ? different[0]! : { kind: "union", members: different };
}
