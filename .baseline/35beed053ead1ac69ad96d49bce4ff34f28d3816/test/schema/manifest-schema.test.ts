/** The JSON Schema of manifests agrees with `parse` on their shape, so that other languages refuse the same manifests. */
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { manifestSchema, parseManifest } from "../../src/schema/index.ts";
import { manifests } from "../support/arbitraries.ts";

const ajv = new Ajv2020({ strict: false });
const accepts = ajv.compile(await manifestSchema());

/** Beyond JSON Schema: which names are in scope, distinct and identifiers, and which types fit together. */
const SHAPE = /: (expected |is missing$|.* is not one of )/;

/** The replacements for a part of a manifest. */
const STRANGERS = [null, true, false, 0, -1, 0.5, "", "kind", [], [null], {}, { kind: "primitive" }, { kind: "none" }];

test("every manifest that can be read fits the JSON Schema", async () => {
  await fc.assert(
    fc.asyncProperty(manifests(), async (manifest) => {
      await parseManifest(manifest);
      expect(accepts(manifest), ajv.errorsText(accepts.errors)).toBe(true);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

test("a part with a wrong shape is refused by both or by neither", async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      manifests(),
      fc.nat(),
      fc.constantFrom(...STRANGERS, undefined),
      async (manifest, at, stranger) => {
        const changed = structuredClone(manifest);
        const places = placesIn(changed);
        const [parent, key] = places[at % places.length]!;
        if (stranger === undefined) Reflect.deleteProperty(parent, key);
        else parent[key] = structuredClone(stranger);
        const text = JSON.parse(JSON.stringify(changed));
        const message = await parseManifest(text).then(
          () => "",
          (error: Error) => error.message,
        );
        if (key === "schemaVersion") return;
        const fits = accepts(text);
        if (!fits) expect(message, ajv.errorsText(accepts.errors)).not.toBe("");
        if (SHAPE.test(message.split("\n").find((line) => SHAPE.test(line)) ?? "")) expect(fits, message).toBe(false);
        if (message !== "") refused++;
      },
    ),
    { numRuns: 200, endOnFailure: true },
  );
  expect(refused).toBeGreaterThan(50);
});

function placesIn(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    [value as Record<string, unknown>, key] as [Record<string, unknown>, string],
    ...placesIn(item),
  ]);
}
