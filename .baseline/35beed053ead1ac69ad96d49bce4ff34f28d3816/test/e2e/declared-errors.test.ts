/** Errors that functions declare, from an app's source over stubs to `instanceof` in a program that calls, with a real host. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { farcall, run } from "../support/cli.ts";
import { COMPILERS, compile } from "../support/compile.ts";
import { InstalledProject } from "./project.ts";

let project: InstalledProject;
let folder: string;
let env: Record<string, string | undefined>;

const ERRORS = `/** Something is wrong with an image. */
export class ImageError extends Error {
  override name = "ImageError";
  /** Which one. */
  readonly file: string;
  constructor(message: string, file: string, options?: ErrorOptions) { super(message, options); this.file = file; }
}

/** The image has too many bytes. */
export class TooLarge extends ImageError {
  override name = "TooLarge";
  /** In bytes. */
  readonly limit: number;
  code = 413;
  constructor(file: string, limit: number) {
    super(\`\${file} has more than \${limit} bytes\`, file, { cause: new RangeError("out of memory") });
    this.limit = limit;
  }
  describe(): string { return "large"; }
}

export class Busy extends Error { readonly until: Date; constructor(until: Date) { super("busy"); this.until = until; } }
export class Hidden extends Error {}
`;

const IMAGES = `import { App } from "farcall";
import { Busy, Hidden, ImageError, TooLarge } from "./errors.ts";
import type * as failures from "./errors.ts";
import { other } from "./stubs/index.ts";

export const app = new App("images");

/**
 * Scales an image.
 * @throws {TooLarge} for more than ten bytes
 * @throws {failures.ImageError | RangeError} when it is none
 */
export const resize = app.function(async function resize(file: string): Promise<string> {
  if (file === "large") throw new TooLarge(file, 10);
  if (file === "other") return other.check.remote(file);
  if (file === "range") throw new RangeError("far away");
  if (file === "hidden") throw new Hidden("not declared");
  if (file === "derived") { class Derived extends TooLarge {} throw new Derived(file, 1); }
  if (file === "all") throw new AggregateError([new TooLarge(file, 2), new Error("plain")], "all of them");
  if (file === "inside") throw new Hidden("not declared", { cause: new ImageError("inside", file) });
  return file;
});

export const wait = app.function(async (): Promise<void> => { throw new Busy(new Date(5)); }, { name: "wait", errors: [Busy] });

export const lines = app.function(
  /** @throws {ImageError} in the end */
  async function* lines() { yield 1; throw new ImageError("torn", "b.png"); },
);

export const Model = app.class(class Model {
  /** @throws {Busy} always */
  async run(): Promise<void> { throw new Busy(new Date(7)); }
});
`;

const OTHER = `import { App } from "farcall";
export class TooLarge extends Error { readonly weight = 3; }
export const app = new App("other");
/** @throws {TooLarge} always */
export const check = app.function(async function check(file: string): Promise<string> { throw new TooLarge(file); });
`;

const PROGRAM = `import { FunctionCall, RemoteError, UserCodeException, withLocal } from "farcall";
import { images, other } from "./generated/index.ts";

const results: Record<string, unknown> = {};
const caught = async (promise: Promise<unknown>) => promise.then(() => "nothing", (error: unknown) => error);
const error = await caught(images.resize.remote("large"));
if (error instanceof images.TooLarge) {
  const { name, message, file, limit, code, cause, stack } = error;
  results["remote"] = [name, message, file, limit satisfies number, code satisfies number, cause instanceof RangeError];
  results["stack"] = /images\\.ts:[\\s\\S]*called from[\\s\\S]*main\\.ts:/.test(stack ?? "");
  results["base"] = [error instanceof images.ImageError, error instanceof RemoteError, error instanceof Error];
  results["other"] = error instanceof other.TooLarge;
}
const items: unknown[] = [];
for await (const item of images.resize.map(["a", "large"], { returnExceptions: true, wrapReturnedExceptions: false })) items.push(item);
results["item"] = [items[0], items[1] instanceof images.TooLarge];
for await (const item of images.resize.map(["large"], { returnExceptions: true })) {
  results["cause"] = item instanceof UserCodeException && item.cause instanceof images.TooLarge;
}
results["map"] = (await caught(images.resize.map(["large"]).next())) instanceof images.TooLarge;
try { for await (const line of images.lines.remoteGen()) results["line"] = line; } catch (error) {
  results["generator"] = error instanceof images.ImageError && error.file;
}
const call = await images.wait.spawn();
const busy = await caught(call.get());
results["get"] = busy instanceof images.Busy && busy.until.getTime();
results["gather"] = (await caught(FunctionCall.gather(await images.wait.spawn()))) instanceof images.Busy;
results["fromId"] = (await caught(FunctionCall.fromId(call.id).get())) instanceof images.Busy;
results["method"] = (await caught(new images.Model().run.remote())) instanceof images.Busy;
const crossed = await caught(images.resize.remote("other"));
results["crossed"] = [crossed instanceof images.TooLarge, crossed instanceof other.TooLarge];
const derived = await caught(images.resize.remote("derived"));
results["derived"] = [derived instanceof images.TooLarge, (derived as Error).name];
results["range"] = (await caught(images.resize.remote("range"))) instanceof RangeError;
const hidden = await caught(images.resize.remote("hidden"));
results["hidden"] = [hidden instanceof RemoteError, (hidden as Error).name, hidden instanceof images.ImageError];
const all = await caught(images.resize.remote("all"));
results["all"] = all instanceof AggregateError && all.errors[0] instanceof images.TooLarge && all.errors[1].constructor === Error;
results["inside"] = ((await caught(images.resize.remote("inside"))) as Error).cause instanceof images.ImageError;
{
  using local = withLocal(images, {
    resize: async () => { throw new images.TooLarge("here", { file: "x", limit: 1, code: 1 }, { cause: 5 }); },
  });
  const here = await caught(images.resize.remote("b"));
  results["local"] = here instanceof images.TooLarge && [here.name, here.message, here.file, here.limit, here.cause];
}
{
  using local = withLocal(images, await import("./producer/images.ts"));
  results["definition"] = (await caught(images.resize.remote("large"))) instanceof images.TooLarge;
  const { resize } = await import("./producer/images.ts");
  const { TooLarge } = await import("./producer/errors.ts");
  results["author"] = (await caught(resize.local("large"))) instanceof TooLarge;
}
class Mine extends images.ImageError {}
results["extended"] = [new Mine("a", { file: "b" }) instanceof images.ImageError, new Mine("a", { file: "b" }).file];
// @ts-expect-error it is not an Error's property
if (error instanceof images.TooLarge) error.describe;
// @ts-expect-error a file is required
new images.ImageError("x");
console.log(JSON.stringify(results));
`;

beforeAll(async () => {
  project = await InstalledProject.create(
    {
      "package.json": JSON.stringify({ type: "module" }),
      "farcall.config.json": JSON.stringify({ apps: ["images", "other"] }),
      "farcall.other.config.json": JSON.stringify({ apps: ["other"], output: "src/producer/stubs" }),
      "farcall.js.config.json": JSON.stringify({ apps: ["images", "other"], output: "plain/generated", emit: "js" }),
      "src/producer/errors.ts": ERRORS,
      "src/producer/images.ts": IMAGES,
      "src/producer/other.ts": OTHER,
      "src/main.ts": PROGRAM,
    },
    { lib: ["es2022", "esnext.disposable"] },
  );
  ({ folder, env } = project);
  await project.cli("deploy", "src/producer/other.ts");
  await project.cli("codegen", "--config", "farcall.other.config.json");
  await project.cli("deploy", "src/producer/images.ts");
  await project.cli("codegen");
});

afterAll(() => project?.[Symbol.asyncDispose]());

const RESULTS = {
  remote: ["TooLarge", "large has more than 10 bytes", "large", 10, 413, true],
  stack: true,
  base: [true, true, true],
  other: false,
  item: ["a", true],
  cause: true,
  map: true,
  line: 1,
  generator: "b.png",
  get: 5,
  gather: true,
  fromId: true,
  method: true,
  crossed: [false, true],
  derived: [true, "TooLarge"],
  range: true,
  hidden: [true, "Hidden", false],
  all: true,
  inside: true,
  local: ["TooLarge", "here", "x", 1, 5],
  definition: true,
  author: true,
  extended: [true, "b"],
};

describe.sequential("declared errors", () => {
  test("are classes in the stubs, kept apart from the same name in another app", async () => {
    const ran = await run(process.execPath, ["src/main.ts"], { cwd: folder, env });
    expect(ran.stderr).toBe("");
    expect(JSON.parse(ran.stdout)).toEqual(RESULTS);
  });

  test("appear in the stubs with their data and documentation", async () => {
    const stubs = await readFile(join(folder, "src/generated/images.ts"), "utf8");
    expect(stubs).toContain(`/** The image has too many bytes. */
export interface TooLarge extends ImageError {
  /** In bytes. */
  readonly limit: number;
  code: number;
}
/** The image has too many bytes. */
export const TooLarge: ErrorClass<TooLarge> = /* @__PURE__ */ app.error("TooLarge", ImageError);
`);
    expect(stubs.indexOf("const ImageError")).toBeLessThan(stubs.indexOf("const TooLarge"));
    expect(stubs).not.toContain("Hidden");
  });

  test.each(COMPILERS)("compile under %s", async (compiler) => {
    expect(await compile(compiler, join(folder, "tsconfig.json"), folder)).toBe("");
  });

  test("also work as JavaScript", async () => {
    await project.cli("codegen", "--config", "farcall.js.config.json");
    await project.write({
      "plain/main.js": `import { images } from "./generated/index.js";
const error = await images.resize.remote("large").catch((error) => error);
console.log(error instanceof images.TooLarge, error instanceof images.ImageError, error.limit);
`,
      "plain/types.ts": `import { images } from "./generated/index.js";
export const limit = (error: unknown): number => error instanceof images.TooLarge ? error.limit : 0;
`,
      "plain/tsconfig.json": JSON.stringify({ extends: "../tsconfig.json", include: ["types.ts"] }),
    });
    const ran = await run(process.execPath, ["plain/main.js"], { cwd: folder, env });
    expect([ran.stderr, ran.stdout]).toEqual(["", "true true 10\n"]);
    expect(await compile("typescript-6", join(folder, "plain/tsconfig.json"), folder)).toBe("");
  });

  test("do not break stubs when they are added, but do when a property changes its type", async () => {
    const main = join(folder, "src/once.ts");
    await project.write({
      "src/once.ts": `import { images } from "./generated/index.ts";
const error = await images.wait.remote().catch((error: unknown) => error as Error);
console.log(error.name, error instanceof images.Busy);
`,
    });
    const added = IMAGES.replace("errors: [Busy]", "errors: [Busy, Hidden]");
    await project.write({ "src/producer/images.ts": added });
    await project.cli("deploy", "src/producer/images.ts");
    const check = await farcall(["codegen", "--check"], { cwd: folder, env });
    expect(check.code).toBe(1);
    expect(check.stdout + check.stderr).toContain("the error Hidden was added");
    const ran = await run(process.execPath, [main], { cwd: folder, env });
    expect([ran.stderr, ran.stdout]).toEqual(["", "Busy true\n"]);
    await project.write({
      "src/producer/errors.ts": ERRORS.replace("readonly until: Date", "readonly until: Date | string"),
    });
    await project.cli("deploy", "src/producer/images.ts");
    const refused = await run(process.execPath, [main], { cwd: folder, env });
    expect(refused.stdout).toBe("SignatureMismatchError false\n");
    const changes = await farcall(["codegen", "--check"], { cwd: folder, env });
    expect(changes.stdout + changes.stderr).toContain("the error Busy: property 'until'");
  });
});
