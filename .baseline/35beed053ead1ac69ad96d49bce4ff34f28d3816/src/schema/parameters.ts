/** Which arguments a call may leave out, and which parameter an argument belongs to. */
import type { ArgumentPath, ParameterSchema } from "./manifest.ts";
import type { TypeSchema } from "./type-schema.ts";

/** Has a question mark or a default; that a rest parameter needs no argument is another matter. */
export function isOptional({ optional, default: value }: ParameterSchema): boolean {
  return optional === true || value !== undefined;
}

/** A call without it is wrong. */
export function isRequired(parameter: ParameterSchema): boolean {
  return !parameter.rest && !parameter.keywordRest && !isOptional(parameter);
}

/** Can be passed by position. */
export function isPositional({ keywordOnly, keywordRest }: ParameterSchema): boolean {
  return !keywordOnly && !keywordRest;
}

/** Can be passed by its name. @param keywords whether the function's arguments have names */
export function isNamed(parameter: ParameterSchema, keywords: boolean): boolean {
  const { rest, keywordOnly, keywordRest, positionalOnly } = parameter;
  return keywordOnly === true || (keywords && !rest && !keywordRest && !positionalOnly);
}

/** The parameter for the argument at a position: all from a rest parameter on are its items. Undefined when there is none. */
export function argumentAt(
  parameters: readonly ParameterSchema[],
  index: number,
): { name: string; type: TypeSchema } | undefined {
  const parameter = parameters[index] ?? parameters.at(-1);
  if (!parameter) return undefined;
  const { name, type, rest } = parameter;
  return { name, type: rest && type.kind === "array" ? type.element : type };
}

/** The parts of a key, as the author wrote them: `order.customer`, `tenant and user.id`. */
export function keyText(parameters: readonly ParameterSchema[], key: readonly ArgumentPath[]): string {
  return key.map((path) => placeText(parameters, path)).join(" and ");
}

function placeText(parameters: readonly ParameterSchema[], [argument, ...steps]: ArgumentPath): string {
  const index = Number(argument);
  const at = Math.min(index, parameters.length - 1);
  const parameter = parameters[at];
  const name = parameter?.rest ? `${parameter.name}[${index - at}]` : (parameter?.name ?? `argument ${index + 1}`);
  return name + steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
}
