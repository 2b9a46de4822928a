/** Real packages' functions come out of the generator with the types that their authors gave them. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Fidelity, measure } from "./measure.ts";
import { type FidelityPackage, PACKAGES } from "./packages.ts";

/** Modules with what packages have seldom: enums, generators, odd types. */
const fixtures: FidelityPackage = {
  name: "fixtures",
  style: "",
  modules: ["values.ts", "named.ts", "computed.ts", "open.ts", "compared.ts", "inferred.ts", "foreign.js"].map((file) =>
    join(import.meta.dirname, "../introspect/fixtures/sameness", file),
  ),
};
const ALL = [...PACKAGES, fixtures];
let measured: Fidelity[];

beforeAll(async () => {
  measured = await measure(ALL);
}, 300_000);

/** What a function may be refused for. Anything else is a fault of the introspection. */
const GOOD_REASONS =
  /cannot cross the wire|loses its class on the wire|lose it on the wire|whose other members|stands for functions|needs a name/;

describe.each(ALL)("the functions of $name", ({ name }) => {
  const of = () => measured.find((each) => each.name === name)!;

  test("have the same types in their stubs, wherever they can cross the wire", () => {
    expect(of().different).toEqual([]);
    expect(of().identical.length).toBeGreaterThan(0);
  });

  test("are refused for what cannot cross alone", () => {
    const reasons = of().refused.flatMap(({ problems }) => problems.map(({ message }) => message));
    expect(reasons.filter((reason) => !GOOD_REASONS.test(reason))).toEqual([]);
  });
});

test("come through in number", () => {
  const count = measured.reduce((sum, { identical }) => sum + identical.length, 0);
  expect(count).toBeGreaterThan(400);
});
