/** Classes from their source to calls: what is registered, and which stubs go on working after a change. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeployError, deployApp } from "../../src/deploy/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import { Client, type Function, SignatureMismatchError, stubs, withClient } from "../../src/runtime/index.ts";
import type { AppManifest } from "../../src/schema/index.ts";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { type Project, project } from "./project.ts";

let home: TemporaryHome;
let engine: Engine;
let files: Project;
beforeAll(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  files = await project({});
});
afterAll(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
});

const source = (parameters: string, returns = "string") => `
import { App } from "farcall";
export const app = new App("ml", { timeoutMs: 9_000 });
export interface Options { at?: Date; tags?: Set<string> }
export const Model = app.class(
  class {
    readonly #given: unknown[];
    constructor(${parameters}) { this.#given = [...arguments]; }
    text(): ${returns} { return JSON.stringify(this.#given) as never; }
    async *each(count: number): AsyncGenerator<number> { for (let i = 0; i < count; i++) yield i; }
    private own(): void {}
    protected use(): void { this.own(); }
  },
  { concurrency: { maxInputs: 3 }, methods: { text: { retries: 2 } } },
);
`;

async function deploy(text: string): Promise<AppManifest> {
  await files.write("app.ts", text);
  return (await deployApp({ entry: files.path("app.ts"), engine })).manifest;
}

/** A stub as codegen writes it. */
type Model = new (...args: unknown[]) => { text: Function<[], string> };
function stubOf({ functions }: AppManifest): Model {
  const methods = functions.map(
    ({ name, signature, mode }) =>
      [name.slice("Model.".length), mode === "generator" ? "generator" : "function", signature] as const,
  );
  const Stub: Model = stubs({ app: "ml", environment: "main" }).class("Model", methods);
  return withClient(new Client({ engine }), Stub);
}

test("registers the public methods of a class with its options, and compares constructors", async () => {
  const first = await deploy(source('size: "s" | "l"'));
  expect(first.classes).toMatchObject([{ name: "Model", constructors: [{ parameters: [{ name: "size" }] }] }]);
  expect(first.functions).toMatchObject([
    {
      name: "Model.text",
      class: "Model",
      options: { retries: { maxRetries: 2 }, concurrency: { maxInputs: 3 }, maxContainers: 1, timeoutMs: 9_000 },
    },
    { name: "Model.each", class: "Model", mode: "generator", options: { retries: { maxRetries: 0 } } },
  ]);
  const old = stubOf(first);
  expect(await new old("l").text.remote()).toBe('["l"]');

  // Callers of before can still construct it.
  const second = await deploy(source('size: "s" | "m" | "l", options?: Options'));
  expect(second.functions[0]!.signature).not.toBe(first.functions[0]!.signature);
  expect(await new old("l").text.remote()).toBe('["l"]');

  await files.write("app.ts", source("size: number"));
  const refused = await deployApp({ entry: files.path("app.ts"), engine, refuseBreaking: true }).catch(
    (e: unknown) => e,
  );
  expect(refused).toBeInstanceOf(DeployError);
  expect((refused as DeployError).message).toMatch(/^Model: parameter 'size'/m);
  await deploy(source("size: number"));
  const mismatch = await new old("l").text.remote().catch((error: unknown) => error);
  expect(mismatch).toBeInstanceOf(SignatureMismatchError);
  expect((mismatch as Error).message).toContain("constructor: parameter 'size'");
});

test("is described and called from the command line", async () => {
  await deploy(source('size: "s" | "l", options: Options = {}'));
  const cli = (...args: string[]) => farcall(args, { env: home.env, cwd: files.root });
  const call = await cli("call", 'ml/Model("l",{"at":"2026-01-31T00:00:00Z","tags":["a"]}).text');
  expect(call.stdout).toBe('["l",{"at":"2026-01-31T00:00:00.000Z","tags":{}}]\n');
  expect((await cli("call", 'ml/Model("s").each', "2", "--json")).stdout).toBe("0\n1\n");
  expect((await cli("describe", "ml")).stdout).toContain('new Model(size: "s" | "l", options?: Options)');
  expect((await cli("describe", "ml/Model")).stdout).toContain("*Model.each(count: number): number");
  expect(JSON.parse((await cli("stats", 'ml/Model("l").text', "--json")).stdout)).toMatchObject([
    { function: "Model.text", backlog: 0 },
  ]);
  for (const [target, message] of [
    ["ml/Model.text", "Model needs its argument size"],
    ["ml/Model", "is a class, not a function"],
    ["ml/Model(l).text", "are not JSON"],
    ['ml/Model("xl").text', 'Model(size): expected "s" | "l", received "xl"'],
    ['ml/Model("l").test', "has no function Model.test"],
  ] as const) {
    const { code, stderr } = await cli("call", target);
    expect(stderr).toContain(message);
    expect(code).not.toBe(0);
  }
});
