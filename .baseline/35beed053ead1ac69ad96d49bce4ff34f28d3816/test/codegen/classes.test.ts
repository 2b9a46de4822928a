/** Stubs of classes: they let callers make correct calls with every compiler, and names in them do no harm. */
import { expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import type { ClassSchema, Declaration } from "../../src/schema/index.ts";
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
  text,
  tsconfig,
} from "./support.ts";

const options: Declaration = {
  kind: "interface",
  name: "Options",
  properties: [{ name: "threads", type: number, optional: true }],
};

function classOf(name: string, ...constructors: ClassSchema["constructors"]): ClassSchema {
  return { name, constructors: constructors.length > 0 ? constructors : [{ parameters: [] }], signature: "s" };
}

function method(of: string, name: string, parameters: Draft["parameters"] = [], more: Partial<Draft> = {}): Draft {
  return fn(`${of}.${name}`, parameters, number, { class: of, ...more });
}

const T = { kind: "typeParameter", name: "T" } as const;

const model: ClassSchema = {
  ...classOf("Model", {
    doc: "Is quick.",
    parameters: [
      parameter("size", { kind: "union", members: [literal("s"), literal("l")] }, { doc: "How large." }),
      parameter("options", reference("Options"), { optional: true }),
    ],
  }),
  doc: "Thinks about texts.",
  source: { file: "src/app.ts", line: 3 },
};

function literal(value: string) {
  return { kind: "literal", value } as const;
}

const methods = [
  fn("plain", [], nothing),
  method("Model", "predict", [parameter("text", text)], {
    doc: "Says what it means.",
    source: { file: "src/app.ts", line: 7 },
  }),
  method("Model", "stream", [parameter("count", number)], { mode: "generator" }),
  method("Model", "first", [parameter("items", { kind: "array", element: T })], {
    typeParameters: [{ name: "T" }],
    returns: T,
  }),
  method("Over", "run"),
];
const over = classOf("Over", { parameters: [parameter("name", text)] }, { parameters: [parameter("count", number)] });
const ml = () => manifest("ml", methods, [options], { classes: [model, over] });

const use = `
import { Class, type FunctionCall } from "farcall";
import { ml } from "./generated/index.ts";

export async function main(): Promise<void> {
  const model: ml.Model = new ml.Model("l", { threads: 2 });
  const result: number = await model.predict.remote("x");
  // @ts-expect-error: a text is read
  await model.predict.remote(1);
  // @ts-expect-error: there is no such size
  new ml.Model("xl");
  // @ts-expect-error: the size is needed
  new ml.Model();
  // @ts-expect-error: it is a class
  ml.Model("l");
  for await (const one of model.predict.map(["a", "b"])) one satisfies number;
  for await (const one of model.predict.starmap([["a"], ["b"]])) one satisfies number;
  for await (const one of model.stream.remoteGen(2)) one satisfies number;
  // @ts-expect-error: a generator has no remote
  model.stream.remote;
  const call: FunctionCall<number> = await model.predict.spawn("x");
  (await model.first.remote(["a"])) satisfies string;
  new ml.Over("a"), new ml.Over(1);
  // @ts-expect-error: neither constructor
  new ml.Over(true);
  const Named = Class.fromName("ml", "Model");
  (await new Named("s").predict.remote("x")) satisfies number;
  // @ts-expect-error: there is no such class
  Class.fromName("ml", "Madel");
  // @ts-expect-error: a function is not a class
  Class.fromName("ml", "plain");
  void [result, call];
}
`;

test("construct, call and refuse mistakes with every compiler that users have, as TypeScript and as JavaScript", async () => {
  await using deployed = await registry();
  using project = new Project({ "src/use.ts": use });
  await deployed.deploy(ml());
  await generate({ apps: ["ml"] }, { cwd: project.path, engine: deployed.engine });
  for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
  const generated = project.read("src/generated/ml.ts");
  expect(generated).toContain("/**\n * Thinks about texts.\n * @see `src/app.ts:3`\n */\nexport const Model: {");
  expect(generated).toContain("  /**\n   * Is quick.\n   * @param size How large.\n   */\n  new (size:");
  expect(generated).toContain("  /**\n   * Says what it means.\n   * @see `src/app.ts:7`\n   */\n  readonly predict:");

  using js = new Project({ "src/use.ts": use.replace("index.ts", "index.js"), "tsconfig.json": tsconfig({}) });
  await generate({ apps: ["ml"], emit: "js" }, { cwd: js.path, engine: deployed.engine });
  for (const compiler of COMPILERS) expect(await js.check(compiler), compiler).toBe("");
});

test("classes are chosen by name and pattern like functions, and come out of the lock as they went in", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(ml());
  const config = { apps: [{ name: "ml", functions: ["Mod*"] }] };
  const { apps } = await generate(config, { cwd: project.path, engine: deployed.engine });
  expect(apps).toMatchObject([{ functions: 3 }]);
  const written = project.read("src/generated/ml.ts");
  expect(written).toContain("export const Model");
  expect(written).toContain("export interface Options");
  expect(written).not.toMatch(/Over|plain/);
  const again = await generate(config, { cwd: project.path, offline: true });
  expect(again.upToDate).toBe(true);
  await generate({ apps: [{ name: "ml", functions: ["!Model"] }] }, { cwd: project.path, engine: deployed.engine });
  expect(project.read("src/generated/ml.ts")).not.toMatch(/Model|Options/);
  const wrong = { apps: [{ name: "ml", functions: ["Madel"] }] };
  await expect(generate(wrong, { cwd: project.path, engine: deployed.engine })).rejects.toMatchObject({
    hint: "Did you mean Model?",
  });
});

test("a changed constructor is reported once, as a change of the class", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(ml());
  await generate({ apps: ["ml"] }, { cwd: project.path, engine: deployed.engine });
  const changed = { ...model, constructors: [{ parameters: [parameter("size", number)] }], signature: "t" };
  await deployed.deploy(manifest("ml", methods, [options], { classes: [changed, over] }));
  const { changes } = await generate({ apps: ["ml"] }, { cwd: project.path, engine: deployed.engine });
  expect(changes).toMatchObject([{ function: "Model", change: "changed", verdict: "breaking" }]);
});

test("hostile, reserved and taken names give code that compiles and keeps them", async () => {
  await using deployed = await registry();
  using project = new Project({
    "src/use.ts": `
import { odd } from "./generated/index.ts";
export async function main(): Promise<void> {
  (await new odd.delete().run.remote()) satisfies number;
  (await new odd.Promise().run.remote()) satisfies number;
  const data: odd.Data = { threads: 1 };
  const instance: odd.DataInstance = new odd.Data();
  (await new odd.Function()["a-b"].remote()) satisfies number;
  void [data, instance];
}
`,
  });
  const data: Declaration = { ...options, name: "Data" };
  const evil = '*/ throw 1; /*\u2028`"';
  const names = ["delete", "Promise", "Data", "Function", "Model"];
  await deployed.deploy(
    manifest(
      "odd",
      [
        ...names.map((name) =>
          method(name, "run", [parameter("data", reference("Data"), { optional: true })], { doc: evil }),
        ),
        method("Function", "a-b"),
        method("Function", "__proto__"),
        method("Function", evil),
      ],
      [data],
      { classes: names.map((name) => ({ ...classOf(name, { parameters: [], doc: evil }), doc: evil })) },
    ),
  );
  await generate({ apps: ["odd"] }, { cwd: project.path, engine: deployed.engine });
  for (const compiler of COMPILERS) expect(await project.check(compiler), compiler).toBe("");
});
