import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { introspect } from "../../src/introspect/index.ts";
import { fixtures } from "./support/printed.ts";

function fn(entry: string, name: string) {
  const { functions } = introspect(join(fixtures, entry), { root: fixtures });
  return functions.find((each) => each.name === name)!;
}

describe("documentation is kept as the author wrote it", () => {
  test("of a function with its tags; @param tags go to the parameters", () => {
    const resize = fn("images.ts", "resize");
    expect(resize.doc).toBe(`Scales an image.

@returns the bytes of the scaled one
@throws {RangeError} when it is too large
@example
\`\`\`ts
// @param is not a tag here
await resize(bytes);
\`\`\`
@deprecated use {@link frames}`);
    expect(resize.parameters.map(({ name, doc, default: value }) => [name, doc, value])).toEqual([
      ["image", "the bytes of the image", undefined],
      ["options", "how; by default\n  as large as it is", '{ fit: "cover" }'],
      ["rest", undefined, undefined],
    ]);
  });

  test("of the app, declarations, properties, enum members and type parameters", () => {
    const { doc } = introspect(join(fixtures, "images.ts"));
    expect(doc).toBe("Works on images.");
    const { declarations } = introspect(join(fixtures, "docs.ts"));
    expect(declarations).toMatchObject([
      {
        name: "Colour",
        doc: "A colour.\n@see {@link https://example.com/colours}",
        members: [{ doc: "Like a rose." }, { doc: "@deprecated use {@link Colour.Red}" }],
      },
      {
        name: "Box",
        doc: "A box of T.",
        typeParameters: [{ name: "T", doc: "what is in it" }],
        properties: [{ doc: "What is in it.\n\n  - indented\n@example\n  box.value" }, {}, {}],
      },
      { name: "Boxes", doc: "An alias." },
    ]);
    const box = declarations[1];
    expect(box?.kind === "interface" && box.properties.slice(1).map(({ doc }) => doc)).toEqual([undefined, undefined]);
  });

  test("preferring a function's registration to its declaration", () => {
    const open = fn("docs.ts", "open");
    expect(open.doc).toBe("Said where it is registered.");
    expect(open.parameters.map(({ name, doc }) => [name, doc])).toEqual([
      ["boxes", "which to open"],
      ["limit", "at most"],
      ["options", undefined],
      ["last", "said in place"],
    ]);
    expect(open.typeParameters).toEqual([{ name: "T", doc: "any" }]);
  });

  test("of each overload", () => {
    const { overloads } = fn("docs.ts", "overloaded");
    expect(overloads?.map(({ doc, parameters }) => [doc, parameters[0]?.doc])).toEqual([
      ["By text.", "text"],
      ["By number.", "number"],
    ]);
  });

  test("of an overloaded function as a whole: the comment at its registration, else that of the first overload that is not deprecated", () => {
    expect(fn("docs.ts", "overloaded").doc).toBe("By text.");
    expect(fn("docs.ts", "registered").doc).toBe("Either.");
    expect(fn("docs.ts", "moved").doc).toBe("By number.");
    expect(fn("docs.ts", "gone").doc).toBe("By text.\n@deprecated");
  });

  test("and names a destructured parameter", () => {
    const { parameters } = fn("docs.ts", "taken");
    expect(parameters.map(({ name, doc }) => [name, doc])).toEqual([
      ["settings", "how"],
      ["items", undefined],
      ["options", undefined],
    ]);
  });
});
