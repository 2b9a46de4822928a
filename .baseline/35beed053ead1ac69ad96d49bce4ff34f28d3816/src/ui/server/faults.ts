/**
 * What is wrong with the arguments of a form, a fault for each field: the container's validator stops at the first, so it is asked
 * about parameters, and about what is inside them, one at a time.
 */

import { compileValidator } from "../../schema/check/index.ts";
import {
  type Declaration,
  declarationsByName,
  expand,
  type FunctionSchema,
  type ParameterSchema,
  printType,
  type TypeSchema,
} from "../../schema/index.ts";
import type { ArgumentFault } from "../api.ts";

/** Of one form; more would not be read. */
const MOST = 20;
const PLAIN_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A function, or a class's constructor. */
type Called = Pick<FunctionSchema, "name" | "overloads" | "typeParameters" | "parameters" | "returns">;

/** Empty when they fit. Of overloads, only that none of them takes the arguments. */
export function faultsOf(called: Called, args: readonly unknown[], declarations: Declaration[]): ArgumentFault[] {
  const whole = faultIn(called, args, declarations);
  if (!whole) return [];
  if (called.overloads) return [whole];
  const known = declarationsByName(declarations);
  const found: ArgumentFault[] = [];
  const visit = (parameter: ParameterSchema, value: unknown, missing: boolean): void => {
    if (found.length >= MOST) return;
    const given = missing ? [] : parameter.rest && Array.isArray(value) ? value : [value];
    const fault = faultIn({ ...called, parameters: [parameter] }, given, declarations);
    if (!fault) return;
    const before = found.length;
    for (const [part, inner] of partsIn(parameter, value, (type) => expand(type, known))) visit(part, inner, false);
    if (found.length === before) found.push(fault);
  };
  for (const [index, parameter] of called.parameters.entries()) {
    visit(parameter, parameter.rest ? args.slice(index) : args[index], index >= args.length);
  }
  return found.length > 0 ? found : [whole];
}

function faultIn(
  { name, parameters, returns, typeParameters, overloads }: Called,
  args: readonly unknown[],
  declarations: Declaration[],
): ArgumentFault | undefined {
  const fn = { name, parameters, returns, ...(typeParameters && { typeParameters }), ...(overloads && { overloads }) };
  const found = compileValidator(name, { functions: [fn], declarations }, printType)?.(args);
  return found && { code: "FARCALL_INVALID", message: found.message, hint: found.hint, path: found.path };
}

/** The properties or items of a value, as parameters that are named by where they are. */
function* partsIn(
  { name, type, rest }: ParameterSchema,
  value: unknown,
  behind: (type: Extract<TypeSchema, { kind: "reference" }>) => TypeSchema | undefined,
): Generator<[ParameterSchema, unknown]> {
  const shape = type.kind === "reference" ? behind(type) : type;
  if (shape?.kind === "array" && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield [{ name: `${name}[${index}]`, type: shape.element }, item];
  } else if (!rest && shape?.kind === "object" && typeof value === "object" && value !== null) {
    for (const property of shape.properties) {
      const at = PLAIN_NAME.test(property.name) ? `.${property.name}` : `[${JSON.stringify(property.name)}]`;
      const part: ParameterSchema = { name: name + at, type: property.type };
      if (property.optional) part.optional = true;
      yield [part, Reflect.get(value, property.name)];
    }
  }
}
