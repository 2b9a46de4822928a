/** A class as functions: its constructor as a function without a result, its methods by their own names. */
import type { AppManifest, ClassSchema, FunctionSchema } from "./manifest.ts";

/** The constructor, for whatever compares, prints or checks the parameters of functions. */
export function constructorOf({
  name,
  constructors,
}: Pick<ClassSchema, "name" | "constructors">): Omit<FunctionSchema, "signature" | "options"> {
  const returns = { kind: "primitive", name: "void" } as const;
  const calls = constructors.map((each) => ({ ...each, returns }));
  return { name, mode: "unary", ...calls.at(-1)!, ...(calls.length > 1 && { overloads: calls }) };
}

/** A method's name on an instance: `predict` of `Model.predict`. */
export function methodName({ name, class: of }: Pick<FunctionSchema, "name" | "class">): string {
  return of === undefined ? name : name.slice(of.length + 1);
}

/** The methods of the class with this name. */
export function methodsOf<F extends Pick<FunctionSchema, "class">>(
  name: string,
  { functions }: { functions: readonly F[] },
): F[] {
  return functions.filter((fn) => fn.class === name);
}

/** The class of a method; undefined for a function that is not a method. */
export function classOf(
  { class: of }: Pick<FunctionSchema, "class">,
  { classes }: Pick<AppManifest, "classes">,
): ClassSchema | undefined {
  return of === undefined ? undefined : classes?.find(({ name }) => name === of);
}
