/** The build compiles the shipped templates to functions, whose output equals Handlebars'. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { compileTemplates, precompileTemplates } from "../../src/codegen/templates/precompile.ts";
import { layoutOf, renderPlan } from "../../src/codegen/templates/render.ts";
import { loadTemplates, type Templates } from "../../src/codegen/templates/templates.ts";
import { helpers } from "../../src/plan/helpers.ts";
import { planFiles } from "../../src/plan/plan.ts";
import { fn, manifest, number, parameter, reference, text } from "./support.ts";

async function precompiled(): Promise<Templates> {
  const folder = await mkdtemp(join(tmpdir(), "precompiled-"));
  try {
    const file = join(folder, "templates.mjs");
    await writeFile(file, await precompileTemplates());
    const { default: templates } = await import(pathToFileURL(file).href);
    return {
      render: (name, context, data = {}) => `${templates[name](context, helpers, { hash: {}, data }).trim()}\n`,
      isShipped: true,
      inputs: [],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const rich = manifest(
  "rich",
  [
    fn("plain", [parameter("a", number, { doc: "How many." })], text, { doc: "Says */ so.\nTwice." }),
    fn("delete", [parameter("color", reference("Color"))], reference("Size"), { source: { file: "a.ts", line: 3 } }),
    fn("my-name", [], reference("Either")),
    fn("generic", [parameter("value", { kind: "typeParameter", name: "T" })], text, {
      typeParameters: [{ name: "T" }],
    }),
  ],
  [
    {
      kind: "enum",
      name: "Color",
      doc: "Colours.",
      members: [
        { name: "Red", value: 0, doc: "Like blood." },
        { name: "delete", value: 1 },
        { name: "dark red", value: "dark" },
      ],
    },
    {
      kind: "interface",
      name: "Size",
      properties: [
        { name: "width", type: number, doc: "In pixels." },
        { name: "the height", type: number, optional: true },
      ],
    },
    { kind: "alias", name: "Either", type: { kind: "union", members: [text, number] } },
  ],
);

test.each(["ts", "js"] as const)("as %s, an app of everything comes out the same either way", async (emit) => {
  const layout = layoutOf(emit, ".ts", true);
  for (const exports of ["flat", "namespaces"] as const) {
    for (const manifests of [[rich], [manifest("none", [])], []]) {
      const plan = planFiles(
        manifests.map((item) => ({ manifest: item })),
        { exports, importExtension: ".ts", engine: "local:" },
      );
      const [ours, theirs] = [await precompiled(), await loadTemplates(undefined)].map((templates) =>
        renderPlan(plan, templates, layout),
      );
      expect(ours).toEqual(theirs);
    }
  }
});

test("a template with an unsupported construct stops the build, by name", () => {
  const compile = (source: string) => () => compileTemplates([{ name: "mine", file: "mine.hbs", text: source }]);
  for (const source of [
    "{{#with a}}{{/with}}",
    "{{lookup a b}}",
    "{{@key}}",
    "{{../a}}",
    "x\n  {{> member}}\n",
    "{{{{raw}}}}{{{{/raw}}}}",
  ])
    expect(compile(source), source).toThrow("the template mine has");
});
