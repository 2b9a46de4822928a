/** An engine's answers are data: whatever names and strings a manifest contains, the result is a complete, valid file or a clear refusal. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import ts from "typescript-6";
import { expect, test } from "vitest";
import { generate, type LockedManifest } from "../../src/codegen/index.ts";
import { layoutOf, renderPlan } from "../../src/codegen/templates/render.ts";
import { loadTemplates } from "../../src/codegen/templates/templates.ts";
import { planFiles } from "../../src/plan/plan.ts";
import { fn, manifest, Project, parameter, registry, text } from "./support.ts";

const LAYOUT = layoutOf("ts", ".ts", true);

const hostile = fc.oneof(
  fc.constantFrom(
    ...[
      '"',
      "'",
      "`",
      "$\x7bprocess.exit()}",
      "*/ process.exit() /*",
      "\n",
      "\r\n",
      "\u2028",
      "\\",
      "</script>",
      "{{app}}",
      "__proto__",
      "constructor",
    ],
    ...[
      "../../etc/passwd",
      "/etc/passwd",
      "..",
      ".",
      "",
      "CON",
      "a:b",
      "a\0b",
      "index",
      "farcall.lock",
      "default",
      "await",
      "delete",
      "日本語",
      "a b",
      "1st",
      "\ud800",
    ],
  ),
  // To the compiler, letters of a newer Unicode version than it knows are not letters.
  fc.string({ unit: "binary", maxLength: 12 }).filter((string) => [...string].every(isKnownToCompiler)),
);

function isKnownToCompiler(character: string): boolean {
  return !/\p{ID_Continue}/u.test(character) || ts.isIdentifierPart(character.codePointAt(0)!, ts.ScriptTarget.ESNext);
}

/** A manifest with foreign text in every place that has a name or a text. */
const hostileManifest = fc
  .record({
    app: hostile,
    functions: fc.uniqueArray(
      fc.record({
        name: hostile,
        doc: hostile,
        parameterDoc: hostile,
        file: hostile,
        literal: hostile,
        property: hostile,
      }),
      {
        selector: ({ name }) => name,
        maxLength: 4,
      },
    ),
    members: fc.uniqueArray(hostile, { maxLength: 4 }),
    doc: hostile,
  })
  .map(({ app, functions, members, doc }): LockedManifest => {
    const drafts = functions.map(({ name, doc, parameterDoc, file, literal, property }) =>
      fn(
        name,
        [
          parameter(
            "value",
            { kind: "object", properties: [{ name: property, type: { kind: "literal", value: literal } }] },
            { doc: parameterDoc },
          ),
        ],
        text,
        {
          doc,
          source: { file, line: 1 },
        },
      ),
    );
    const types =
      members.length > 0
        ? [{ kind: "enum" as const, name: "Names", doc, members: members.map((name) => ({ name, value: name, doc })) }]
        : [];
    return { ...manifest(app, drafts, types), ...(doc && { doc }) };
  });

test("hostile names and strings give files with declarations and nothing else", async () => {
  const templates = await loadTemplates(undefined);
  fc.assert(
    fc.property(hostileManifest, (item) => {
      const plan = planFiles([{ manifest: item }], { exports: "namespaces", importExtension: ".ts" });
      const texts = renderPlan(plan, templates, LAYOUT);
      expect([...texts.keys()].every((name) => /^[^/\\\0]+\.ts$/.test(name) && !name.startsWith("."))).toBe(true);
      for (const [name, source] of texts) {
        const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
        const { diagnostics } = ts.transpileModule(source, {
          reportDiagnostics: true,
          compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
        });
        expect(diagnostics, source).toEqual([]);
        const kinds = new Set(file.statements.map(({ kind }) => ts.SyntaxKind[kind]));
        for (const kind of [
          "ImportDeclaration",
          "VariableStatement",
          "FirstStatement",
          "ExportDeclaration",
          "TypeAliasDeclaration",
          "InterfaceDeclaration",
          "ModuleDeclaration",
        ])
          kinds.delete(kind);
        // Those that make the stubs.
        const makers = plan.apps.find((app) => `${app.file}.ts` === name)?.makers ?? [];
        const functions = file.statements.filter(ts.isFunctionDeclaration);
        expect(functions.map((each) => each.name!.text)).toEqual(makers.map((maker) => maker.name));
        kinds.delete("FunctionDeclaration");
        expect([...kinds], source).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});

test("documentation that a file cannot hold unchanged does not make files look changed forever", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("a", [fn("f", [], text, { doc: "half \ud800, nothing \0, bell \x07, tab \t." })]));
  const config = { cwd: project.path, engine: deployed.engine };
  await generate({}, config);
  expect(project.read("src/generated/a.ts")).toContain("/** half \ufffd, nothing \ufffd, bell \ufffd, tab \t. */");
  expect((await generate({}, { ...config, dryRun: true })).upToDate).toBe(true);
});

test("a name with separators in it does not write files elsewhere", async () => {
  await using deployed = await registry();
  using project = new Project();
  const { registry: real } = deployed.engine;
  await deployed.deploy(manifest("honest", [fn("f", [], text)]));
  // An engine that lies: the real one refuses such names at deploy.
  const engine = {
    ...deployed.engine,
    registry: {
      ...real,
      listApps: async () => [
        { app: "../../../escape", environment: "main", version: 1, deployedAt: "", functions: 1, etag: "1" },
      ],
      getManifest: async () => ({
        etag: "1",
        manifest: { ...manifest("../../../escape", [fn("f", [], text)]), version: 1, deployedAt: "now" },
      }),
    },
  };
  await generate({}, { cwd: project.path, engine });
  expect(project.list("src/generated")).toEqual(["escape.ts", "farcall.lock.json", "index.ts"]);
  expect(await project.check()).toBe("");
});

test("a lock that lists a path is not followed out of its folder", async () => {
  await using deployed = await registry();
  using project = new Project({ "precious.ts": "// Generated by farcall\n" });
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  await generate({}, { cwd: project.path, engine: deployed.engine });
  const lock = JSON.parse(project.read("src/generated/farcall.lock.json"));
  project.write({ "src/generated/farcall.lock.json": { ...lock, files: ["../../precious.ts", ...lock.files] } });
  await generate({}, { cwd: project.path, engine: deployed.engine });
  expect(project.has("precious.ts")).toBe(true);
});

test("documentation of ten megabytes is written, and an endlessly nested type is refused", async () => {
  const templates = await loadTemplates(undefined);
  const render = (item: LockedManifest) =>
    renderPlan(planFiles([{ manifest: item }], { exports: "namespaces", importExtension: ".ts" }), templates, LAYOUT);
  const doc = "*/ ".repeat(3_500_000);
  expect(render(manifest("a", [fn("f", [], text, { doc })])).get("a.ts")!.length).toBeGreaterThan(10_000_000);
  let deep: LockedManifest["functions"][number]["returns"] = text;
  for (let depth = 0; depth < 100_000; depth++) deep = { kind: "array", element: deep };
  const item = manifest("a", [fn("f", [], text)]);
  item.functions[0]!.returns = deep;
  expect(() => render(item)).toThrow("nested too deeply");
});

test("killed at any moment, it leaves whole files that fit together", async () => {
  await using deployed = await registry();
  using project = new Project();
  const drafts = Array.from({ length: 300 }, (_, index) => fn(`f${index}`, [], text));
  await deployed.deploy(manifest("a", drafts));
  const run = `
    import { generate } from ${JSON.stringify(join(import.meta.dirname, "../../src/codegen/index.ts"))};
    import { localEngine } from ${JSON.stringify(join(import.meta.dirname, "../../src/engines/local/index.ts"))};
    const engine = localEngine(${JSON.stringify(deployed.url)});
    console.log("ready");
    for (let round = 0; ; round++) {
      await generate({ rename: (name) => name + (round % 2 ? "_odd" : "_even") }, { engine });
    }`;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", run], {
      cwd: project.path,
      env: deployed.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await delay(100 + Math.random() * 300);
    child.kill("SIGKILL");
    await once(child, "exit");
    if (!project.has("src/generated/index.ts")) continue;
    const stubs = project.read("src/generated/a.ts");
    expect(stubs.match(/export const f\d+_(odd|even):/g)).toHaveLength(300);
    expect(new Set(stubs.match(/_(odd|even):/g)).size).toBe(1);
    expect(project.read("src/generated/index.ts")).toMatch(/\n}\n$/);
    JSON.parse(project.read("src/generated/farcall.lock.json"));
  }
  await generate({}, { cwd: project.path, engine: deployed.engine });
  expect(project.list("src/generated").filter((name) => !name.endsWith(".tmp"))).toEqual([
    "a.ts",
    "farcall.lock.json",
    "index.ts",
  ]);
});
