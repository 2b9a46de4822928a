import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Declaration,
  type FunctionSchema,
  type ParameterSchema,
  signatureOf,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { functions, manifests, scopeOfDeclarations } from "../support/arbitraries.ts";
import { recursiveUnions } from "./recursive.ts";

type Unsigned = Omit<FunctionSchema, "signature" | "options">;

const STRING: TypeSchema = { kind: "primitive", name: "string" };
const NUMBER: TypeSchema = { kind: "primitive", name: "number" };
const NULL: TypeSchema = { kind: "primitive", name: "null" };
const BOOLEAN: TypeSchema = { kind: "primitive", name: "boolean" };
const ref = (name: string, ...typeArguments: TypeSchema[]): TypeSchema =>
  typeArguments.length > 0 ? { kind: "reference", name, typeArguments } : { kind: "reference", name };
const union = (...members: TypeSchema[]): TypeSchema => ({ kind: "union", members });
const orUndefined = (name: string): TypeSchema => union(ref(name), { kind: "primitive", name: "undefined" });
const object = (properties: Record<string, TypeSchema>): TypeSchema => ({
  kind: "object",
  properties: Object.entries(properties).map(([name, type]) => ({ name, type })),
});
const taking = (type: TypeSchema, more: Partial<ParameterSchema> = {}): Unsigned => ({
  name: "f",
  mode: "unary",
  parameters: [{ name: "input", type, ...more }],
  returns: STRING,
});
const face = (name: string, properties: Record<string, TypeSchema>, more: object = {}): Declaration => ({
  kind: "interface",
  name,
  properties: Object.entries(properties).map(([key, type]) => ({ name: key, type })),
  ...more,
});
const alias = (name: string, type: TypeSchema): Declaration => ({ kind: "alias", name, type });

describe("a signature", () => {
  test("is short and readable", () => {
    expect(signatureOf(taking(STRING), [])).toMatch(/^[0-9a-f]{16}$/);
  });

  const recursive = recursiveUnions.chain((declarations) =>
    fc.record({
      declarations: fc.constant(declarations),
      functions: fc.array(functions(scopeOfDeclarations(declarations)), { maxLength: 3 }),
    }),
  );

  test("stays when declarations and functions are written in another order, documented, and renamed", () => {
    fc.assert(
      fc.property(fc.oneof(manifests(), recursive), fc.func(fc.integer()), ({ functions, declarations }, order) => {
        const enums = new Set(declarations.filter(({ kind }) => kind === "enum").map(({ name }) => name));
        const rewrite = (value: unknown): unknown => {
          if (Array.isArray(value)) return value.map(rewrite);
          if (typeof value !== "object" || value === null) return value;
          const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rewrite(item)]));
          const { kind, name } = copy as { kind?: string; name?: string };
          if ((kind === "reference" || kind === "interface" || kind === "alias") && !enums.has(name!))
            copy.name = `${name}2`;
          if (kind === "typeParameter" || (kind === undefined && (name === "Value" || name === "Item")))
            copy.name = `${name}2`;
          if (kind === "infer") copy.name = `${name}2`;
          for (const set of ["properties", kind === "union" || kind === "enum" ? "members" : ""]) {
            const items = copy[set];
            if (Array.isArray(items)) copy[set] = [...items].sort((a, b) => order(a, b));
          }
          return kind === undefined ? copy : { ...copy, doc: "another comment" };
        };
        const again = (rewrite(declarations) as Declaration[]).reverse();
        for (const fn of functions) {
          const moved = { ...(rewrite(fn) as FunctionSchema), name: "other", source: { file: "b.ts", line: 9 } };
          expect(signatureOf(moved, again)).toBe(signatureOf(fn, declarations));
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, Unsigned, Unsigned, Declaration[]?, Declaration[]?]>([
    ["a label", taking(STRING), { ...taking(STRING), parameters: [{ name: "text", type: STRING }] }],
    ["an alias in place of what it stands for", taking(ref("A")), taking(STRING), [alias("A", STRING)]],
    [
      "a union behind an alias",
      taking(union(ref("A"), BOOLEAN)),
      taking(union(BOOLEAN, STRING, NUMBER)),
      [alias("A", union(NUMBER, STRING))],
    ],
    [
      "boolean written out",
      taking(BOOLEAN),
      taking(union({ kind: "literal", value: false }, { kind: "literal", value: true })),
    ],
    [
      "an interface in place of an object type",
      taking(ref("A")),
      taking(object({ b: NUMBER, a: STRING })),
      [face("A", { a: STRING, b: NUMBER })],
    ],
    [
      "inherited properties",
      taking(ref("B")),
      taking(object({ a: STRING, b: NUMBER })),
      [face("A", { a: STRING }), face("B", { b: NUMBER }, { extends: [ref("A")] })],
    ],
    ["a default in place of a question mark", taking(STRING, { optional: true }), taking(STRING, { default: '""' })],
    [
      "undefined written out on an optional parameter",
      taking(STRING, { optional: true }),
      taking(union(STRING, { kind: "primitive", name: "undefined" }), { optional: true }),
    ],
  ])("does not change with %s", (_, a, b, declarations = [], other = declarations) => {
    expect(signatureOf(a, declarations)).toBe(signatureOf(b, other));
  });

  const list = (item: TypeSchema): Declaration[] => [
    face("List", { item, next: union(ref("List"), { kind: "primitive", name: "null" }) }),
  ];
  test.each<[string, Unsigned, Unsigned, Declaration[]?, Declaration[]?]>([
    ["a parameter's type", taking(STRING), taking(NUMBER)],
    ["optional", taking(STRING), taking(STRING, { optional: true })],
    ["rest", taking({ kind: "array", element: STRING }), taking({ kind: "array", element: STRING }, { rest: true })],
    ["the result", taking(STRING), { ...taking(STRING), returns: NUMBER }],
    ["the mode", taking(STRING), { ...taking(STRING), mode: "generator" }],
    [
      "a property's readonly",
      taking(object({})),
      taking({ kind: "object", properties: [{ name: "a", type: STRING, readonly: true }] }),
    ],
    ["passing by name", taking(STRING), { ...taking(STRING), keywords: true }],
    [
      "a name that can be passed by",
      { ...taking(STRING), keywords: true },
      { ...taking(STRING, { name: "text" }), keywords: true },
    ],
    ["a type far below", taking(ref("List")), taking(ref("List")), list(STRING), list(NUMBER)],
    ["a type parameter", taking(STRING), { ...taking(STRING), typeParameters: [{ name: "T" }] }],
    ["an overload", taking(STRING), { ...taking(STRING), overloads: [taking(NUMBER), taking(STRING)] }],
    [
      "an enum's name, since enums are nominal",
      taking(ref("A")),
      taking(ref("B")),
      [{ kind: "enum", name: "A", members: [{ name: "X", value: 1 }] }],
      [{ kind: "enum", name: "B", members: [{ name: "X", value: 1 }] }],
    ],
    [
      "the one that a circle begins with",
      taking(ref("A")),
      taking(ref("B")),
      [face("A", { next: ref("B") }), face("B", { next: ref("C") }), face("C", { next: ref("A"), x: STRING })],
    ],
    [
      "a string that looks like code",
      taking({ kind: "literal", value: 'a","b' }),
      taking(union({ kind: "literal", value: "a" }, { kind: "literal", value: "b" })),
    ],
    [
      "a type argument",
      taking(ref("Box", STRING)),
      taking(ref("Box", NUMBER)),
      [face("Box", { a: { kind: "typeParameter", name: "T" } }, { typeParameters: [{ name: "T" }] })],
    ],
  ])("changes with %s", (_, a, b, declarations = [], other = declarations) => {
    expect(signatureOf(a, declarations)).not.toBe(signatureOf(b, other));
  });

  describe("of a type that is part of a union inside itself", () => {
    const json = (leaf: TypeSchema): Declaration[] => [
      alias(
        "Json",
        union(leaf, { kind: "array", element: union(ref("Json"), NULL) }, object({ x: orUndefined("Json") })),
      ),
      alias("Renamed", ref("Json")),
    ];
    const circle = (leaf: TypeSchema): Declaration[] => [
      alias("A", union(STRING, object({ b: orUndefined("B") }))),
      alias("B", union(leaf, ref("C"))),
      alias("C", union(NULL, { kind: "array", element: union(ref("A"), ref("B")) })),
    ];

    test("is made, and depends on nested types", () => {
      const signatures = [STRING, NUMBER].flatMap((leaf) => [
        signatureOf(taking(ref("Json")), json(leaf)),
        signatureOf(taking(orUndefined("Json")), json(leaf)),
        ...["A", "B", "C"].map((name) => signatureOf(taking(ref(name)), circle(leaf))),
      ]);
      expect(new Set(signatures).size).toBe(signatures.length);
    });

    test("stays the same behind another name, in another order", () => {
      const renamed = signatureOf(taking(orUndefined("Renamed")), json(STRING));
      expect(renamed).toBe(signatureOf(taking(orUndefined("Json")), json(STRING)));
      for (const name of ["A", "B", "C"]) {
        const signature = signatureOf(taking(orUndefined(name)), circle(NUMBER));
        expect(signatureOf(taking(orUndefined(name)), circle(NUMBER).reverse())).toBe(signature);
      }
    });
  });

  test("distinguishes cycles of different lengths, but not the same cycle entered twice", () => {
    const circle = (length: number): Declaration[] =>
      Array.from({ length }, (_, at) =>
        face(`N${at}`, { next: ref(`N${(at + 1) % length}`), ...(at === 0 && { mark: STRING }) }),
      );
    const signatures = [2, 3, 4, 5, 6].map((length) => signatureOf(taking(ref("N0")), circle(length)));
    expect(new Set(signatures).size).toBe(5);
    // Two turns of an unmarked circle are one.
    const plain = (length: number): Declaration[] =>
      Array.from({ length }, (_, at) => face(`N${at}`, { next: ref(`N${(at + 1) % length}`) }));
    expect(signatureOf(taking(ref("N0")), plain(2))).toBe(signatureOf(taking(ref("N0")), plain(3)));
  });
});
