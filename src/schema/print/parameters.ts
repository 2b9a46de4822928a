/** Parameters of remote functions: as declared, as callers pass them, and as a tuple. */
import { isBindingName } from "../identifiers.ts";
import type { ParameterSchema } from "../manifest.ts";
import { isOptional, isPositional, isRequired } from "../parameters.ts";
import { identifierName, labelOf } from "./names.ts";
import { printOrUndefined, printType } from "./print.ts";

/**
 * `image: Uint8Array, options?: ResizeOptions`, to stand between the parentheses of a function. A parameter named by a
 * reserved word, as another language may allow, gets an underscore: `class_`.
 */
export function printParameters(parameters: readonly ParameterSchema[]): string {
  const required = lastRequired(parameters);
  let text = "";
  for (let at = 0; at < parameters.length; at++) {
    const parameter = parameters[at]!;
    if (at > 0) text += ", ";
    if (parameter.rest) text += "...";
    const name = identifierName(parameter.name, "parameter");
    text += isBindingName(name) ? name : `${name}_`;
    if (parameter.keywordRest) text += `: { [name: string]: ${printType(parameter.type)} }`;
    else if (!parameter.rest && isOptional(parameter)) {
      // An optional parameter cannot precede a required one: it accepts `undefined` instead.
      text += at > required ? `?: ${printType(parameter.type)}` : `: ${printOrUndefined(parameter.type)}`;
    } else {
      text += `: ${printType(parameter.type)}`;
    }
  }
  return text;
}

/** Parameters as callers pass them, for people: `text: string, kwargs({ dimensions?: number })`. */
export function printCallParameters(parameters: readonly ParameterSchema[]): string {
  const named = parameters.filter((parameter) => !isPositional(parameter));
  const positional = printParameters(parameters.filter(isPositional));
  if (named.length === 0) return positional;
  const rest = named.find(({ keywordRest }) => keywordRest);
  const record = printType({
    kind: "object",
    properties: named
      .filter((each) => each !== rest)
      .map((each) => ({ name: each.name, type: each.type, ...(isOptional(each) && { optional: true }) })),
    ...(rest && { indexes: [{ key: { kind: "primitive", name: "string" }, value: rest.type }] }),
  });
  return `${positional}${positional && ", "}kwargs(${record})`;
}

/**
 * `[image: Uint8Array, options?: ResizeOptions | undefined]`: what `Parameters<typeof f>` is. The `undefined` of an optional
 * element is written out because a caller may pass it, also under exactOptionalPropertyTypes. Labels that TypeScript does not
 * take get an underscore: `class_`.
 */
export function printTuple(parameters: readonly ParameterSchema[]): string {
  const required = lastRequired(parameters);
  let text = "[";
  for (let at = 0; at < parameters.length; at++) {
    const parameter = parameters[at]!;
    if (at > 0) text += ", ";
    if (parameter.rest) text += "...";
    text += labelOf(parameter.name, "parameter");
    if (!parameter.rest && isOptional(parameter)) {
      text += `${at > required ? "?: " : ": "}${printOrUndefined(parameter.type)}`;
    } else {
      text += `: ${printType(parameter.type)}`;
    }
  }
  return `${text}]`;
}

function lastRequired(parameters: readonly ParameterSchema[]): number {
  return parameters.findLastIndex(isRequired);
}
