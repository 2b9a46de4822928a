/** Documentation, taken apart. */
import { expect, test } from "vitest";
import { docParts, docTags } from "../../src/schema/index.ts";

test("tags are apart, each with all its lines, and what stands in a fenced block is no tag", () => {
  const { text, tags, deprecated } = docParts(
    [
      "Draws.",
      "",
      "@returns the picture",
      "of one file",
      "@example",
      "```ts",
      "@decorated()",
      "class A {}",
      "```",
      "@deprecated",
      "@see draw",
    ].join("\n"),
  );
  expect([text, deprecated]).toEqual(["Draws.", true]);
  expect(docTags(tags)).toEqual([
    { name: "returns", text: "the picture\nof one file" },
    { name: "example", text: "```ts\n@decorated()\nclass A {}\n```" },
    { name: "deprecated", text: "" },
    { name: "see", text: "draw" },
  ]);
  expect(docTags(undefined)).toEqual([]);
});
