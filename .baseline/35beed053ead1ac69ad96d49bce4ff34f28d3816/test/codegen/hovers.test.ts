/** An editor's hover on a call: a line or two that show the arguments and the result. */
import { dirname } from "node:path";
import ts from "typescript-6";
import { expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import type { ClassSchema, Declaration, TypeSchema } from "../../src/schema/index.ts";
import { fn, manifest, number, Project, parameter, reference, registry, text } from "./support.ts";

const T: TypeSchema = { kind: "typeParameter", name: "T" };
const flag: TypeSchema = { kind: "primitive", name: "boolean" };

const model: ClassSchema = {
  name: "Model",
  constructors: [{ parameters: [parameter("size", text)] }],
  signature: "s",
};

const functions = [
  fn("add", [parameter("a", number), parameter("b", number)], number, { doc: "Adds.\n@param a the first" }),
  fn(
    "resize",
    [
      parameter("image", { kind: "builtin", name: "Uint8Array" }),
      parameter("options", reference("Options"), { optional: true }),
    ],
    reference("Options"),
  ),
  fn("first", [parameter("items", { kind: "array", element: T })], T, { typeParameters: [{ name: "T" }] }),
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
      parameter("lower", flag, { optional: true }),
      parameter("size", number, { keywordOnly: true }),
    ],
    number,
    { keywords: true },
  ),
  fn("count", [parameter("to", number)], number, { mode: "generator" }),
  fn("Model.predict", [parameter("text", text)], number, { class: "Model" }),
];

/** In comments before a name: the key for the hover over it. */
const use = `
import { kwargs } from "farcall";
import { images } from "./generated/index.ts";
images./*const*/add.remote(1, 2);
images.add./*plain remote*/remote(1, 2);
images.add./*plain map*/map([1], [2]);
images.resize./*optional remote*/remote(new Uint8Array());
images.first./*generic remote*/remote(["a"]);
images.first./*generic map*/map([["a"]]);
images.parse./*overloaded remote*/remote(1);
images./*by name*/embed.remote("a", kwargs({ size: 3 }));
images.embed./*by name remote*/remote("a", kwargs({ size: 3 }));
images.embed./*by name map*/map(["a"], { kwargs: { size: 3 } });
images.count./*generator*/remoteGen(3);
new images./*class*/Model("l");
new images.Model("l").predict./*method remote*/remote("a");
`;

test("show the parameters by name and the result, with the call's type arguments", async () => {
  await using deployed = await registry();
  using project = new Project({ "src/use.ts": use });
  const width = { name: "width", type: number, optional: true } as const;
  const options: Declaration = { kind: "interface", name: "Options", properties: [width] };
  await deployed.deploy(manifest("images", functions, [options], { classes: [model] }));
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  const shown = hovers(project.file("src/use.ts"), project.file("tsconfig.json"));
  expect(shown.join("\n")).toMatchInlineSnapshot(`
    "const: const add: Function<[a: number, b: number], number>
    plain remote: (method) Function<[a: number, b: number], number>.remote(a: number, b: number, callOptions?: CallOptions | undefined): Promise<number>
    plain map: (method) Function<[a: number, b: number], number>.map<false, true>(a: AnyIterable<number>, b: AnyIterable<number>, mapOptions?: MapOptions<false, true> | undefined): AsyncIterableIterator<number, undefined, void>
    optional remote: (method) Function<[image: Uint8Array<ArrayBufferLike>, options?: Options | undefined], Options>.remote(image: Uint8Array<ArrayBufferLike>, options?: CallOptions | images.Options | undefined, callOptions?: CallOptions | undefined): Promise<images.Options>
    generic remote: (method) FirstFunction.remote<string>(items: string[], callOptions?: CallOptions): Promise<string>
    generic map: (method) FirstFunction.map<string, false, true>(items: AnyIterable<string[]>, mapOptions?: MapOptions<false, true> | undefined): AsyncIterableIterator<string, undefined, void>
    overloaded remote: (method) ParseFunction.remote(value: number, callOptions?: CallOptions): Promise<number> (+1 overload)
    by name: const embed: Function<[text: string, lower?: boolean | undefined], number, Keywords<["text", "lower"], { size: number; }>>
    by name remote: (method) Function<[text: string, lower?: boolean | undefined], number, Keywords<["text", "lower"], { size: number; }>>.remote<[unknown, "kwargs"]>(text: string, kwargs: Kwargs<{ lower?: boolean | undefined; size: number; }>, callOptions?: CallOptions | undefined): Promise<number>
    by name map: (method) Function<[text: string, lower?: boolean | undefined], number, Keywords<["text", "lower"], { size: number; }>>.map<false, true, [boolean, unknown]>(text: AnyIterable<string>, mapOptions: MapOptions<false, true> & { kwargs: { lower?: boolean | undefined; size: number; }; }): AsyncIterableIterator<number, undefined, void>
    generator: (method) GeneratorFunction<[to: number], number>.remoteGen(to: number, callOptions?: CallOptions | undefined): AsyncGenerator<number, void, void>
    class: const Model: new (size: string) => images.Model
    method remote: (method) Function<[text: string], number>.remote(text: string, callOptions?: CallOptions | undefined): Promise<number>"
  `);
});

const member = /\/\*members of (.*?)\*\//g;

test("explain every method that they offer, and mark those that a stub cannot run", async () => {
  await using deployed = await registry();
  const used = ["add", "resize", "first", "parse", "embed", "count", "page"];
  using project = new Project({
    "src/use.ts": `import { images } from "./generated/index.ts";
import { Function, type FunctionCall, GeneratorFunction } from "farcall";
declare const call: FunctionCall<number>;
${used.map((name) => `images.${name}./*members of ${name}*/hydrate();`).join("\n")}
call./*members of a call*/get();
Function./*members of Function*/fromName<[], void>("a", "b");
GeneratorFunction./*members of GeneratorFunction*/fromName<[], void>("a", "b");
`,
  });
  const page = fn("page", [], text, { mode: "web" });
  const width = { name: "width", type: number, optional: true } as const;
  const options: Declaration = { kind: "interface", name: "Options", properties: [width] };
  await deployed.deploy(manifest("images", [...functions, page], [options], { classes: [model] }));
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  const file = project.file("src/use.ts");
  using service = languageService(file, project.file("tsconfig.json"));
  const silent: string[] = [];
  const deprecated: string[] = [];
  for (const { index, 0: comment, 1: label } of project.read("src/use.ts").matchAll(member)) {
    const at = index + comment.length;
    const { entries = [] } = service.getCompletionsAtPosition(file, at, {}) ?? {};
    for (const { name, kindModifiers } of entries) {
      const details = service.getCompletionEntryDetails(file, at, name, {}, undefined, {}, undefined);
      const said = [details?.documentation, ...(details?.tags ?? []).map((tag) => tag.text)];
      const isOwn = !(name in globalThis.Function.prototype);
      if (isOwn && ts.displayPartsToString(said.flatMap((part) => part ?? [])) === "") silent.push(`${label}.${name}`);
      if (kindModifiers?.includes("deprecated") && isOwn) deprecated.push(`${label}.${name}`);
    }
  }
  expect(silent).toEqual([]);
  expect(deprecated).toEqual(used.flatMap((name) => [`${name}.getRawF`, `${name}.local`]));
});

test("show each parameter's documentation while a call is written, and the source's full path", async () => {
  await using deployed = await registry();
  using project = new Project({
    "src/use.ts": `import { images } from "./generated/index.ts";
images.add.remote(/*1*/1, /*2*/2);
images.count.remoteGen(/*1*/2);
images./*see*/add;
`,
  });
  const source = { file: "src/text.ts", line: 45 };
  const tags = "Adds.\n@param a the first\n@param b the second";
  const parameters = [parameter("a", number, { doc: "the first" }), parameter("b", number, { doc: "the second" })];
  const add = fn("add", parameters, number, { doc: "Adds.", source });
  const count = fn("count", [parameter("to", number, { doc: "the last" })], number, {
    mode: "generator",
    doc: "Counts.",
  });
  await deployed.deploy(manifest("images", [add, count]));
  await generate({ apps: ["images"] }, { cwd: project.path, engine: deployed.engine });
  expect(await project.check()).toBe("");
  const file = project.file("src/use.ts");
  using service = languageService(file, project.file("tsconfig.json"));
  const helps = [...project.read("src/use.ts").matchAll(/\/\*(\d)\*\//g)].map(({ index, 1: place }) => {
    const help = service.getSignatureHelpItems(file, index, {})!;
    const { documentation, parameters } = help.items[help.selectedItemIndex]!;
    return [documentation, parameters[Number(place) - 1]!.documentation].map(ts.displayPartsToString);
  });
  expect(helps).toEqual([
    ["Adds.", "the first"],
    ["Adds.", "the second"],
    ["Counts.", "the last"],
  ]);
  const shown = service.getQuickInfoAtPosition(file, project.read("src/use.ts").indexOf("/*see*/") + 7);
  expect(ts.displayPartsToString(shown?.tags?.find(({ name }) => name === "see")?.text).trim()).toBe(
    "`src/text.ts:45`",
  );
  expect(project.read("src/generated/images.ts")).toContain(tags.split("\n").join("\n   * "));
});

/** As an editor asks for them, each in one line. */
function hovers(file: string, config: string): string[] {
  using service = languageService(file, config);
  return [...use.matchAll(/\/\*(.*?)\*\//g)].map(({ index, 0: comment, 1: label }) => {
    const info = service.getQuickInfoAtPosition(file, index + comment.length);
    return `${label}: ${ts.displayPartsToString(info?.displayParts).replaceAll(/\s+/g, " ")}`;
  });
}

function languageService(file: string, config: string): ts.LanguageService & Disposable {
  const { readFile, fileExists, directoryExists, realpath } = ts.sys;
  const folder = dirname(file);
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(config, readFile).config, ts.sys, folder);
  const service = ts.createLanguageService({
    useCaseSensitiveFileNames: () => true,
    fileExists,
    readFile,
    directoryExists,
    ...(realpath && { realpath }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const content = readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => folder,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  return Object.assign(service, { [Symbol.dispose]: () => service.dispose() });
}
