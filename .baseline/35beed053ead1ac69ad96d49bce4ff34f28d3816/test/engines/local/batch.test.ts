/** Batched functions: deployed from source, called by the item, run by the array. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployApp } from "../../../src/deploy/index.ts";
import type { Engine } from "../../../src/engine/index.ts";
import { localEngine } from "../../../src/engines/local/index.ts";
import { CancelledError, InvalidError } from "../../../src/runtime/index.ts";
import type { AppManifest } from "../../../src/schema/index.ts";
import { printParameters, printType } from "../../../src/schema/index.ts";
import { type Project, project } from "../../deploy/project.ts";
import { Driver } from "../../engine/drive.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";

const source = `
import { existsSync } from "node:fs";
import { App, context } from "farcall";
export const app = new App("batched");
type Texts = readonly string[];
export interface Seen { text: string; width: number; together: number }
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const options = { batch: { maxSize: 4, waitMs: 200 }, maxContainers: 2 };

/** Says what ran together. */
export const embed = app.function(async function embed(texts: Texts, widths: number[]): Promise<Seen[]> {
  return texts.map((text, i) => ({ text, width: widths[i]!, together: texts.length }));
}, options);
export const lone = app.function(function lone(texts: string[]): number[] { return texts.map(() => texts.length); },
  { batch: { maxSize: 1000, waitMs: 1 } });
export const short = app.function((texts: string[]): string[] => texts.slice(1), { ...options, name: "short" });
export const none = app.function(async (texts: string[]): Promise<string[]> => texts[0] as unknown as string[], { ...options, name: "none" });
export const fails = app.function(function fails(texts: string[]): string[] { throw new RangeError(texts.length + " at once"); }, options);
export const partly = app.function(function partly(texts: string[]): unknown[] { return texts.map((text) => text === "bad" ? () => 1 : text); }, options);
let attempts = 0;
export const flaky = app.function(function flaky(texts: string[]): number[] {
  attempts++;
  if (attempts === 1) throw new Error("the first time");
  return texts.map(() => context().attempt);
}, { ...options, maxContainers: 1, retries: { maxRetries: 2, initialDelayMs: 1 } });
export const slow = app.function(async function slow(files: string[]): Promise<boolean[]> {
  context().progress(0.5);
  while (!existsSync(files[0]!) && !context().signal.aborted) await sleep(5);
  return files.map(() => context().signal.aborted);
}, { ...options, maxContainers: 1 });
export const crash = app.function(function crash(texts: string[]): number[] {
  if (texts.includes("crash")) process.exit(3);
  return texts.map(() => texts.length);
}, { ...options, maxContainers: 1 });
`;

let home: TemporaryHome;
let engine: Engine;
let app: Driver;
let folder: Project;
let manifest: AppManifest;
const scratch = mkdtempSync(join(tmpdir(), "fc-"));

beforeAll(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  app = new Driver(engine, "batched");
  folder = await project({ "app.ts": source });
  ({ manifest } = await deployApp({ entry: folder.path("app.ts"), engine }));
});

afterAll(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

const texts = (count: number) => Array.from({ length: count }, (_, i) => [`text ${i}`]);

test("callers see the types of one item, under a signature of their own", () => {
  const embed = manifest.functions.find(({ name }) => name === "embed")!;
  expect(printParameters(embed.parameters)).toBe("texts: string, widths: number");
  expect(printType(embed.returns)).toBe("Seen");
  expect(embed.options.batch).toEqual({ maxSize: 4, waitMs: 200 });
  expect(new Set(manifest.functions.map(({ signature }) => signature)).size).toBeGreaterThan(3);
});

test("a map runs in full batches and gives each input its own result", async () => {
  const outcomes = await app.map(
    "embed",
    texts(8).map(([text], i) => [text, i]),
  );
  expect(outcomes.map(({ value }) => value)).toEqual(texts(8).map(([text], width) => ({ text, width, together: 4 })));
});

test("inputs of several calls run together", async () => {
  const calls = await Promise.all([1, 2, 3, 4].map((i) => app.remote("embed", `call ${i}`, i)));
  expect(calls.map((seen) => (seen as { together: number }).together)).toEqual([4, 4, 4, 4]);
});

test("an input that no others join runs alone after the wait", async () => {
  expect(await app.remote("lone", "alone")).toBe(1);
});

test("a durable call of many inputs runs in batches", async () => {
  const id = await app.spawn(
    "embed",
    texts(6).map(([text], i) => [text, i]),
  );
  const outcomes = await app.get(id, 6);
  expect(outcomes.map(({ value }) => (value as { width: number }).width)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("an argument that does not fit fails its own input alone", async () => {
  const outcomes = await app.map("embed", [
    ["a", 1],
    ["b", "wide"],
    ["c", 3],
    ["d", 4],
  ]);
  expect(outcomes.map(({ value }) => (value as { together: number })?.together)).toEqual([3, undefined, 3, 3]);
  expect(outcomes[1]!.error).toBeInstanceOf(InvalidError);
  expect(String(outcomes[1]!.error)).toContain("embed(widths): expected number");
});

test("too few results, or a result that is not an array, fail each input and say what is expected", async () => {
  for (const { error } of await app.map("short", texts(4))) {
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toMatch(/short is batched and was given 4 inputs, but returned an array of 3/);
  }
  expect(String((await app.map("none", texts(4)))[0]!.error)).toMatch(
    /returned a value that is not an array \(string\)/,
  );
});

test("an error fails the whole batch; a result that cannot be sent fails its own input", async () => {
  const failed = await app.map("fails", texts(4));
  expect(failed.map(({ error }) => String(error))).toEqual(Array(4).fill("RangeError: 4 at once"));
  const partly = await app.map("partly", [["good"], ["bad"], ["good"], ["good"]]);
  expect(partly.map(({ value }) => value)).toEqual(["good", undefined, "good", "good"]);
  expect(String(partly[1]!.error)).toMatch(/function/i);
});

test("a failed batch is retried", async () => {
  expect((await app.map("flaky", texts(4))).map(({ value }) => value)).toEqual([1, 1, 1, 1]);
});

test("cancelling one input's call leaves the others of the batch alone; cancelling all aborts the signal", async () => {
  const open = join(scratch, "open");
  const kept = app.call("slow", [[open], [open], [open]]);
  const dropped = await app.spawn("slow", [[open]]);
  for await (const { fraction } of engine.monitor!.progress(dropped, { follow: true })) {
    expect(fraction).toBe(0.5);
    await engine.invoker.cancel(dropped);
  }
  writeFileSync(open, "");
  expect((await kept.outcomes).map(({ value }) => value)).toEqual([false, false, false]);
  const [outcome] = await app.get(dropped).catch((error: unknown) => [{ error }]);
  expect((outcome as { error: unknown }).error).toBeInstanceOf(CancelledError);

  const all = await app.spawn("slow", [["no such file"], ["no such file"]]);
  for await (const _ of engine.monitor!.progress(all, { follow: true })) await engine.invoker.cancel(all);
  // The container was not killed for it, and takes the next batch.
  expect(await app.remote("slow", open)).toBe(false);
});

test("an input that kills its container fails no other input", async () => {
  const outcomes = await app.map("crash", [["a"], ["crash"], ["b"], ["c"]]);
  expect(outcomes.map(({ value }) => value)).toEqual([1, undefined, 1, 1]);
  expect(String(outcomes[1]!.error)).toMatch(/died/);
});

describe("a deploy refuses", () => {
  async function refusal(line: string): Promise<string> {
    await using broken = await project({
      "app.ts": `import { App } from "farcall";\nexport const app = new App("broken");\nconst batch = { maxSize: 2, waitMs: 1 };\n${line}\n`,
    });
    const error = (await deployApp({ entry: broken.path("app.ts"), engine }).catch((thrown: unknown) => thrown)) as {
      problems?: { message: string; line: number }[];
      message: string;
    };
    return `${error.message} ${(error.problems ?? []).map(({ message, line: at }) => `${at}: ${message}`).join(" ")}`;
  }

  test("parameters and results that are not arrays, and says where", async () => {
    const text = await refusal(
      "export const f = app.function(function f(one: any, other: string[]): any { return other; }, { batch });",
    );
    expect(text).toContain("4: f(one) belongs to a batched function but is not an array");
    expect(text).toContain("f() belongs to a batched function but is not an array");
  });

  test("optional parameters", async () => {
    expect(
      await refusal("export const f = app.function(function f(a: string[] = []): string[] { return a; }, { batch });"),
    ).toContain("f(a) belongs to a batched function but is optional");
  });

  test("generators", async () => {
    expect(
      await refusal(
        "export const f = app.function(function* f(a: string[]): any { yield* a; }, { batch, name: 'f' } as any);",
      ),
    ).toMatch(/generator/);
  });
});
