/** Generated lines fit a page, and breaking them changes white space only. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import { planFiles, wrapCode } from "../../src/plan/index.ts";
import type { Declaration, TypeSchema } from "../../src/schema/index.ts";
import { manifests } from "../support/arbitraries.ts";
import { COMPILERS } from "../support/compile.ts";
import { fn, manifest, number, Project, parameter, registry, text } from "./support.ts";

const words = (count: number) => Array.from({ length: count }, (_, i) => `word${"abcdefghij"[i % 10]}${i}`);

const wide: TypeSchema = {
  kind: "object",
  properties: words(12).map((name) => ({ name, type: { kind: "array", element: text } as const })),
};
const choice: TypeSchema = { kind: "union", members: words(14).map((value) => ({ kind: "literal", value }) as const) };
const alias: Declaration = { kind: "alias", name: "Choice", type: choice };
const described: Declaration = {
  kind: "interface",
  name: "Described",
  properties: [{ name: "choice", type: choice, doc: `Says ${words(40).join(" ")}.` }],
};

test.each(COMPILERS)(
  "no line is wider than 120 columns, whatever the types and the comments are (%s)",
  async (compiler) => {
    await using deployed = await registry();
    using project = new Project();
    const doc = `Takes ${words(60).join(" ")}.\n\n- ${words(30).join(" ")}\n@param options ${words(30).join(" ")}\n@see ${words(3).join("/")}`;
    const functions = [
      fn("broad", [parameter("options", wide, { doc: words(30).join(" ") }), parameter("choice", choice)], wide, {
        doc,
      }),
      fn("generic", [parameter("value", { kind: "typeParameter", name: "T" }), parameter("options", wide)], wide, {
        typeParameters: [{ name: "T", constraint: choice }],
      }),
      fn("counted", [parameter("to", number)], choice, { mode: "generator", doc: words(17).join(" ") }),
    ];
    await deployed.deploy(manifest("wide", functions, [alias, described]));
    for (const emit of ["ts", "js"] as const) {
      await generate({ apps: ["wide"], emit, output: `src/${emit}` }, { cwd: project.path, engine: deployed.engine });
      const files = project.list(`src/${emit}`).filter((name) => /\.[jt]s$/.test(name));
      const lines = files.flatMap((name) => project.read(`src/${emit}/${name}`).split("\n"));
      expect(lines.filter((line) => line.length > 120 && !line.includes("sourceMappingURL"))).toEqual([]);
    }
    expect(await project.check(compiler)).toBe("");
  },
);

test("examples, tables and code in comments stay as they are", async () => {
  await using deployed = await registry();
  using project = new Project();
  const example = `f("${words(30).join(" ")}")`;
  const doc = `| ${words(30).join(" | ")} |\n\`\`\`ts\n${example}\n\`\`\`\n@example\n${example}\n@remarks short`;
  await deployed.deploy(manifest("documented", [fn("f", [], text, { doc })]));
  await generate({ apps: ["documented"] }, { cwd: project.path, engine: deployed.engine });
  for (const line of doc.split("\n")) expect(project.read("src/generated/documented.ts")).toContain(` * ${line}\n`);
});

/** Without white space, and without the operator that may stand before the first member of a broken type. */
const bare = (code: string) => code.replace(/\s+/g, "").replace(/([:=<([,{;?>])[|&]/g, "$1");

test("only white space and leading operators change, for any types", () => {
  const settings = { exports: "namespaces", importExtension: ".ts" } as const;
  fc.assert(
    fc.property(manifests(), (generated) => {
      const { apps } = planFiles([{ manifest: generated }], settings);
      const types = apps.flatMap(({ functions }) => functions.map(({ local, type }) => `const ${local}: ${type};`));
      for (const line of types) expect(bare(wrapCode(line))).toBe(bare(line));
    }),
    { numRuns: 50 },
  );
});
