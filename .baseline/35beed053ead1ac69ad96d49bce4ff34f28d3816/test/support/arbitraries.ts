/**
 * Random types, functions and manifests that a producer could have written: everything referred to is declared, and what is
 * printed from them compiles. For property tests of whoever reads manifests.
 *
 *     fc.assert(fc.property(manifests(), (manifest) => …))
 */
import fc from "fast-check";
import type {
  AppManifest,
  BuiltinName,
  CallSignature,
  Declaration,
  FunctionSchema,
  IndexSignature,
  ObjectType,
  ParameterSchema,
  PrimitiveName,
  PropertySchema,
  ResolvedFunctionOptions,
  TupleElement,
  TypeParameterSchema,
  TypeSchema,
} from "../../src/schema/index.ts";

/** What a type may refer to. */
export interface TypeScope {
  /** Declared names and how many type arguments each takes. */
  references?: readonly { name: string; arity: number; members?: readonly string[] }[];
  typeParameters?: readonly string[];
  /** Also conditional, mapped, `keyof` and indexed access types. Default true; they then need no type parameter to stand in. */
  computed?: boolean;
  maxDepth?: number;
}

const primitiveNames: PrimitiveName[] = [
  ...(["string", "number", "boolean", "bigint", "null", "undefined", "unknown", "any", "never", "object"] as const),
];

const plainBuiltins: BuiltinName[] = [
  ...(["Date", "RegExp", "URL", "Error", "TypeError", "ArrayBuffer", "Uint8Array", "Float64Array", "Buffer"] as const),
];

/** Words that text could be mistaken for code by: quotes, escapes, line ends, prototype names. */
const nastyText = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "",
    "it's",
    '"',
    "`$\x7bx}`",
    "\\",
    "\n",
    "\r\n",
    "\u2028",
    "*/",
    "__proto__",
    "constructor",
    "\ud800",
  ),
  fc.string({ maxLength: 6, unit: "binary" }),
);

export const propertyNames: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("id", "size", "name", "kind", "tags") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "content-type",
      "__proto__",
      "constructor",
      "toString",
      "class",
      "größe",
      "1",
      "",
      "a b",
    ),
  },
);

/** Some reserved words can be labels. */
export const labels: fc.Arbitrary<string> = fc.constantFrom(
  "first",
  "second",
  "rest",
  "function",
  "this",
  "infer",
  "readonly",
);

const withFlags = <T extends object, K extends string>(
  value: T,
  flags: Record<K, boolean>,
): T & { [P in K]?: true } => {
  const set = Object.fromEntries(Object.entries(flags).filter(([, on]) => on));
  return { ...value, ...set } as T & { [P in K]?: true };
};

const isMember = (type: TypeSchema): boolean => type.kind !== "union";

export function types(scope: TypeScope = {}): fc.Arbitrary<TypeSchema> {
  const { references = [], typeParameters = [], computed = true, maxDepth = 3 } = scope;
  return fc.letrec<{ type: TypeSchema; leaf: TypeSchema; part: TypeSchema }>((tie) => {
    const type = tie("type");
    const sizes = { maxLength: 3 };

    const leaves: fc.WeightedArbitrary<TypeSchema>[] = [
      { weight: 5, arbitrary: fc.constantFrom(...primitiveNames).map((name) => ({ kind: "primitive", name })) },
      { weight: 3, arbitrary: literals },
      { weight: 2, arbitrary: fc.constantFrom(...plainBuiltins).map((name) => ({ kind: "builtin", name })) },
    ];
    if (typeParameters.length > 0) {
      const names = fc.constantFrom(...typeParameters);
      leaves.push({ weight: 4, arbitrary: names.map((name) => ({ kind: "typeParameter", name })) });
    }
    const plain = references.filter(({ arity }) => arity === 0);
    if (plain.length > 0) {
      const uses = fc.constantFrom(...plain).chain(({ name, members }) => {
        const whole: TypeSchema = { kind: "reference", name };
        const member = (of: string): TypeSchema => ({ kind: "reference", name, member: of });
        return members?.length ? fc.constantFrom(whole, ...members.map(member)) : fc.constant(whole);
      });
      leaves.push({ weight: 5, arbitrary: uses });
    }

    const parts: fc.Arbitrary<TypeSchema>[] = [
      fc
        .record({ element: type, readonly: fc.boolean() })
        .map(({ element, readonly }) => withFlags({ kind: "array", element } as const, { readonly })),
      fc
        .record({ elements: elements(type), readonly: fc.boolean() })
        .map(({ elements, readonly }) => withFlags({ kind: "tuple", elements } as const, { readonly })),
      objects(type),
      objects(type),
      fc
        .uniqueArray(type, { ...sizes, minLength: 2, selector: (item) => JSON.stringify(item) })
        .map((members) => members.filter(isMember))
        .map((members) => (members.length < 2 ? (members[0] ?? NULL) : { kind: "union", members })),
      fc.tuple(objects(type), objects(type), fc.boolean()).map(([first, second, brand]) => ({
        kind: "intersection",
        members: [brand ? STRING : first, brand ? second : agreeing(second, first)],
      })),
      fc.tuple(fc.constantFrom("Set", "ReadonlySet"), type).map(([name, element]) => ({
        kind: "builtin",
        name: name as BuiltinName,
        typeArguments: [element],
      })),
      fc.tuple(fc.constantFrom("Map", "ReadonlyMap"), type, type).map(([name, key, value]) => ({
        kind: "builtin",
        name: name as BuiltinName,
        typeArguments: [key, value],
      })),
      templates,
    ];
    const generic = references.filter(({ arity }) => arity > 0);
    if (generic.length > 0) {
      parts.push(
        fc
          .constantFrom(...generic)
          .chain(({ name, arity }) =>
            fc
              .array(type, { minLength: arity, maxLength: arity })
              .map((typeArguments) => ({ kind: "reference", name, typeArguments })),
          ),
      );
    }
    if (computed) parts.push(...computedTypes(type));
    return {
      leaf: fc.oneof(...leaves),
      part: fc.oneof(...parts),
      type: fc.oneof({ maxDepth, depthIdentifier: "type", withCrossShrink: true }, tie("leaf"), tie("part")),
    };
  }).type;
}

/**
 * Without the properties that are optional in one of two types and not in the other: TypeScript holds the intersection of such
 * types for something that is not assignable to a copy of itself.
 */
function agreeing(type: ObjectType, other: ObjectType): ObjectType {
  const flags = new Map(other.properties.map(({ name, optional }) => [name, optional]));
  const properties = type.properties.filter(({ name, optional }) => !flags.has(name) || flags.get(name) === optional);
  return { ...type, properties };
}

const NULL: TypeSchema = { kind: "primitive", name: "null" };
const STRING: TypeSchema = { kind: "primitive", name: "string" };

const literals: fc.Arbitrary<TypeSchema> = fc
  .oneof(
    nastyText,
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom(-0.5, 1e21, 1e-7),
    fc.boolean(),
    fc.bigInt({ min: -9n, max: 9n }).map((value) => ({ bigint: String(value) })),
  )
  .map((value) => ({ kind: "literal", value }));

const templates: fc.Arbitrary<TypeSchema> = fc
  .array(fc.constantFrom<PrimitiveName>("string", "number", "bigint", "boolean"), { minLength: 1, maxLength: 2 })
  .chain((names) =>
    fc.array(nastyText, { minLength: names.length + 1, maxLength: names.length + 1 }).map((texts) => ({
      kind: "templateLiteral",
      texts,
      types: names.map((name) => ({ kind: "primitive", name })),
    })),
  );

function properties(type: fc.Arbitrary<TypeSchema>): fc.Arbitrary<PropertySchema[]> {
  const property = fc
    .record({
      name: propertyNames,
      type,
      optional: fc.boolean(),
      readonly: fc.boolean(),
      doc: fc.option(nastyText, { nil: undefined, freq: 1 }),
    })
    .map(({ name, type, doc, ...flags }) => withFlags({ name, type, ...(doc && { doc }) }, flags));
  return fc.uniqueArray(property, { maxLength: 3, selector: ({ name }) => name });
}

function objects(type: fc.Arbitrary<TypeSchema>): fc.Arbitrary<ObjectType> {
  const dictionary = fc
    .tuple(fc.constantFrom<PrimitiveName>("string", "number"), type, fc.boolean())
    .map(([name, value, readonly]): ObjectType => {
      const index: IndexSignature = withFlags(
        { key: { kind: "primitive", name }, keyName: "key", value },
        { readonly },
      );
      return { kind: "object", properties: [], indexes: [index] };
    });
  return fc.oneof(
    { weight: 5, arbitrary: properties(type).map((own): ObjectType => ({ kind: "object", properties: own })) },
    { weight: 1, arbitrary: dictionary },
  );
}

function elements(type: fc.Arbitrary<TypeSchema>): fc.Arbitrary<TupleElement[]> {
  const element = fc.record({ type, label: fc.option(labels, { nil: undefined }) });
  return fc
    .record({
      required: fc.array(element, { maxLength: 2 }),
      optional: fc.array(element, { maxLength: 1 }),
      rest: fc.option(element),
    })
    .map(({ required, optional, rest }) => {
      const list: (Omit<TupleElement, "label"> & { label: string | undefined })[] = [
        ...required,
        ...optional.map((item) => ({ ...item, optional: true as const })),
        ...(rest ? [{ ...rest, type: { kind: "array", element: rest.type } as const, rest: true as const }] : []),
      ];
      return list.map(({ label, ...item }) => (label === undefined ? item : { ...item, label }));
    });
}

function computedTypes(type: fc.Arbitrary<TypeSchema>): fc.Arbitrary<TypeSchema>[] {
  const modifier = fc.constantFrom("add", "remove", undefined);
  return [
    type.map((of) => ({ kind: "keyof", type: of })),
    type.map((object) => ({ kind: "indexedAccess", object, index: { kind: "keyof", type: object } })),
    fc
      .record({ of: type, value: type, optional: modifier, readonly: modifier })
      .map(({ of, value, optional, readonly }) => ({
        kind: "mapped",
        parameter: "Key",
        constraint: { kind: "keyof", type: of },
        type: value,
        ...(optional && { optional }),
        ...(readonly && { readonly }),
      })),
    fc
      .record({ check: type, extends: type, whenTrue: type, whenFalse: type, infers: fc.option(fc.boolean()) })
      .map(({ infers, ...rest }) => {
        if (infers === null) return { kind: "conditional", ...rest };
        const infer: TypeSchema = { kind: "infer", name: "Item", ...(infers && { constraint: STRING }) };
        return { kind: "conditional", ...rest, extends: { kind: "array", element: infer } };
      }),
    type.map((of) => ({ kind: "global", name: "Partial", typeArguments: [of] })),
  ];
}

// ---- declarations ---------------------------------------------------------------------------------------------

type Plan = { name: string; kind: Declaration["kind"]; generic: boolean; members: string[] };

const enumMembers = fc.constantFrom("Red", "Green", "Blue", "dark-red", "__proto__");

/** A set of declarations that may refer to each other, also in circles where TypeScript lets them. */
export function declarations(options: { maxLength?: number; computed?: boolean } = {}): fc.Arbitrary<Declaration[]> {
  const { maxLength = 4, computed = true } = options;
  const plan = fc.record({
    kind: fc.constantFrom<Declaration["kind"]>("interface", "interface", "alias", "enum"),
    generic: fc.boolean(),
    members: fc.uniqueArray(enumMembers, { minLength: 1, maxLength: 3 }),
  });
  return fc.array(plan, { maxLength }).chain((items) => {
    const plans: Plan[] = items.map((item, at) => ({
      ...item,
      generic: item.generic && item.kind !== "enum",
      name: NAMES[at]!,
    }));
    return fc.tuple(...plans.map((item, at) => declarationOf(item, plans, at, computed)));
  });
}

const NAMES = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"];

function declarationOf(plan: Plan, plans: readonly Plan[], at: number, computed: boolean): fc.Arbitrary<Declaration> {
  const { name, kind, generic, members } = plan;
  if (kind === "enum") {
    const values = fc.constantFrom<"text" | "number">("text", "number");
    return values.map((value) => ({
      kind,
      name,
      members: members.map((member, index) => ({
        name: member,
        value: value === "text" ? member.toLowerCase() : index,
      })),
    }));
  }
  // An alias can name only what stands before it, or it may end up being itself.
  const reachable = plans.filter((other, index) =>
    kind === "alias" ? index < at : other.kind !== "alias" || index < at,
  );
  const scope: TypeScope = { ...scopeOf(reachable), computed, maxDepth: 2 };
  if (generic) scope.typeParameters = ["Item"];
  const typeParameters: TypeParameterSchema[] = [{ name: "Item" }];
  const head = generic ? { name, typeParameters } : { name };
  if (kind === "alias") return types(scope).map((type) => ({ kind, ...head, type }));
  return properties(types(scope)).map((own) => ({ kind, ...head, properties: own }));
}

function scopeOf(plans: readonly Plan[]): TypeScope {
  return {
    references: plans.map(({ name, kind, generic, members }) =>
      kind === "enum" ? { name, arity: 0, members } : { name, arity: generic ? 1 : 0 },
    ),
  };
}

/** The scope that declarations make. */
export function scopeOfDeclarations(all: readonly Declaration[]): TypeScope {
  return {
    references: all.map((declaration) =>
      declaration.kind === "enum"
        ? { name: declaration.name, arity: 0, members: declaration.members.map(({ name }) => name) }
        : { name: declaration.name, arity: declaration.typeParameters?.length ?? 0 },
    ),
  };
}

// ---- functions and manifests ----------------------------------------------------------------------------------

export const OPTIONS: ResolvedFunctionOptions = {
  retries: { maxRetries: 0, backoffCoefficient: 2, initialDelayMs: 1000, maxDelayMs: 60_000 },
  timeoutMs: 300_000,
  startupTimeoutMs: 60_000,
  minContainers: 0,
  maxContainers: 0,
  bufferContainers: 0,
  scaledownWindowMs: 60_000,
  concurrency: { maxInputs: 1 },
  secrets: [],
  env: {},
  memoryMiB: 0,
  validate: true,
};

const parameterNames = fc.constantFrom("image", "options", "width", "class", "rest", "größe");

export function parameters(scope: TypeScope = {}): fc.Arbitrary<ParameterSchema[]> {
  const parameter = fc
    .record({ name: parameterNames, type: types(scope), optional: fc.boolean() })
    .map(({ name, type, optional }) => withFlags({ name, type }, { optional }));
  return fc
    .tuple(
      fc.uniqueArray(parameter, { maxLength: 3, selector: ({ name }) => name }),
      fc.option(types(scope), { freq: 4 }),
    )
    .map(([list, element]) => {
      // A rest parameter comes last, and what is optional after what is required.
      const sorted: ParameterSchema[] = [
        ...list.filter((item) => !item.optional),
        ...list.filter((item) => item.optional),
      ];
      return element ? [...sorted, { name: "more", type: { kind: "array", element }, rest: true }] : sorted;
    });
}

export function callSignatures(scope: TypeScope = {}): fc.Arbitrary<CallSignature> {
  return fc.boolean().chain((generic) => {
    const inner: TypeScope = generic ? { ...scope, typeParameters: ["Value"] } : scope;
    return fc
      .record({ parameters: parameters(inner), returns: types(inner) })
      .map((call) => (generic ? { typeParameters: [{ name: "Value" }], ...call } : call));
  });
}

export function functions(scope: TypeScope = {}): fc.Arbitrary<FunctionSchema> {
  return fc
    .record({
      name: fc.constantFrom("resize", "frames", "delete", "größe", "index"),
      mode: fc.constantFrom("unary", "generator"),
      call: callSignatures(scope),
      doc: fc.option(nastyText, { nil: undefined }),
    })
    .map(({ name, mode, call, doc }) => ({
      name,
      mode,
      ...call,
      ...(doc !== undefined && { doc }),
      options: OPTIONS,
      signature: "0000000000000000",
    }));
}

export function manifests(options: { computed?: boolean } = {}): fc.Arbitrary<AppManifest> {
  return declarations(options).chain((declared) => {
    const scope = { ...scopeOfDeclarations(declared), computed: options.computed ?? true };
    return fc.uniqueArray(functions(scope), { maxLength: 3, selector: ({ name }) => name }).map((list) => ({
      schemaVersion: 1,
      app: "images",
      environment: "main",
      version: 1,
      deployedAt: "2026-01-01T00:00:00.000Z",
      language: "typescript",
      declarations: declared,
      functions: list,
    }));
  });
}
