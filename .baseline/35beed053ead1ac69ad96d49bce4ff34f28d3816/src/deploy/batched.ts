/**
 * The types of a batched function as its callers see them: its author writes arrays, one item for each input that runs
 * together; a caller gives one item and gets one.
 */
import type { Problem } from "../introspect/index.ts";
import {
  type CallSignature,
  type Declaration,
  type FunctionSchema,
  isRequired,
  signatureOf,
  type TypeSchema,
} from "../schema/index.ts";

type UnfinishedFunction = Omit<FunctionSchema, "options">;

/** Adds to `problems` what is no array. */
export function itemsOf(
  fn: UnfinishedFunction,
  declarations: readonly Declaration[],
  file: string,
  problems: Problem[],
): UnfinishedFunction {
  const report = (path: string, message: string, hint: string): void => {
    const { file: own = file, line = 1 } = fn.source ?? {};
    problems.push({ severity: "error", file: own, line, column: 1, path, message: `${path} ${message}`, hint });
  };
  const itemOf = (type: TypeSchema, path: string, what: string): TypeSchema => {
    const item = elementOf(type, declarations);
    if (!item)
      report(path, "belongs to a batched function but is not an array", `${what}: with one item for each input, T[].`);
    return item ?? type;
  };
  const oneOf = <S extends CallSignature>(signature: S): S => ({
    ...signature,
    parameters: signature.parameters.map((parameter) => {
      const path = `${fn.name}(${parameter.name})`;
      if (!isRequired(parameter)) {
        report(path, "belongs to a batched function but is optional", "Make it required: T[], or (T | undefined)[].");
      }
      return { ...parameter, type: itemOf(parameter.type, path, "Declare it as an array") };
    }),
    returns: itemOf(signature.returns, `${fn.name}()`, "Return an array"),
  });
  if (fn.mode !== "unary") {
    report(fn.name, "is batched and a generator", "Only a function that returns an array can be batched.");
    return fn;
  }
  const { signature: _, ...items } = oneOf(fn);
  if (fn.overloads) items.overloads = fn.overloads.map(oneOf);
  return { ...items, signature: signatureOf(items, declarations) };
}

const MAX_ALIASES = 100;

/** Sees through `type Texts = string[]`. */
function elementOf(type: TypeSchema, declarations: readonly Declaration[]): TypeSchema | undefined {
  let at: TypeSchema | undefined = type;
  for (let i = 0; at?.kind === "reference" && i < MAX_ALIASES; i++) {
    const { name }: Extract<TypeSchema, { kind: "reference" }> = at;
    const alias: Declaration | undefined = declarations.find((one) => one.name === name);
    at = alias?.kind === "alias" && !alias.typeParameters?.length && !alias.codec ? alias.type : undefined;
  }
  return at?.kind === "array" ? at.element : undefined;
}
