/** What a call may leave out, and which parameter an argument belongs to. */
import type { ParameterSchema } from "./manifest.ts";
import type { TypeSchema } from "./type-schema.ts";

/** Has a question mark or a default; that a rest parameter needs no argument is another matter. */
export function isOptional({ optional, default: value }: ParameterSchema): boolean {
  return optional === true || value !== undefined;
}

/** A call without it is wrong. */
export function isRequired(parameter: ParameterSchema): boolean {
  return !parameter.rest && !parameter.keywordRest && !isOptional(parameter);
}

/** Has a place among the arguments by position. */
export function isPositional({ keywordOnly, keywordRest }: ParameterSchema): boolean {
  return !keywordOnly && !keywordRest;
}

/** Can be passed by its name. @param keywords whether the function's arguments have names */
export function isNamed(parameter: ParameterSchema, keywords: boolean): boolean {
  const { rest, keywordOnly, keywordRest, positionalOnly } = parameter;
  return keywordOnly === true || (keywords && !rest && !keywordRest && !positionalOnly);
}

/** What the argument at a place is to be: all from a rest parameter on are items of it. Undefined when nothing takes one. */
export function argumentAt(
  parameters: readonly ParameterSchema[],
  index: number,
): { name: string; type: TypeSchema } | undefined {
  const parameter = parameters[index] ?? parameters.at(-1);
  if (!parameter) return undefined;
  const { name, type, rest } = parameter;
  return { name, type: rest && type.kind === "array" ? type.element : type };
}
