/**
 * Every manifest that passes the check becomes files that compile and mean what the manifest says; all others are refused with a message.
 * FUZZ_SEED repeats a run, FUZZ_RUNS makes it longer.
 */
import fc from "fast-check";
import ts from "typescript-6";
import { expect, test } from "vitest";
import { layoutOf, renderPlan } from "../../src/codegen/templates/render.ts";
import { loadTemplates } from "../../src/codegen/templates/templates.ts";
import { Scope } from "../../src/plan/names.ts";
import { planFiles } from "../../src/plan/plan.ts";
import { InvalidError } from "../../src/runtime/errors.ts";
import {
  type AppManifest,
  type Declaration,
  isTypeName,
  parseManifest,
  SchemaError,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { COMPILERS } from "../support/compile.ts";
import { fn, manifest, number, Project, parameter, reference, text } from "./support.ts";

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env.FUZZ_RUNS ?? 60);

/** Names of globals, of this package's helpers, of members that every class has; reserved words, and strings that are not names. */
const names = fc.constantFrom(
  ...[
    "Function",
    "GeneratorFunction",
    "FunctionCall",
    "Deployed",
    "MapItem",
    "MapOptions",
    "CallOptions",
    "AnyIterable",
  ],
  ...[
    "Promise",
    "Map",
    "Array",
    "Object",
    "Symbol",
    "AsyncGenerator",
    "globalThis",
    "undefined",
    "NaN",
    "stubs",
    "app",
  ],
  ...["Instance", "Model", "ModelInstance", "X", "W", "I", "T", "arguments", "eval", "exports", "module", "require"],
  ...[
    "any",
    "never",
    "string",
    "unknown",
    "infer",
    "let",
    "yield",
    "static",
    "await",
    "delete",
    "default",
    "this",
    "new",
  ],
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "then",
    "name",
    "length",
    "größe",
    "a b",
    "1st",
    "",
    "-1",
    "1",
  ],
  ...[
    "*/ process.exit() /*",
    "$\x7bprocess.exit()}",
    '"',
    "`",
    "\\",
    "\n",
    "\u2028",
    "\0",
    "\ud800",
    "\u202e}",
    "\u2066",
    "../../x",
    "a.b",
  ],
  ...[
    "catch",
    "finally",
    "valueOf",
    "hasOwnProperty",
    "__defineGetter__",
    "enum",
    "async",
    "type",
    "satisfies",
    "apps",
  ],
  // In documentation: directives, links out of a comment, what ends lines or looks like an end.
  ...[
    "@ts-nocheck",
    "@ts-ignore\nprocess.exit()",
    '/ <reference path="x" />',
    "# sourceMappingURL=x.map",
    "*\u200b/ process.exit() /*",
    "* /",
    "**/",
    "<script>alert(1)</script>",
    "{@link process.exit() }",
    "@param x - */ process.exit()",
    "\r",
    "\u2029",
    "\u0085",
    "\ufeff",
    "\x1b[31m",
    "\\u002a\\u002f",
    "$&",
    "{{app}}",
  ],
);
const unique = fc.uniqueArray(names, { maxLength: 5 });
const T: TypeSchema = { kind: "typeParameter", name: "T" };

const types = (declared: readonly string[]): fc.Arbitrary<TypeSchema> =>
  fc.letrec<{ type: TypeSchema }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      fc.constantFrom(text, number, ...declared.map((name) => reference(name))),
      names.map((value): TypeSchema => ({ kind: "literal", value })),
      fc
        .bigInt()
        .map((value): TypeSchema => ({ kind: "literal", value: { bigint: `00${value}`.replace("00-", "-00") } })),
      fc
        .tuple(names, tie("type"))
        .map(([name, type]): TypeSchema => ({ kind: "object", properties: [{ name, type }] })),
      fc.tuple(names, tie("type")).map(([label, type]): TypeSchema => ({ kind: "tuple", elements: [{ label, type }] })),
      fc.tuple(names, names).map((texts): TypeSchema => ({ kind: "templateLiteral", texts, types: [text] })),
      tie("type").map((element): TypeSchema => ({ kind: "array", element })),
      fc
        .tuple(tie("type"), tie("type"))
        .map((typeArguments): TypeSchema => ({ kind: "builtin", name: "Map", typeArguments })),
      fc.array(tie("type"), { maxLength: 3 }).map((members): TypeSchema => ({ kind: "union", members })),
    ),
  })).type;

const declarations = unique.chain((declared) =>
  fc.tuple(
    ...declared.map((name) =>
      fc.oneof(
        fc.tuple(unique, types(declared), names).map(
          ([own, type, doc]): Declaration => ({
            ...{ kind: "interface", name, doc },
            properties: own.map((property) => ({ name: property, type, doc })),
          }),
        ),
        types(declared).map((type): Declaration => ({ kind: "alias", name, type })),
        unique.map(
          (own): Declaration => ({
            ...{ kind: "enum", name },
            members: own.map((member, value) => ({ name: member, value: value % 2 ? member : value, doc: member })),
          }),
        ),
      ),
    ),
  ),
);

const hostile = declarations.chain((declared) => {
  const type = types(declared.map(({ name }) => name));
  const parameters = fc
    .tuple(unique, type, names)
    .map(([own, of, doc]) => own.map((name, at) => parameter(name, of, { doc, ...(at > 1 && { optional: true }) })));
  const draft = (prefix: string) =>
    fc
      .tuple(names, parameters, type, names, fc.constantFrom("plain", "generic", "generator"))
      .map(([name, own, returns, doc, how]) =>
        fn(`${prefix}${name}`, how === "generic" ? [...own, parameter("last", T, { optional: true })] : own, returns, {
          ...{ doc, mode: how === "generator" ? "generator" : "unary", source: { file: doc, line: 1 } },
          ...(how === "generic" && { typeParameters: [{ name: "T", doc }] }),
        }),
      );
  const classes = fc.uniqueArray(
    names.chain((name) =>
      fc.tuple(parameters, names, fc.array(draft(`${name}.`), { maxLength: 3 })).map(([own, doc, methods]) => ({
        schema: { name, doc, constructors: [{ parameters: own, doc }], signature: "s" },
        methods: methods.map((method) => ({ ...method, class: name })),
      })),
    ),
    { maxLength: 2, selector: ({ schema }) => schema.name },
  );
  return fc.tuple(names, fc.array(draft(""), { maxLength: 4 }), classes).map(([app, drafts, of]): AppManifest => {
    const functions = [...drafts, ...of.flatMap(({ methods }) => methods)];
    return {
      ...manifest(app, [], [...declared]),
      functions: functions.map((each) => ({ ...each, signature: "s" })),
      classes: of.map(({ schema }) => schema),
    };
  });
});

test("a manifest with hostile names gives files that compile and say the same, or is refused", async () => {
  const templates = await loadTemplates(undefined);
  using project = new Project();
  let refused = 0;
  // Most random manifests are invalid: with names that are not names, or aliases of themselves. Only the valid ones count.
  const candidates = fc.sample(hostile, { seed, numRuns: numRuns * 20 });
  let written = 0;
  for (const candidate of candidates) {
    if (written >= numRuns) break;
    try {
      const item = await parseManifest(JSON.parse(JSON.stringify(candidate)));
      const plan = planFiles([{ manifest: item }], { exports: "namespaces", importExtension: ".ts" });
      const files = renderPlan(plan, templates, layoutOf("ts", ".ts", true));
      const source = files.get(`${plan.apps[0]!.file}.ts`)!;
      project.write({ [`src/${written++}.ts`]: source });
      expect(deployedNames(source), `seed ${seed}`).toEqual(namesOf(item));
      expect(source).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    } catch (error) {
      if (!(error instanceof SchemaError || error instanceof InvalidError)) throw error;
      refused++;
    }
  }
  expect(await project.check(), `seed ${seed}, ${refused} refused`).toBe("");
  expect(written).toBeGreaterThan(numRuns / 2);
});

function namesOf({ functions, classes = [] }: AppManifest): string[] {
  const own = functions.map((each) => (each.class === undefined ? each.name : each.name.slice(each.class.length + 1)));
  return [...own, ...classes.map(({ name }) => name)].map((name) => name.toWellFormed()).sort();
}

/** The stubs' deployed names: the first strings in `stub("…", …)`, in classes and in their lists of methods. */
function deployedNames(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const list = ts.isCallExpression(node) ? node.arguments : ts.isArrayLiteralExpression(node) ? node.elements : [];
    const first = list[0];
    if (first && ts.isStringLiteral(first)) found.push(first.text.toWellFormed());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("a.ts", source, ts.ScriptTarget.Latest));
  return found.sort();
}

const nested = (levels: number, wrap: (type: TypeSchema) => TypeSchema): TypeSchema => {
  let type: TypeSchema = text;
  for (let level = 0; level < levels; level++) type = wrap(type);
  return type;
};
const alias = (name: string, type: TypeSchema): Declaration => ({ kind: "alias", name, type });
const object = (...own: [string, TypeSchema][]): TypeSchema => ({
  kind: "object",
  properties: own.map(([name, type]) => ({ name, type })),
});
const returning = (returns: TypeSchema, declared: Declaration[] = []): AppManifest => ({
  ...manifest("a", [], declared),
  functions: [{ ...fn("f", [], returns), signature: "s" }],
});

test.each<[string, AppManifest, string]>([
  ["ten thousand levels", returning(nested(10_000, (element) => ({ kind: "array", element }))), "levels deep"],
  ["an alias of itself", returning(reference("A"), [alias("A", reference("A"))]), '"A" refers to itself without end'],
  [
    "aliases in a circle",
    returning(text, [alias("A", { kind: "union", members: [reference("B"), text] }), alias("B", reference("A"))]),
    "without end",
  ],
  [
    "an interface that extends itself",
    returning(text, [{ kind: "interface", name: "A", extends: [reference("A")], properties: [] }]),
    "without end",
  ],
  ["a property twice", returning(object(["a", text], ["a", number])), 'the property "a" appears twice'],
  [
    "an enum's member twice",
    returning(text, [{ kind: "enum", name: "E", members: [0, 1].map((value) => ({ name: "M", value })) }]),
    'the member "M" appears twice',
  ],
  ["a type parameter that is not declared", returning(T), 'the type parameter "T" is not in scope'],
  [
    "type arguments of nothing generic",
    returning({ ...reference("A"), typeArguments: [text] } as TypeSchema, [alias("A", text)]),
    "0 type parameters; 1 are given",
  ],
  [
    "a rest that is not a list",
    returning({ kind: "tuple", elements: [{ type: text, rest: true }] }),
    "not an array or tuple",
  ],
  ["infer anywhere", returning({ kind: "infer", name: "U" }), "outside the extends"],
  [
    "keys of another type",
    returning({ kind: "object", properties: [], indexes: [{ key: { kind: "builtin", name: "Date" }, value: text }] }),
    "not a string, number, symbol or template",
  ],
])("%s is refused with a message", async (_, item, words) => {
  const error: unknown = await parseManifest(item).catch((reason) => reason);
  expect(error).toBeInstanceOf(SchemaError);
  expect((error as Error).message).toContain(words);
  expect((error as Error).message.length).toBeLessThan(1_000);
});

test("large valid manifests compile: long chains and cycles of types, unions and enums of 5,000", async () => {
  const templates = await loadTemplates(undefined);
  using project = new Project();
  const members = Array.from({ length: 5_000 }, (_, at) => `m${at}`);
  const chain = Array.from({ length: 3_000 }, (_, at) =>
    alias(`A${at}`, at < 2_999 ? object(["next", reference(`A${at + 1}`)], ["first", reference("A0")]) : text),
  );
  const large: AppManifest[] = [
    returning(reference("A0"), chain),
    returning({ kind: "union", members: members.map((value) => ({ kind: "literal", value })) }),
    returning(reference("E"), [{ kind: "enum", name: "E", members: members.map((name, value) => ({ name, value })) }]),
    returning({ kind: "literal", value: { bigint: `-00${"7".repeat(10_000)}` } }),
    returning(object(["x\n".repeat(50_000), nested(100, (type) => object(["a", type]))])),
    { ...returning(text), functions: [{ ...fn("f".repeat(100_000), [], text), signature: "s" }] },
  ];
  for (const [at, item] of large.entries()) {
    const plan = planFiles([{ manifest: await parseManifest(item) }], {
      exports: "namespaces",
      importExtension: ".ts",
    });
    project.write({ [`src/${at}.ts`]: renderPlan(plan, templates, layoutOf("ts", ".ts", true)).get("a.ts")! });
  }
  expect(await project.check()).toBe("");
});

test("type parameters may have names of helpers and globals, and parameters those of reserved words", async () => {
  const templates = await loadTemplates(undefined);
  using project = new Project();
  const generic = ["Promise", "FunctionCall", "AsyncIterableIterator", "CallOptions", "Map"].map((name, at) => {
    const own: TypeSchema = { kind: "typeParameter", name };
    return fn(`f${at}`, [parameter("value", own)], own, { typeParameters: [{ name }] });
  });
  const words = ["yield", "let", "static", "await", "this"].map((name, at) =>
    fn(`g${at}`, [parameter(name, text)], text),
  );
  const map: TypeSchema = { kind: "builtin", name: "Map", typeArguments: [text, text] };
  const of = { name: "any", constructors: [{ parameters: [] }], signature: "s" };
  const item = manifest("a", [...generic, ...words, fn("m", [], map), fn("any.m", [], text, { class: "any" })], [], {
    classes: [of],
  });
  const plan = planFiles([{ manifest: await parseManifest(item) }], { exports: "namespaces", importExtension: ".ts" });
  const files = renderPlan(plan, templates, layoutOf("ts", ".ts", true));
  project.write({
    "src/a.ts": files.get("a.ts")!,
    "src/use.ts": `import { f0, f1, m } from "./a.ts";
      export const call: string = await (await f0.spawn("x")).get();
      export const size: number = (await m.remote()).size + (await f1.remote(1));`,
  });
  expect(await project.check()).toBe("");
});

test("a type parameter with the name of a declaration that its signature uses is not confused with it", async () => {
  const templates = await loadTemplates(undefined);
  using project = new Project();
  const own: TypeSchema = { kind: "typeParameter", name: "Box" };
  const box: Declaration = { kind: "interface", name: "Box", properties: [{ name: "v", type: text }] };
  const pair: Declaration = {
    ...{ kind: "interface", name: "Pair", typeParameters: [{ name: "Box" }] },
    properties: [
      { name: "own", type: own },
      { name: "box", type: reference("Box") },
    ],
  };
  const parameters = [parameter("own", own), parameter("box", reference("Box"))];
  const call = { parameters, returns: own, typeParameters: [{ name: "Box" }] };
  const item = manifest(
    "a",
    [
      fn("f", parameters, own, { typeParameters: [{ name: "Box", constraint: number }] }),
      fn("g", [], text, { overloads: [call, { parameters: [], returns: text }] }),
      fn("h", [], { ...reference("Pair"), typeArguments: [number] } as TypeSchema),
    ],
    [box, pair],
  );
  const plan = planFiles([{ manifest: await parseManifest(item) }], { exports: "namespaces", importExtension: ".ts" });
  project.write({
    "src/a.ts": renderPlan(plan, templates, layoutOf("ts", ".ts", true)).get("a.ts")!,
    "src/use.ts": `import { f, g, h } from "./a.ts";
      export const one: number = await f.remote(1, { v: "" });
      export const two: boolean = await g.remote(true, { v: "" });
      const { own, box } = await h.remote();
      export const three: [number, string] = [own, box.v];`,
  });
  expect(await project.check()).toBe("");
});

test("members of enums, types and functions may have names that TypeScript reserves in some places", async () => {
  const words = (
    "as from type of is asserts infer keyof readonly unique declare abstract namespace module global satisfies out in accessor using defer " +
    "async await get set static let yield undefined any unknown never object string number boolean symbol bigint void intrinsic"
  ).split(" ");
  const of: Declaration = {
    ...{ kind: "enum", name: "Op" },
    members: words.map((name, value) => ({ name, value })),
  };
  const typeWords = words.filter(isTypeName);
  const aliases = typeWords.map((name): Declaration => ({ kind: "alias", name, type: text }));
  const interfaces = typeWords.map(
    (name): Declaration => ({ kind: "interface", name, properties: [{ name, type: reference(name) }] }),
  );
  const enums = typeWords.map((name): Declaration => ({ kind: "enum", name, members: [{ name: "as", value: 1 }] }));
  const uses = (names: readonly string[]) =>
    names.map((name, at) => fn(`use${at}`, [parameter(name, reference(name))], reference(name)));
  const apps = [
    manifest("members", [...words.map((name) => fn(name, [parameter(name, reference("Op", name))], text))], [of]),
    manifest("aliases", uses(typeWords), aliases),
    manifest("interfaces", uses(typeWords), interfaces),
    manifest("enums", uses(typeWords), enums),
    manifest("as", uses(["as"]), [{ kind: "enum", name: "as", members: [{ name: "as", value: "as" }] }]),
  ];
  const templates = await loadTemplates(undefined);
  using project = new Project();
  for (const [folder, layout] of [
    ["ts", layoutOf("ts", ".ts", true)],
    ["js", layoutOf("js", ".ts", true)],
  ] as const) {
    const chosen = await Promise.all(apps.map(async (item) => ({ manifest: await parseManifest(item) })));
    const importExtension = folder === "ts" ? ".ts" : ".js";
    const files = renderPlan(planFiles(chosen, { exports: "namespaces", importExtension }), templates, layout);
    for (const [name, content] of files) project.write({ [`src/${folder}/${name}`]: content });
    project.write({
      [`src/${folder}-use.ts`]: `import { members, as, type aliases, enums } from "./${folder}/index${importExtension}";
        export const one: members.Op.as = members.Op.as;
        export const two: as.as.as = as.as.as;
        export const three: aliases.as = "";
        export const four: enums.of.as = enums.of.as;
        export const all: [${words.map((name) => `typeof members.Op[${JSON.stringify(name)}]`)}] = [${words.map((_, at) => at)}];`,
    });
  }
  for (const compiler of COMPILERS) expect(await project.check(compiler)).toBe("");
});

test("names that become the same identifier are kept apart, however many there are", () => {
  const scope = new Scope(["a_3"]);
  expect(["a", "a", "a", "b", "a", "a_"].map((name) => scope.claim(name))).toEqual([
    "a",
    "a_",
    "a_2",
    "b",
    "a_4",
    "a__",
  ]);
  const names = new Set(Array.from({ length: 200_000 }, () => scope.claim("same")));
  expect(names.size).toBe(200_000);
});

test("an app with a declaration file's name gets a file that is not one", () => {
  const named = ["a.d", "a.d.x", "d", "a.dd"].map((app) => ({ manifest: manifest(app, []) }));
  const { apps } = planFiles(named, { exports: "namespaces", importExtension: ".ts" });
  expect(apps.map(({ file }) => file).sort()).toEqual(["a.d_", "a.d_.x", "a.dd", "d"]);
});
