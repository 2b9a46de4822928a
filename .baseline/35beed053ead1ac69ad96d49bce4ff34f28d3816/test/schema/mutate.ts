/** A small change to a version of a function, of the kind that authors make between two deploys. */
import fc from "fast-check";
import type {
  Declaration,
  FunctionSchema,
  FunctionVersion,
  ParameterSchema,
  PropertySchema,
  TypeSchema,
} from "../../src/schema/index.ts";

type Pick = <T>(from: readonly T[]) => T;

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const SMALL: readonly TypeSchema[] = [
  STRING,
  { kind: "primitive", name: "number" },
  { kind: "primitive", name: "undefined" },
  { kind: "primitive", name: "void" },
  { kind: "primitive", name: "unknown" },
  { kind: "primitive", name: "never" },
  { kind: "primitive", name: "object" },
  { kind: "literal", value: "a" },
  { kind: "literal", value: true },
  { kind: "builtin", name: "Error" },
  { kind: "object", properties: [] },
  { kind: "object", properties: [{ name: "size", type: STRING, optional: true }] },
  { kind: "array", element: STRING, readonly: true },
];

/** The version after one to three changes. */
export function mutations(version: FunctionVersion): fc.Arbitrary<FunctionVersion> {
  const numbers = fc.array(fc.nat(), { minLength: 6, maxLength: 6 });
  return fc.array(numbers, { minLength: 1, maxLength: 3 }).map((steps) => {
    const changed = copy(version) as { fn: FunctionSchema; declarations: Declaration[] };
    for (const choices of steps) {
      let at = 0;
      const pick: Pick = (from) => from[(choices[at++ % choices.length] ?? 0) % from.length]!;
      mutate(changed, pick);
    }
    return changed;
  });
}

function mutate({ fn, declarations }: { fn: FunctionSchema; declarations: Declaration[] }, pick: Pick): void {
  const changes: (() => void)[] = [() => changeParameters(fn.parameters, pick)];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (isType(value)) changes.push(() => replace(value, changeType(value, pick)));
    const { properties, members, kind } = value as {
      properties?: PropertySchema[];
      members?: unknown[];
      kind?: string;
    };
    if (properties) changes.push(() => changeProperties(properties, pick));
    if (kind === "enum" && members)
      changes.push(() => changeMembers(members as { name: string; value: unknown }[], pick));
    for (const child of Object.values(value)) visit(child);
  };
  visit(fn.parameters);
  visit(fn.returns);
  visit(declarations);
  pick(changes)();
  // An optional parameter has nothing required after it.
  const rest = fn.parameters.filter((parameter) => parameter.rest);
  const required = fn.parameters.filter((parameter) => !parameter.rest && !parameter.optional);
  const optional = fn.parameters.filter((parameter) => !parameter.rest && parameter.optional);
  fn.parameters = [...required, ...optional, ...rest.slice(0, 1)];
}

/** Nothing in it is shared, so that a change in one place stays there. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function isType(value: object): value is TypeSchema {
  const { kind } = value as { kind?: unknown };
  return typeof kind === "string" && kind !== "interface" && kind !== "alias" && kind !== "enum";
}

function replace(old: TypeSchema, type: TypeSchema): void {
  const fresh = copy(type);
  for (const key of Object.keys(old)) delete (old as unknown as Record<string, unknown>)[key];
  Object.assign(old, fresh);
}

function changeType(type: TypeSchema, pick: Pick): TypeSchema {
  const other = copy(pick(SMALL));
  const options: TypeSchema[] = [other, { kind: "union", members: [type, other] }, { kind: "array", element: type }];
  if (type.kind === "union") {
    const gone = pick(type.members);
    options.push({ ...type, members: type.members.filter((member) => member !== gone) });
    options.push({ ...type, members: [...type.members].reverse() });
    options.push({ ...type, members: [...type.members, other] });
  }
  if (type.kind === "array" || type.kind === "tuple") {
    const { readonly, ...rest } = type;
    options.push(readonly ? rest : { ...type, readonly: true });
  }
  if (type.kind === "tuple" && type.elements.length > 0) {
    options.push({ ...type, elements: type.elements.slice(0, -1) });
    const last = type.elements.at(-1)!;
    if (!last.rest) options.push({ ...type, elements: [...type.elements.slice(0, -1), { ...last, optional: true }] });
    if (!last.rest) options.push({ ...type, elements: [...type.elements, { type: other, optional: true }] });
    const [only] = type.elements;
    if (only && !only.rest) options.push({ kind: "array", element: only.type });
  }
  if (type.kind === "array") options.push({ kind: "global", name: "Iterable", typeArguments: [type.element] });
  if (type.kind === "literal" && typeof type.value === "string") {
    const [half, texts] = [
      type.value.length >> 1,
      [type.value.slice(0, 1), type.value.slice(1, 2), type.value.slice(2)],
    ];
    options.push({
      kind: "templateLiteral",
      texts: [type.value.slice(0, half), type.value.slice(half)],
      types: [STRING],
    });
    options.push({ kind: "templateLiteral", texts, types: [STRING, STRING] });
  }
  if (type.kind === "literal")
    options.push({
      kind: "primitive",
      name: typeof type.value === "object" ? "bigint" : (typeof type.value as "string"),
    });
  if (type.kind === "reference" && type.member !== undefined) options.push({ kind: "reference", name: type.name });
  if (type.kind === "builtin" && type.name === "Map") options.push({ ...type, name: "ReadonlyMap" });
  if (type.kind === "intersection") options.push(type.members[0]!);
  return pick(options);
}

function changeProperties(properties: PropertySchema[], pick: Pick): void {
  const added: PropertySchema = { name: `new${properties.length}`, type: copy(STRING) };
  const one = properties.length > 0 ? pick(properties) : added;
  pick([
    () => properties.push(added),
    () => properties.push({ ...added, optional: true }),
    () => properties.reverse(),
    () => properties.splice(properties.indexOf(one), properties.includes(one) ? 1 : 0),
    () => toggle(one, "optional"),
    () => toggle(one, "readonly"),
  ])();
}

function changeParameters(parameters: ParameterSchema[], pick: Pick): void {
  const added: ParameterSchema = { name: `added${parameters.length}`, type: copy(pick(SMALL)) };
  const one = parameters.length > 0 ? pick(parameters) : added;
  pick([
    () => parameters.push(added),
    () => parameters.push({ ...added, optional: true }),
    () => parameters.push({ ...added, type: { kind: "array", element: added.type }, rest: true }),
    () => parameters.splice(parameters.indexOf(one), parameters.includes(one) ? 1 : 0),
    () => (one.rest ? undefined : toggle(one, "optional")),
  ])();
}

function changeMembers(members: { name: string; value: unknown }[], pick: Pick): void {
  const one = pick(members);
  pick([
    () => members.push({ name: "Added", value: typeof one.value === "string" ? "added" : 99 }),
    () => members.push({ name: "More", value: typeof one.value === "string" ? "more" : 98 }),
    () => {
      one.value = typeof one.value === "string" ? `${one.value}!` : 97;
    },
  ])();
}

function toggle<K extends string>(value: { [P in K]?: true }, flag: K): void {
  if (value[flag]) delete value[flag];
  else value[flag] = true as { [P in K]?: true }[K];
}
