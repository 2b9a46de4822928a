/** Unions that are part of a union inside themselves, as `type Json = string | { [key: string]: Json | undefined }` is. */
import fc from "fast-check";
import type { Declaration, TypeSchema } from "../../src/schema/index.ts";

const NAMES = ["Tree", "Twig"];

const leaves: fc.Arbitrary<TypeSchema> = fc.constantFrom(
  ...(["string", "number", "null", "undefined"] as const).map((name): TypeSchema => ({ kind: "primitive", name })),
  ...["a", true].map((value): TypeSchema => ({ kind: "literal", value })),
);

/** The containers in which one of the two holds itself or the other. */
const holders = fc.constantFrom<(type: TypeSchema) => TypeSchema>(
  (type) => ({ kind: "array", element: type }),
  (type) => ({ kind: "object", properties: [{ name: "x", type }] }),
  (type) => ({
    kind: "object",
    properties: [],
    indexes: [{ key: { kind: "primitive", name: "string" }, value: type }],
  }),
);

const members: fc.Arbitrary<TypeSchema> = fc
  .record({
    leaf: leaves,
    hold: holders,
    inner: fc.array(leaves, { maxLength: 2 }),
    names: fc.subarray(NAMES, { minLength: 1 }),
  })
  .map(({ leaf, hold, inner, names }) => ({
    kind: "union",
    members: [
      leaf,
      hold({ kind: "union", members: [...names.map((name) => ({ kind: "reference", name }) as const), ...inner] }),
    ],
  }));

/** Two aliases that other declarations may refer to. */
export const recursiveUnions: fc.Arbitrary<Declaration[]> = fc
  .tuple(members, members)
  .map((types) => types.map((type, at): Declaration => ({ kind: "alias", name: NAMES[at]!, type })));
