/** Prints an app's introspected functions and declarations, one line each, for comparison. */
import { join } from "node:path";
import { IntrospectionError, type IntrospectOptions, introspect } from "../../../src/introspect/index.ts";
import { printDeclaration, printParameters, printType, printTypeParameters } from "../../../src/schema/index.ts";

export const fixtures = join(import.meta.dirname, "../fixtures");

/** `name: (a: string) => number`, `name: function* () => number`, then the declarations. */
export function printed(entry: string, options?: IntrospectOptions): string[] {
  const { functions, declarations } = introspect(join(fixtures, entry), { root: fixtures, ...options });
  return [
    ...functions.flatMap(({ name, mode, overloads, ...own }) =>
      (overloads ?? [own]).map(
        ({ typeParameters, parameters, returns }) =>
          `${name}: ${mode === "generator" ? "function* " : ""}${printTypeParameters(typeParameters)}(${printParameters(parameters)}) => ${printType(returns)}`,
      ),
    ),
    ...declarations.map((declaration) => printDeclaration(declaration).replace(/\s+/g, " ")),
  ];
}

/** `file(line,column): error: path: message`, as they are printed. */
export function problemsOf(entry: string, options?: IntrospectOptions): string[] {
  try {
    introspect(join(fixtures, entry), { root: fixtures, ...options });
  } catch (error) {
    if (error instanceof IntrospectionError) return error.message.split("\n");
    throw error;
  }
  return [];
}
