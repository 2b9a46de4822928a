/** The comparison of authors' types with stubs' can fail: it notices every way in which a stub can be wrong. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Fidelity, measure } from "./measure.ts";

/** The change made to each function's stub. */
const CHANGES: Record<string, [from: string, to: string]> = {
  renamed: ["[text: string]", "[txt: string]"],
  mutable: ["list: readonly string[]", "list: string[]"],
  mutableProperty: ["{ readonly width: number }", "{ width: number }"],
  required: ["[text?: string | undefined]", "[text: string | undefined]"],
  requiredProperty: ["{ width?: number }", "{ width: number }"],
  array: ["[...texts: string[]]", "[texts: string[]]"],
  widened: ['mode: "fast" | "small"', "mode: string"],
  widenedResult: ["404 | 500", "number"],
  opened: ["{ id: string }", "{ id: any }"],
  generic: ["readonly T[]", "T[]"],
  overloaded: ["(value: number)", "(value: number | bigint)"],
  yielded: ["string | undefined", "string"],
  numbered: ["8: string", '"8": string'],
  promised: ["Promise<T>", "Promise<Awaited<T>>"],
};
const file = join(import.meta.dirname, "fixtures/sabotaged.ts");
let honest: Fidelity;
let sabotaged: Fidelity;

beforeAll(async () => {
  const of = { name: "sabotaged", style: "", modules: [file] };
  [honest, sabotaged] = (await Promise.all([measure([of]), measure([of], { alter })])).flat() as [Fidelity, Fidelity];
});

/** Changes each function's stub, and fails when there is nothing to change. */
function alter(stubs: string): string {
  let text = stubs;
  for (const [name, [from, to]] of Object.entries(CHANGES)) {
    // The interface of a function that has one; otherwise its const.
    const own = text.indexOf(`interface ${name[0]!.toUpperCase()}${name.slice(1)}Function `);
    const start = own >= 0 ? own : text.indexOf(`const ${name}:`);
    const end = text.indexOf(own >= 0 ? "\n}" : ";\n", start);
    const part = text.slice(start, end);
    if (start < 0 || !part.includes(from)) throw new Error(`the stub of ${name} has no ${from}: ${part}`);
    text = text.slice(0, start) + part.replaceAll(from, to) + text.slice(end);
  }
  return text;
}

test("stubs as generated are identical", () => {
  expect(honest.different).toEqual([]);
  expect(honest.identical).toHaveLength(Object.keys(CHANGES).length + 2);
});

test.each(Object.keys(CHANGES))("%s: a different type is noticed", (name) => {
  expect(sabotaged.different.map((each) => each.name)).toContain(`${file}: ${name}`);
});

test("no other function is reported", () => {
  expect(sabotaged.identical).toEqual([`${file}: kept`, `${file}: mixed`]);
});
