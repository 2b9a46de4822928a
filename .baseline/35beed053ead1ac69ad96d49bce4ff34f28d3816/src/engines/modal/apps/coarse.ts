/**
 * Types from what Modal records of a function without farcall's helper: names, whether there is a default, and for str, int, bool,
 * bytes, list and dict the type. All else is `unknown`: less than could be known, but never wrong.
 */
import type { ParameterSchema, PropertySchema, TypeSchema } from "../../../schema/index.ts";
import { GENERATOR, Type } from "../values.ts";
import type { PublishedFunction } from "./carrier.ts";
import type { Metadata } from "./metadata.ts";

type FunctionSpec = NonNullable<Metadata["functionSchema"]>;
type ParameterSpec = FunctionSpec["arguments"][number];
type PayloadType = NonNullable<ParameterSpec["fullType"]>;

const UNKNOWN: TypeSchema = { kind: "primitive", name: "unknown" };

/** What the reader of coarse stubs can do about them: an app's documentation. */
export const COARSE_APP =
  "The types are coarse: this app was deployed without farcall's Python helper. Deploy it with `farcall.publish(app)` as the " +
  "module's last line to get full ones; `npx farcall init --modal FILE` sets that up.";
/** Documentation of a function that the helper has not described. */
export const COARSE_FUNCTION =
  "Its types are coarse: it was not yet registered when `farcall.publish(app)` ran. Make that the module's last line.";

/** @param of of a method, its class and how many methods that has */
export function coarseFunction(
  name: string,
  metadata: Metadata,
  of?: { name: string; methods: number },
): PublishedFunction {
  const own = of === undefined ? {} : { class: of.name };
  if (metadata.webUrl) return { name, ...own, mode: "web", parameters: [], returns: UNKNOWN };
  const { arguments: given = [], returnType } = metadata.functionSchema ?? {};
  const isGenerator = metadata.functionType === GENERATOR;
  const batched = !isGenerator && (of?.methods ?? 1) === 1 && mayBeBatched(metadata.functionSchema);
  const parameters = metadata.functionSchema ? coarseParameters(given) : ANYTHING;
  // What a generator yields is not recorded.
  const returns = isGenerator ? UNKNOWN : coarseType(returnType, "result");
  return {
    name,
    ...own,
    mode: isGenerator ? "generator" : "unary",
    keywords: true,
    parameters: batched ? parameters.map((each) => ({ ...each, type: listOrElement(each) })) : parameters,
    returns: batched ? elementOr(returns) : returns,
  };
}

/**
 * Modal does not record whether a function is `@modal.batched`, whose callers pass and get elements of the lists that it is declared
 * with. It cannot be where there is a default, or a parameter or a result that is not a list; in a class it is the only method.
 */
function mayBeBatched(schema: FunctionSpec | undefined): boolean {
  if (!schema || schema.arguments.length === 0) return false;
  const isList = (type: PayloadType | undefined) => [Type.list, Type.unknown, 0].includes(type?.baseType ?? 0);
  return (
    schema.arguments.every(({ hasDefault, fullType }) => !hasDefault && isList(fullType)) && isList(schema.returnType)
  );
}

function listOrElement({ type, rest, keywordRest }: ParameterSchema): TypeSchema {
  return rest || keywordRest ? type : elementOr(type);
}

function elementOr(type: TypeSchema): TypeSchema {
  if (type.kind !== "array") return type;
  return isUnknown(type.element) ? UNKNOWN : { kind: "union", members: [type.element, type] };
}

function isUnknown(type: TypeSchema): boolean {
  return type.kind === "primitive" && type.name === "unknown";
}

/** Of a function whose parameters are not recorded. */
const ANYTHING: ParameterSchema[] = [
  { name: "args", type: { kind: "array", element: UNKNOWN }, rest: true },
  { name: "kwargs", type: UNKNOWN, keywordRest: true },
];

function coarseParameters(specs: readonly ParameterSpec[]): ParameterSchema[] {
  const restAt = specs.findIndex((spec) => isCatchAll(spec, "args"));
  const keywordRestAt = isCatchAll(specs.at(-1), "kwargs") ? specs.length - 1 : -1;
  // Python has no positional parameter without default behind one with: from there on they are passed by name only.
  const firstDefault = specs.findIndex(({ hasDefault }) => hasDefault);
  const byName = specs.findIndex(
    ({ hasDefault }, index) =>
      firstDefault >= 0 && index > firstDefault && !hasDefault && index !== restAt && index !== keywordRestAt,
  );
  return specs.map(({ name, fullType, hasDefault }, index): ParameterSchema => {
    const type = coarseType(fullType, "argument");
    if (index === keywordRestAt) return { name, type, keywordRest: true };
    if (index === restAt) return { name, type: { kind: "array", element: type }, rest: true };
    const keywordOnly = (byName >= 0 && index >= byName) || (restAt >= 0 && index > restAt);
    return { name, type, ...(hasDefault && { optional: true }), ...(keywordOnly && { keywordOnly: true }) };
  });
}

/** `*args` and `**kwargs` are recorded like other parameters: by their names alone, and as what each argument is. */
function isCatchAll(spec: ParameterSpec | undefined, name: "args" | "kwargs"): boolean {
  if (spec?.name !== name || spec.hasDefault) return false;
  const base = spec.fullType?.baseType;
  return base !== Type.list && base !== Type.dict;
}

/** The parameters of a class, with types and defaults: its constructor takes them as one object. */
export function coarseConstructor({ classParameterInfo }: Metadata): ParameterSchema[] {
  const specs = classParameterInfo?.schema ?? [];
  if (specs.length === 0) return [];
  const properties = specs.map((spec): PropertySchema => {
    const base = spec.fullType?.baseType || spec.type;
    return {
      name: spec.name,
      type: coarseType({ baseType: base, subTypes: [] }, "argument"),
      ...(spec.hasDefault && { optional: true }),
    };
  });
  const optional = specs.every(({ hasDefault }) => hasDefault);
  return [{ name: "params", type: { kind: "object", properties }, ...(optional && { optional: true }) }];
}

/** An empty dict does not show what its keys are: as a result, one that may be a Map is unknown. */
function coarseType(type: PayloadType | undefined, place: "argument" | "result"): TypeSchema {
  const [first, second] = type?.subTypes ?? [];
  switch (type?.baseType) {
    case Type.string:
      return { kind: "primitive", name: "string" };
    case Type.int:
      return { kind: "primitive", name: "number" };
    case Type.bool:
      return { kind: "primitive", name: "boolean" };
    case Type.none:
      return { kind: "primitive", name: "null" };
    case Type.bytes:
      return { kind: "builtin", name: "Uint8Array" };
    case Type.list:
      return { kind: "array", element: coarseType(first, place) };
    case Type.dict:
      if (first?.baseType !== Type.string) return UNKNOWN;
      return {
        kind: "object",
        properties: [],
        indexes: [{ key: { kind: "primitive", name: "string" }, value: coarseType(second, place) }],
      };
    default:
      return UNKNOWN;
  }
}
