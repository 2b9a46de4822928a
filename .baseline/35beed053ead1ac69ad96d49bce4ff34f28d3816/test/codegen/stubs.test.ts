/** Stubs are part of the consumer's program: they compile under the strictest settings, mean what the author wrote, and run. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import type { AppManifest, Declaration, TupleElement, TypeSchema } from "../../src/schema/index.ts";
import { manifests } from "../support/arbitraries.ts";
import { run, start } from "../support/cli.ts";
import { COMPILERS } from "../support/compile.ts";
import {
  type Draft,
  fn,
  manifest,
  nothing,
  number,
  Project,
  parameter,
  reference,
  registry,
  STRICT,
  text,
  tsconfig,
} from "./support.ts";

const T: TypeSchema = { kind: "typeParameter", name: "T" };

/** `T extends [infer Head, infer Second, infer _Second, ...infer Rest] ? Head : never`, where two names are not used. */
function headOf(type: TypeSchema): TypeSchema {
  const infer = (name: string): TypeSchema => ({ kind: "infer", name });
  const elements: TupleElement[] = [
    { type: infer("Head") },
    { type: infer("Second") },
    { type: infer("_Second") },
    { type: infer("Rest"), rest: true },
  ];
  return {
    kind: "conditional",
    check: type,
    extends: { kind: "tuple", elements },
    whenTrue: { kind: "typeParameter", name: "Head" },
    whenFalse: { kind: "primitive", name: "never" },
  };
}

const color: Declaration = {
  kind: "enum",
  name: "Color",
  doc: "Colours of the rainbow.",
  members: [
    { name: "Red", value: 0, doc: "Warm." },
    { name: "Green", value: 1 },
    { name: "delete", value: "gone" },
    { name: "dark red", value: -1 },
  ],
};

const options: Declaration = {
  kind: "interface",
  name: "ResizeOptions",
  properties: [
    { name: "width", type: number, optional: true, doc: "Pixels." },
    { name: "fill", type: reference("Color"), optional: true },
  ],
};

const images: readonly Draft[] = [
  fn(
    "resize",
    [
      parameter("image", { kind: "builtin", name: "Uint8Array" }),
      parameter("options", reference("ResizeOptions"), { optional: true }),
    ],
    text,
    {
      doc: "Scales an image.\n@deprecated use `fit`",
      source: { file: "src/app.ts", line: 12 },
    },
  ),
  fn("frames", [parameter("video", { kind: "builtin", name: "Uint8Array" })], number, { mode: "generator" }),
  fn("delete", [parameter("id", text)], nothing),
  fn("paint", [parameter("color", reference("Color", "Red"))], reference("Color")),
  fn(
    "first",
    [parameter("items", { kind: "array", element: T })],
    { kind: "union", members: [T, { kind: "primitive", name: "undefined" }] },
    {
      typeParameters: [{ name: "T" }],
    },
  ),
  fn("head", [parameter("items", T)], headOf(T), { typeParameters: [{ name: "T" }] }),
  fn("parse", [parameter("value", number)], number, {
    overloads: [
      { parameters: [parameter("value", text)], returns: text },
      { parameters: [parameter("value", number)], returns: number },
    ],
  }),
  fn(
    "embed",
    [
      parameter("text", text),
      parameter("lower", { kind: "primitive", name: "boolean" }, { optional: true }),
      parameter("size", number, { keywordOnly: true }),
    ],
    number,
    {
      keywords: true,
    },
  ),
];

const use = `
import { Function, GeneratorFunction, kwargs } from "farcall";
import { images } from "./generated/index.ts";

export async function main(): Promise<void> {
  const text: string = await images.resize.remote(new Uint8Array(), { width: 1, fill: images.Color.Green });
  // @ts-expect-error: the width is a number
  await images.resize.remote(new Uint8Array(), { width: "1" });
  for await (const frame of images.frames.remoteGen(new Uint8Array())) frame satisfies number;
  await images.delete.remote("id");
  const red: images.Color.Red = images.Color.Red;
  const color: images.Color = await images.paint.remote(red);
  // @ts-expect-error: not every colour is red
  await images.paint.remote(color);
  const gone: images.Color.delete = images.Color.delete;
  const name: string | undefined = images.Color[0];
  (await images.first.remote(["a"])) satisfies string | undefined;
  for await (const item of images.first.map([[1], [2]])) item satisfies number | undefined;
  (await images.parse.remote("1")) satisfies string;
  (await images.parse.remote(1)) satisfies number;
  // @ts-expect-error: neither overload
  await images.parse.remote(true);
  await images.embed.remote("a", kwargs({ size: 3 }));
  // @ts-expect-error: the size is missing
  await images.embed.remote("a");
  await Function.fromName("images", "resize").remote(new Uint8Array());
  // @ts-expect-error: no such function
  Function.fromName("images", "nothing");
  void [text, gone, name, GeneratorFunction];
}
`;

test("compile under strict settings with every compiler that users have, and refuse wrong calls", async () => {
  await using deployed = await registry();
  using project = new Project({ "src/use.ts": use });
  await deployed.deploy(manifest("images", images, [color, options]));
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
});

test("compile for Node's and for bundlers' module resolution, with the import extensions that each needs", async () => {
  await using deployed = await registry();
  await deployed.deploy(manifest("images", images, [color, options]));
  for (const [settings, extension] of [
    [{ module: "nodenext" }, ".js"],
    [{ module: "nodenext", rewriteRelativeImportExtensions: true }, ".ts"],
    [{ module: "esnext", moduleResolution: "bundler" }, ""],
    [{ module: "preserve", allowImportingTsExtensions: true }, ".ts"],
  ] as const) {
    using project = new Project({
      "tsconfig.json": tsconfig(settings),
      "src/use.ts": use.replace("index.ts", `index${extension}`),
    });
    await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
    expect(project.read("src/generated/index.ts")).toContain(`"./images${extension}"`);
    expect(await project.check(), JSON.stringify(settings)).toBe("");
  }
});

test("are ES modules even in a package of CommonJS modules", async () => {
  await using deployed = await registry();
  await deployed.deploy(manifest("images", images, [color, options]));
  using project = new Project({
    "package.json": {},
    "tsconfig.json": tsconfig({}),
    "src/use.mts": use.replace("index.ts", "index.mjs"),
  });
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  expect(project.list("src/generated")).toEqual(["farcall.lock.json", "images.mts", "index.mts"]);
  expect(await project.check()).toBe("");
});

test("run under Node's type stripping, where an enum's values are usable", async () => {
  await using deployed = await registry();
  await deployed.deploy(manifest("images", images, [color, options]));
  using project = new Project({
    "run.ts": `import { images } from "./src/generated/index.ts"; console.log(images.Color[images.Color.Green], images.delete.name);`,
  });
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  expect(await run(process.execPath, [project.file("run.ts")])).toMatchObject({ stdout: "Green delete\n", stderr: "" });
});

test("can be JavaScript with declarations, from which an editor finds the author's source", async () => {
  await using deployed = await registry();
  await deployed.deploy(manifest("images", images, [color, options]));
  using project = new Project({
    "tsconfig.json": tsconfig({}),
    "src/use.ts": use.replace("index.ts", "index.js"),
    "src/app.ts": `${"\n".repeat(11)}export function resize(): void {}\n`,
    "run.js": 'import { images } from "./src/generated/index.js"; console.log(images.Color[1], images.delete.name);',
  });
  await generate({ apps: ["images"], emit: "js" }, { cwd: project.path, engine: deployed.engine });
  expect(project.list("src/generated")).toEqual([
    "farcall.lock.json",
    "images.d.ts",
    "images.d.ts.map",
    "images.js",
    "index.d.ts",
    "index.js",
  ]);
  for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
  expect(await run(process.execPath, [project.file("run.js")])).toMatchObject({ stdout: "Green delete\n", stderr: "" });

  const line = use.split("\n").findIndex((item) => item.includes("images.resize"));
  const offset = use.split("\n")[line]!.indexOf("resize") + 1;
  expect(await definition(project.file("src/use.ts"), line + 1, offset)).toEqual([
    { file: project.file("src/app.ts"), line: 12 },
  ]);
  expect(
    (await generate({ apps: ["images"], emit: "js" }, { cwd: project.path, engine: deployed.engine })).upToDate,
  ).toBe(true);
});

/** An editor's result for "go to definition", requested the way editors do. */
async function definition(file: string, line: number, offset: number): Promise<{ file: string; line: number }[]> {
  const server = fileURLToPath(new URL("./tsserver.js", import.meta.resolve("typescript-6")));
  const child = start(process.execPath, [server, "--disableAutomaticTypingAcquisition"], {}, "pipe");
  const ended = once(child, "close");
  try {
    for (const [command, args] of Object.entries({ open: { file }, definition: { file, line, offset } })) {
      child.stdin!.write(`${JSON.stringify({ seq: 1, type: "request", command, arguments: args })}\n`);
    }
    for await (const text of createInterface(child.stdout!)) {
      const answer = text.startsWith("{") ? JSON.parse(text) : {};
      if (answer.command !== "definition") continue;
      return answer.body.map((item: { file: string; start: { line: number } }) => ({
        file: item.file,
        line: item.start.line,
      }));
    }
    throw new Error("the server said nothing");
  } finally {
    child.kill();
    await ended;
  }
}

test("keep documentation and say where a function is written", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("images", images, [color, options]));
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  const stubs = project.read("src/generated/images.ts");
  expect(stubs).toContain(
    "/**\n * Scales an image.\n * @deprecated use `fit`\n * @see `src/app.ts:12`\n */\nexport const resize:",
  );
  expect(stubs).toContain("  /** Pixels. */\n  width?: number;");
  expect(stubs).toContain("  /** Warm. */\n  Red: 0,");
});

test("keep the documentation of properties inside other types, where an editor finds it", async () => {
  await using deployed = await registry();
  using project = new Project();
  const size: TypeSchema = {
    kind: "object",
    properties: [
      { name: "width", type: number, doc: "Pixels. */ not the end" },
      { name: "height", type: number, optional: true },
    ],
  };
  const box: Declaration = {
    kind: "interface",
    name: "Box",
    properties: [{ name: "inner", type: { kind: "array", element: size } }],
  };
  await deployed.deploy(manifest("images", [fn("fit", [parameter("size", size)], reference("Box"))], [box]));
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  const stubs = project.read("src/generated/images.ts");
  expect(stubs).toContain(
    "fit: Function<[size: {\n  /** Pixels. *\\/ not the end */\n  width: number;\n  height?: number;\n}], Box>",
  );
  expect(stubs).toContain(
    "  inner: {\n    /** Pixels. *\\/ not the end */\n    width: number;\n    height?: number;\n  }[];",
  );
});

test("compile when authors use names of farcall, of globals, or of the language", async () => {
  const map: Declaration = {
    kind: "interface",
    name: "Map",
    properties: [{ name: "entries", type: { kind: "builtin", name: "Map", typeArguments: [text, reference("Map")] } }],
  };
  const promise: Declaration = { kind: "alias", name: "Promise", type: number };
  const names = [
    "Function",
    "stubs",
    "app",
    "Deployed",
    "await",
    "class",
    "undefined",
    "__proto__",
    "constructor",
    "then",
    "default",
    "Map",
    "async",
  ];
  const drafts = names.map((name) => fn(name, [parameter("map", reference("Map"))], reference("Promise")));
  const generic = fn("generic", [parameter("x", T)], T, { typeParameters: [{ name: "T" }] });
  await using deployed = await registry();
  using project = new Project({
    "src/use.ts": `import { odd } from "./generated/index.ts";\nexport const all: unknown[] = [${names.map((name) => `odd[${JSON.stringify(name)}].remote`).join(", ")}];\n`,
  });
  await deployed.deploy(manifest("odd", [...drafts, generic], [map, promise]));
  await generate({}, { cwd: project.path, engine: deployed.engine });
  expect(await project.check()).toBe("");
});

test("of an overloaded function have the function's documentation on the whole, and each overload's on the overload", async () => {
  const overloads = [
    { doc: "By text.", parameters: [parameter("value", text, { doc: "some text" })], returns: text },
    { doc: "By number.\n@deprecated", parameters: [parameter("value", number, { doc: "a number" })], returns: number },
  ];
  await using deployed = await registry();
  using project = new Project({});
  await deployed.deploy(
    manifest("images", [fn("parse", overloads[1]!.parameters, number, { doc: "Either.", overloads })]),
  );
  await generate({}, { cwd: project.path, engine: deployed.engine });
  const written = project.read("src/generated/images.ts");
  expect(written).toMatch(/\/\*\* Either\. \*\/\nexport const parse/);
  expect(written.match(/@deprecated(?! a stub has no definition)/g)?.length).toBe(
    written.match(/By number\./g)?.length,
  );
});

test("of any manifest compile", async () => {
  const sample = fc.sample(manifests({ computed: false }), { numRuns: 60, seed: Date.now() });
  const apps = sample.map(
    (item, index): AppManifest => ({ ...item, app: `app${index}`, environment: "main", version: 0, deployedAt: "" }),
  );
  await using deployed = await registry();
  using project = new Project({
    "tsconfig.json": {
      compilerOptions: { ...STRICT, noUnusedParameters: false, allowImportingTsExtensions: true },
      include: ["src"],
    },
  });
  for (const app of apps) await deployed.deploy(app);
  await generate({}, { cwd: project.path, engine: deployed.engine });
  const complaints = await project.check();
  expect(complaints, complaints && JSON.stringify(apps)).toBe("");
});
