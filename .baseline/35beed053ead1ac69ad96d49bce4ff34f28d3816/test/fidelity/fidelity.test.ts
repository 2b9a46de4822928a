/** Real packages' functions come out of the generator with the types that their authors gave them. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RefusalReason } from "../../src/introspect/index.ts";
import { type Fidelity, measure } from "./measure.ts";
import { type FidelityPackage, PACKAGES } from "./packages.ts";

/** Modules with constructs that are rare in packages: enums, generators, odd types. */
const fixtures: FidelityPackage = {
  name: "fixtures",
  style: "",
  modules: [
    ...["values.ts", "named.ts", "computed.ts", "open.ts", "compared.ts", "inferred.ts", "foreign.js"].map((file) =>
      join(import.meta.dirname, "../introspect/fixtures/sameness", file),
    ),
    join(import.meta.dirname, "fixtures/unusual.ts"),
  ],
};
const ALL = [...PACKAGES, fixtures];
let measured: Fidelity[];

beforeAll(async () => {
  measured = await measure(ALL);
});

/** The valid reasons for refusing a function: values that cannot be sent. Any other reason is a bug in the introspection. */
const GOOD_REASONS: ReadonlySet<RefusalReason | undefined> = new Set<RefusalReason>([
  "function",
  "symbol",
  "class",
  "iterator",
  "promise",
  "stream",
  "weak",
  "signal",
  "platform",
  "wrapper",
]);

describe.each(ALL)("the functions of $name", ({ name }) => {
  const of = () => measured.find((each) => each.name === name)!;

  test("have the same types in their stubs, wherever they can be sent", () => {
    expect(of().different).toEqual([]);
    expect(of().identical.length).toBeGreaterThan(0);
  });

  test("are refused only for values that cannot be sent", () => {
    const problems = of().refused.flatMap((each) => each.problems);
    expect(problems.filter(({ reason }) => !GOOD_REASONS.has(reason))).toEqual([]);
    // Each says where it is, and what to do about it.
    expect(problems.filter(({ path, hint, line }) => !path || !hint || line < 1)).toEqual([]);
  });
});

test("mostly come through: more than 400 are identical", () => {
  const count = measured.reduce((sum, { identical }) => sum + identical.length, 0);
  expect(count).toBeGreaterThan(400);
});
