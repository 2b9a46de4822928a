/** What is deployed on Modal, as manifests and as errors that say what exists instead. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineUnavailableError, NotFoundError, SignatureMismatchError } from "../../../src/runtime/index.ts";
import { type FunctionSchema, parseManifest, printParameters, printType } from "../../../src/schema/index.ts";
import { cls, FakeModal, fn, generator, method } from "./fake/index.ts";
import { carriers, published } from "./published.ts";
import { Setup } from "./setup.ts";

let modal: Setup;
beforeEach(async () => {
  modal = new Setup(await FakeModal.start({ environments: ["main", "dev"] }));
});
afterEach(async () => {
  await modal[Symbol.asyncDispose]();
});

const add = fn(({ args }) => args[0], { parameters: { a: "int", b: { type: "int", default: 5 } }, returns: "int" });
const ref = (app: string, more = {}) => ({ app, environment: "main", ...more });

async function functionsOf(app: string): Promise<Map<string, FunctionSchema>> {
  const { manifest } = await modal.engine.registry.getManifest(ref(app));
  await parseManifest(JSON.parse(JSON.stringify(manifest)));
  return new Map(manifest?.functions.map((each) => [each.name, each]));
}

const text = { kind: "primitive", name: "string" };

test("without the helper, types are those that Modal records, and unknown otherwise", async () => {
  const f = (parameters: Parameters<typeof fn>[1] & object) => fn(() => null, parameters);
  modal.fake.deploy("shop", {
    add,
    all: f({
      parameters: { s: "str", b: "bool", raw: "bytes", l: "list[int]", d: "dict[str, list[str]]" },
      returns: "dict[str, int]",
    }),
    odd: f({
      parameters: { x: "float", d: "dict", m: "dict[int, str]", args: "Any", kwargs: "Any" },
      returns: "dict[int, str]",
    }),
    named: f({ parameters: { a: "int", b: { type: "int", default: 1 }, c: "str" } }),
    bare: f({ schema: false }),
    count: generator(() => [], { parameters: { n: "int" } }),
    site: f({ metadata: { webUrl: "https://site.modal.run" } }),
    Model: cls(
      { predict: method(() => 1, { parameters: { text: "str" }, returns: "int" }) },
      { parameters: { size: "int", name: { type: "str", default: "m" } } },
    ),
  });
  const functions = await functionsOf("shop");
  const printed = (name: string) => {
    const schema = functions.get(name)!;
    return `(${printParameters(schema.parameters.filter((each) => !each.keywordOnly && !each.keywordRest))}): ${printType(schema.returns)}`;
  };
  expect(printed("add")).toBe("(a: number, b?: number): number");
  expect(printed("all")).toBe(
    "(s: string, b: boolean, raw: Uint8Array, l: number[], d: { [key: string]: string[] }): { [key: string]: number }",
  );
  expect(printed("odd")).toBe("(x: unknown, d: unknown, m: unknown, ...args: unknown[]): unknown");
  expect(functions.get("odd")?.parameters.at(-1)).toMatchObject({ name: "kwargs", keywordRest: true });
  expect(functions.get("named")?.parameters.map(({ keywordOnly = false }) => keywordOnly)).toEqual([
    false,
    false,
    true,
  ]);
  expect(printed("bare")).toBe("(...args: unknown[]): unknown");
  expect(functions.get("count")).toMatchObject({ mode: "generator", returns: { name: "unknown" } });
  expect(functions.get("site")).toMatchObject({ mode: "web", parameters: [] });
  expect(functions.get("Model.predict")).toMatchObject({ class: "Model", returns: { name: "number" } });
  const { manifest } = await modal.engine.registry.getManifest(ref("shop"));
  expect(manifest).toMatchObject({ app: "shop", version: 1, language: "python" });
  expect(manifest?.classes?.[0]?.constructors[0]?.parameters).toEqual([
    {
      name: "params",
      type: {
        kind: "object",
        properties: [
          { name: "size", type: { kind: "primitive", name: "number" } },
          { name: "name", type: text, optional: true },
        ],
      },
    },
  ]);
});

test("without the helper, lists of a function that may be batched are lists or their elements", async () => {
  const f = (parameters: Record<string, string | { type: string; default: null }>, returns: string) =>
    fn(() => [], { parameters, returns });
  const batched = method(() => [], { parameters: { texts: "list[str]" }, returns: "list[list[int]]" });
  modal.fake.deploy("shop", {
    double: f({ xs: "list[int]", raw: "list[float]" }, "list[str]"),
    mean: f({ xs: "list[int]" }, "int"),
    pick: f({ xs: "list[int]", index: "int" }, "list[int]"),
    skip: f({ xs: "list[int]", step: { type: "Any", default: null } }, "list[int]"),
    list: f({}, "list[str]"),
    One: cls({ embed: batched }),
    Two: cls({ embed: batched, other: batched }),
  });
  const functions = await functionsOf("shop");
  const printed = [...functions.values()].map(
    (fn) => `${fn.name}(${printParameters(fn.parameters)}): ${printType(fn.returns)}`,
  );
  expect(printed).toEqual([
    "One.embed(texts: string | string[]): number[] | number[][]",
    "Two.embed(texts: string[]): number[][]",
    "Two.other(texts: string[]): number[][]",
    "double(xs: number | number[], raw: unknown): string | string[]",
    "list(): string[]",
    "mean(xs: number[]): number",
    "pick(xs: number[], index: number): number[]",
    "skip(xs: number[], step?: unknown): number[]",
  ]);
});

test("without the helper, `*args` and `**kwargs` are known by their names", async () => {
  const f = (parameters: Record<string, string | { type: string; default: number }>) => fn(() => 1, { parameters });
  const one = { type: "int", default: 1 };
  modal.fake.deploy("shop", {
    both: f({ label: "str", args: "int", sign: one, kwargs: "str" }),
    plain: f({ args: "list[int]", kwargs: "dict[str, int]" }),
    rest: f({ a: one, args: "Any", key: "str" }),
  });
  const functions = await functionsOf("shop");
  const kinds = (name: string) =>
    functions.get(name)?.parameters.map(({ name, type, rest, keywordOnly, keywordRest, optional }) => {
      const mark = rest ? "*" : keywordRest ? "**" : keywordOnly ? "name " : "";
      return `${mark}${name}${optional ? "?" : ""}: ${printType(type)}`;
    });
  expect(kinds("both")).toEqual(["label: string", "*args: number[]", "name sign?: number", "**kwargs: string"]);
  expect(kinds("plain")).toEqual(["args: number[]", "kwargs: { [key: string]: number }"]);
  expect(kinds("rest")).toEqual(["a?: number", "*args: unknown[]", "name key: string"]);
});

test("coarse types say how to get full ones", async () => {
  modal.fake.deploy("shop", { add });
  modal.fake.deploy("tools", { add, ...published([], { doc: "Tools." }) });
  const docs = async (app: string) => {
    const { manifest } = await modal.engine.registry.getManifest(ref(app));
    return [manifest?.doc, manifest?.functions[0]?.doc];
  };
  expect(await docs("shop")).toEqual([expect.stringContaining("`npx farcall init --modal FILE`"), undefined]);
  expect(await docs("tools")).toEqual(["Tools.", expect.stringContaining("Make that the module's last line.")]);
});

test("the helper's types are taken where they are, and its classes are not shown", async () => {
  const schema = { name: "add", mode: "unary", keywords: true, parameters: [{ name: "a", type: text }], returns: text };
  const own = { name: "Model", constructors: [{ parameters: [] }], doc: "A model." };
  const say = { ...schema, name: "Model.say", class: "Model", doc: "Says it." };
  modal.fake.deploy("shop", {
    add,
    other: fn(() => 1),
    Model: cls({ say: method(() => 1) }),
    ...published([{ ...schema, typed: true, source: { file: "app.py", line: 3 } }, say], {
      classes: [own],
      doc: "A shop.",
    }),
  });
  const { manifest } = await modal.engine.registry.getManifest(ref("shop"));
  expect(manifest?.doc).toBe("A shop.");
  expect(manifest?.functions.map(({ name }) => name)).toEqual(["Model.say", "add", "other"]);
  expect(manifest?.functions[1]).toMatchObject({ ...schema, source: { file: "app.py", line: 3 } });
  expect(manifest?.functions[1]).not.toHaveProperty("typed");
  expect(manifest?.classes).toMatchObject([own]);
  expect((await modal.engine.registry.listApps())[0]).toMatchObject({ app: "shop", functions: 3 });
});

test("types of a helper with another format are refused", async () => {
  modal.fake.deploy("shop", { add, ...carriers({ farcall: 2 }) });
  const error = await modal.engine.registry.getManifest(ref("shop")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect((error as Error).message).toBe("the types of app shop are in format 2, not 1");
});

test("a function that was asked to convert gets the wish for it with each call, and others do not", async () => {
  const seen: unknown[] = [];
  const see = fn(({ args, kwargs }) => seen.push([args, kwargs]));
  const schema = (name: string) => ({ name, mode: "unary", keywords: true, parameters: [], returns: text });
  modal.fake.deploy("shop", {
    typed: see,
    plain: see,
    ...published([{ ...schema("typed"), typed: true }, schema("plain")]),
  });
  await modal.function("typed").remote();
  await modal.function("typed").remote(1, { a: new Date(0) });
  await modal.function("plain").remote();
  expect(seen).toEqual([
    [[], { __farcall__: true }],
    [[1, { a: new Date(0) }], { __farcall__: true }],
    [[], {}],
  ]);
});

test("apps are listed by environment, and unknown environments have none", async () => {
  modal.fake.deploy("shop", { add });
  modal.fake.deploy("shop", { add }, { environment: "dev" });
  const list = async (filter?: { environment: string }) =>
    (await modal.engine.registry.listApps(filter)).map(({ app, environment }) => `${environment}/${app}`);
  expect(await list()).toEqual(["main/shop", "dev/shop"]);
  expect(await list({ environment: "dev" })).toEqual(["dev/shop"]);
  expect(await list({ environment: "prod" })).toEqual([]);
});

test("an older version can be asked for, and history says who deployed what when", async () => {
  modal.fake.deploy("shop", { add });
  modal.fake.deploy("shop", { add: fn(() => 0, { parameters: { x: "str" } }) });
  const manifest = async (version: number) =>
    (await modal.engine.registry.getManifest(ref("shop", { version }))).manifest;
  expect((await manifest(1))?.functions[0]?.parameters.map(({ name }) => name)).toEqual(["a", "b"]);
  expect((await manifest(2))?.functions[0]?.parameters.map(({ name }) => name)).toEqual(["x"]);
  expect(await modal.engine.registry.history(ref("shop"))).toMatchObject([
    { version: 2, origin: { user: "fake" } },
    { version: 1 },
  ]);
  await expect(manifest(9)).rejects.toMatchObject({ hint: "It has 1, 2." });
});

test("what does not exist is an error that names what does", async () => {
  modal.fake.deploy("shop", { add, Model: cls({ predict: method(() => 1) }) });
  modal.fake.deploy("tools", { add }, { environment: "dev" });
  const refused = async (given: Parameters<typeof modal.engine.registry.resolve>[0]) => {
    const error = await modal.engine.registry.resolve(given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotFoundError);
    const { message, hint } = error as NotFoundError;
    return `${message}. ${hint}`;
  };
  expect(await refused({ ...ref("shpo"), name: "add" })).toBe(
    "no app shpo is deployed in environment main. Did you mean shop?",
  );
  expect(await refused({ ...ref("tools"), name: "add" })).toContain("It is deployed in dev.");
  expect(await refused({ app: "shop", environment: "prod", name: "add" })).toBe(
    "Modal has no environment prod, in which to look for app shop. There are main, dev.",
  );
  expect(await refused({ ...ref("shop"), name: "ad" })).toContain("Did you mean add?");
  expect(await refused({ ...ref("shop"), name: "Model" })).toContain("Its methods are Model.predict.");
  await modal.fake.apps.rpcs.appStop({ appId: modal.fake.apps.named("shop", "main")!.id } as never);
  expect(await refused({ ...ref("shop"), name: "add" })).toContain("no app shop is deployed");
});

test("a stub fits a changed function as long as its calls do", async () => {
  const version = (parameters: Parameters<typeof fn>[1] & object) =>
    modal.fake.deploy("shop", { add: fn(() => 1, parameters) });
  version({ parameters: { a: "int" } });
  const { schema } = await modal.engine.registry.resolve({ ...ref("shop"), name: "add" });
  const stub = { ...ref("shop"), name: "add", signature: schema.signature };
  version({ parameters: { a: "int", b: { type: "int", default: 1 } } });
  expect(await modal.engine.registry.resolve(stub)).toMatchObject({ version: 2 });
  version({ parameters: { a: "str" } });
  const error = await modal.engine.registry.resolve(stub).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SignatureMismatchError);
  expect((error as SignatureMismatchError).message).toContain("has changed since the stub was generated");
  await expect(modal.engine.registry.resolve({ ...stub, signature: "0000" })).rejects.toThrow("never deployed");
});

test("codegen of an app costs one question for its environment and two for the app", async () => {
  modal.fake.deploy("shop", { add, ...published([]) });
  modal.fake.deploy("tools", { add });
  modal.fake.resetCounts();
  const { registry } = modal.engine;
  for (const { app, environment } of await registry.listApps({ environment: "main" })) {
    await registry.getManifest({ app, environment });
  }
  const { authTokenGet, ...counts } = modal.fake.counts;
  expect(counts).toEqual({ appList: 1, appGetByDeploymentName: 2, appGetLayout: 2 });
});

test("functions whose metadata the layout lacks are asked for one by one", async () => {
  modal.fake.deploy("shop", { add });
  const layout = modal.fake.apps.layout.bind(modal.fake.apps);
  modal.fake.apps.layout = (...given) => {
    const { objects = [], ...rest } = layout(...given);
    return { ...rest, objects: objects.map(({ objectId = "" }) => ({ objectId })) };
  };
  expect([...(await functionsOf("shop")).keys()]).toEqual(["add"]);
  expect(modal.fake.count("functionGet")).toBe(1);
});
