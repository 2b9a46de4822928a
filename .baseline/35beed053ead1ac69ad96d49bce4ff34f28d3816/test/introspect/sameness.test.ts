import { join } from "node:path";
import { expect, test } from "vitest";
import { sameness } from "./support/sameness.ts";

const fixtures = join(import.meta.dirname, "fixtures/sameness");

test.each(["values.ts", "named.ts", "computed.ts", "open.ts", "compared.ts", "made.ts", "foreign.js"])(
  "types of %s come out as they went in",
  (name) => {
    const { same, different, refused } = sameness(join(fixtures, name));
    expect(different).toEqual([]);
    expect(refused).toEqual([]);
    expect(same.length).toBeGreaterThan(4);
  },
);
