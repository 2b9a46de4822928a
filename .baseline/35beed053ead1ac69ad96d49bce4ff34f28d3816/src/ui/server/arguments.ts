/** What a form asks for, as a call passes it: Python's functions have arguments that can be passed by name only. */
import { type FunctionSchema, isPositional } from "../../schema/index.ts";

type Called = Pick<FunctionSchema, "parameters" | "keywords">;

/** The fields of a form are the parameters in order; a rest parameter's are the last. Arguments of any name have no field. */
export function inFormOrder<F extends Called>(fn: F): F {
  if (!fn.keywords) return fn;
  const rest = fn.parameters.filter((each) => each.rest);
  const others = fn.parameters.filter((each) => !each.rest && !each.keywordRest);
  const parameters = [...others.filter(isPositional), ...others.filter((each) => !isPositional(each)), ...rest];
  return { ...fn, parameters };
}

/** @param values of the fields; one that is left out is undefined, and what follows it is then passed by name */
export function passed(fn: Called, values: readonly unknown[]): { args: unknown[]; kwargs?: Record<string, unknown> } {
  if (!fn.keywords) return { args: [...values] };
  const args: unknown[] = [];
  const kwargs: Record<string, unknown> = {};
  let hole = false;
  for (const [index, value] of values.entries()) {
    const parameter = fn.parameters[index];
    const isRest = parameter === undefined || parameter.rest;
    if (value === undefined && !isRest) hole = true;
    else if (isRest || (isPositional(parameter) && !hole)) args.push(value);
    else kwargs[parameter.name] = value;
  }
  return Object.keys(kwargs).length > 0 ? { args, kwargs } : { args };
}
