/** Functions that leave out what cannot cross, from an app's source over stubs to a program that calls, with a real host. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { COMPILERS, compile } from "../support/compile.ts";
import { InstalledProject } from "./project.ts";

let project: InstalledProject;
let folder: string;
let env: Record<string, string | undefined>;
let deployed: string;

const APP = `import { App } from "farcall";

class Client { ask(): string { return "asked"; } }
export interface Options { width: number; onProgress?: (fraction: number) => void; }
export interface Result {
  width: number;
  cancel?: () => void;
  client?: Client;
  parts: { n: number; tag?: symbol }[];
  byName: Map<string, { done?: () => void; at: Date }>;
  any?: unknown;
}

export const app = new App("images");

const made = (width: number): Result => ({
  width,
  cancel: () => {},
  client: new Client(),
  parts: [{ n: 1, tag: Symbol("a") }, { n: 2 }],
  byName: new Map([["a", { done: () => {}, at: new Date(5) }]]),
});

/** Resizes an image. */
export const resize = app.function(
  async function resize(options: Options): Promise<Result> {
    options.onProgress?.(1);
    return made(options.width);
  },
  { omit: "uncrossable" },
);
export const each = app.function(
  function* each(width: number) { yield made(width); yield made(width + 1); },
  { omit: "uncrossable" },
);
export const together = app.function(
  async (widths: number[]): Promise<Result[]> => widths.map(made),
  { name: "together", omit: "uncrossable", batch: { maxSize: 2, waitMs: 1 } },
);
export const unlisted = app.function(
  async (): Promise<Result> => ({ ...made(1), any: () => 1 }),
  { name: "unlisted", omit: "uncrossable", validate: false },
);
`;

const PROGRAM = `import { images } from "./generated/index.ts";

const results: Record<string, unknown> = {};
const result = await images.resize.remote({ width: 3 });
results["keys"] = Object.keys(result);
results["parts"] = result.parts;
results["byName"] = [...result.byName].map(([name, value]) => [name, Object.keys(value), value.at.getTime()]);
results["each"] = [];
for await (const item of images.each.remoteGen(4)) (results["each"] as unknown[]).push([item.width, Object.keys(item)]);
results["together"] = Object.keys(await images.together.remote(5));
results["unlisted"] = await images.unlisted.remote().catch((error: Error) => error.message);
results["invalid"] = await images.resize.remote({ width: "3" } as never).catch((error: Error) => error.message);
// @ts-expect-error it is left out
void result.cancel;
// @ts-expect-error it is left out
const options: images.Options = { width: 1, onProgress: () => {} };
console.log(JSON.stringify(results));
`;

beforeAll(async () => {
  project = await InstalledProject.create({
    "package.json": JSON.stringify({ type: "module" }),
    "farcall.config.json": JSON.stringify({ apps: ["images"] }),
    "src/app.ts": APP,
    "src/main.ts": PROGRAM,
  });
  ({ folder, env } = project);
  deployed = await project.cli("deploy", "src/app.ts");
  await project.cli("codegen");
});

afterAll(() => project?.[Symbol.asyncDispose]());

test("a deploy lists what is left out, with its place and its path", () => {
  const lines = deployed.split("\n").filter((line) => line.includes("left out for callers"));
  expect(lines.map((line) => line.trim().replace(/: left out.*/, ""))).toEqual([
    "src/app.ts:4:43 - warning: resize(options.onProgress)",
    "src/app.ts:7:3 - warning: resize() → cancel",
    "src/app.ts:8:3 - warning: resize() → client",
    "src/app.ts:9:23 - warning: resize() → parts[].tag",
    "src/app.ts:10:25 - warning: resize() → byName[value].done",
  ]);
});

test("results arrive without what is left out; other values that cannot cross still fail", async () => {
  const ran = await run(process.execPath, ["src/main.ts"], { cwd: folder, env });
  expect(ran.stderr).toBe("");
  expect(JSON.parse(ran.stdout)).toEqual({
    keys: ["width", "parts", "byName"],
    parts: [{ n: 1 }, { n: 2 }],
    byName: [["a", ["at"], 5]],
    each: [
      [4, ["width", "parts", "byName"]],
      [5, ["width", "parts", "byName"]],
    ],
    together: ["width", "parts", "byName"],
    unlisted: expect.stringContaining("result.any is a function"),
    invalid: expect.stringContaining("options.width"),
  });
});

test("the stub's documentation says which properties its types lack", async () => {
  const stubs = await readFile(join(folder, "src/generated/images.ts"), "utf8");
  expect(stubs).toContain(`
/**
 * Resizes an image.
 *
 * Left out of these types, since values of theirs cannot cross the wire:
 * - \`resize(options.onProgress)\`
 * - \`resize() → cancel\`
`);
  expect(stubs).not.toMatch(/onProgress\?|cancel\?|Client/);
});

test.each(COMPILERS)("the stub compiles under %s", async (compiler) => {
  expect(await compile(compiler, join(folder, "tsconfig.json"), folder)).toBe("");
});
