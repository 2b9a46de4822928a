/** What a call may leave out, and which parameter an argument belongs to. */
import type { ParameterSchema } from "./manifest.ts";
import type { TypeSchema } from "./type-schema.ts";

/** Has a question mark or a default; that a rest parameter needs no argument is another matter. */
export function isOptional({ optional, default: value }: ParameterSchema): boolean {
  return optional === true || value !== undefined;
}

/** A call without it is wrong. */
export function isRequired(parameter: ParameterSchema): boolean {
  return !parameter.rest && !isOptional(parameter);
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
