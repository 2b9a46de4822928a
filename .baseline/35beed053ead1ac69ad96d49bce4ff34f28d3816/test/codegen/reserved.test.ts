/** Names and words that mean something to the compiler, where they are somebody's names and documentation: stubs compile all the same. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import type { AppManifest, Declaration } from "../../src/schema/index.ts";
import { COMPILERS } from "../support/compile.ts";
import { type Draft, fn, manifest, Project, parameter, type Registry, reference, registry, text } from "./support.ts";

let deployed: Registry;
beforeAll(async () => {
  deployed = await registry();
});
afterAll(() => deployed[Symbol.asyncDispose]());

const RESERVED = [
  ...["await", "break", "class", "const", "default", "delete", "enum", "export", "false", "function", "implements"],
  ...["import", "interface", "let", "new", "null", "package", "private", "protected", "public", "static", "this"],
  ...["typeof", "void", "yield", "arguments", "eval", "undefined", "globalThis", "exports", "module", "require"],
  ...["constructor", "__proto__", "prototype", "then", "index", "Promise", "stubs", "type"],
];

const DIRECTIVES = [
  "@ts-expect-error it is right",
  "@ts-ignore",
  "@ts-nocheck",
  "@ts-check",
  "* @ts-expect-error",
  "//@ts-expect-error",
  "first\n@ts-expect-error second",
  "first\n* @ts-ignore",
  "@jsx h",
  "@jsxImportSource nowhere",
  '/ <reference path="nowhere.d.ts" />',
  "# sourceMappingURL=nowhere.map",
  "eslint-disable",
];

/** Everything that has documentation, with this one. */
function documented(doc: string, at: number): { functions: Draft[]; declarations: Declaration[]; of: object } {
  const draft = (name: string, type: string, more: object = {}) =>
    fn(name, [parameter("value", reference(type), { doc })], text, { doc, ...more });
  const [shape, choice, holder] = [`Shape${at}`, `Choice${at}`, `Holder${at}`];
  return {
    functions: [draft(`f${at}`, shape), draft(`g${at}`, choice), draft(`${holder}.m`, shape, { class: holder })],
    declarations: [
      { kind: "interface", name: shape, doc, properties: [{ name: "a", type: text, doc }] },
      { kind: "enum", name: choice, doc, members: [{ name: "A", value: 1, doc }] },
    ],
    of: { name: holder, doc, signature: "s", constructors: [{ parameters: [parameter("x", text, { doc })], doc }] },
  };
}

function directives(): AppManifest {
  const parts = DIRECTIVES.map(documented);
  return manifest(
    "directives",
    parts.flatMap(({ functions }) => functions),
    parts.flatMap(({ declarations }) => declarations),
    // They are classes as a manifest has them.
    { doc: DIRECTIVES[0]!, classes: parts.map(({ of }) => of) as NonNullable<AppManifest["classes"]> },
  );
}

describe.each(["ts", "js"] as const)("stubs of %s", (emit) => {
  const importing = (path: string) => `./generated/${path}.${emit}`;

  test("are written for apps whose names are reserved words, and can be imported by these names", async () => {
    for (const app of RESERVED) await deployed.deploy(manifest(app, [fn("f", [], text)]));
    using project = new Project({
      "src/use.ts": `import { ${RESERVED.map((name, at) => `${name} as app${at}`).join(", ")} } from "${importing("index")}";
${RESERVED.map((_, at) => `void app${at}.f;`).join("\n")}`,
    });
    const result = await generate({ apps: RESERVED, emit }, { cwd: project.path, engine: deployed.engine });
    expect(result.warnings).toEqual([]);
    for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
    if (emit === "ts") return;
    const index = (await import(project.file("src/generated/index.js"))) as Record<string, { f: object }>;
    expect(Object.keys(index).sort()).toEqual([...RESERVED].sort());
    for (const name of RESERVED) expect(Object.keys(index[name]!)).toEqual(["f"]);
  });

  test("compile where documentation begins with a compiler's directive, and keep its words", async () => {
    await deployed.deploy(directives());
    using project = new Project();
    await generate({ apps: ["directives"], emit }, { cwd: project.path, engine: deployed.engine });
    for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
    expect(project.read(`src/generated/directives.${emit === "ts" ? "ts" : "d.ts"}`)).toContain(
      "@ts-expect-error it is",
    );
  });

  test("of a class called then do not make their module look like a promise", async () => {
    const methods = [fn("then.m", [], text, { class: "then" }), fn("other", [], text)];
    const classes = [{ name: "then", signature: "s", constructors: [{ parameters: [] }] }];
    await deployed.deploy(manifest("promises", methods, [], { classes }));
    using project = new Project({
      "src/use.ts": `import { Class } from "farcall";
import { promises } from "${importing("index")}";
const later = await import("${importing("promises")}");
void [new later.then_().m, new promises.then_().m, later.other, Class.fromName("promises", "then")];`,
    });
    await generate({ apps: ["promises"], emit }, { cwd: project.path, engine: deployed.engine });
    for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
    if (emit === "ts") return;
    const module = (await import(project.file("src/generated/promises.js"))) as object;
    expect(Object.keys(module)).toEqual(["other", "then_"]);
  });
});
