/** From a module to a registered version: what is deployed, and what stops a deploy. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployApp } from "../../src/deploy/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { type Project, project } from "./project.ts";

const arithmetic = resolve(import.meta.dirname, "../support/apps/arithmetic.ts");

// What this file's deploys leave in the temp folder is counted, so other files' deploys must not be there.
const temporary = mkdtempSync(join(tmpdir(), "d-"));
process.env["TMPDIR"] = temporary;

let home: TemporaryHome;
let engine: Engine;
beforeAll(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
});
afterAll(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
  rmSync(temporary, { recursive: true });
});

/** Tests share a host; each deploys to environments of its own. */
let environments = 0;
const newEnvironment = () => `test-${++environments}`;

const header = 'import { App } from "farcall";\nexport const app = new App("small");\n';
const double = "export const double = app.function(function double(n: number): number { return 2 * n; });\n";

test("registers every function with its types and its options", async () => {
  const stages: string[] = [];
  const deployed = await deployApp({ entry: arithmetic, engine, onProgress: (stage) => stages.push(stage) });
  expect(deployed).toMatchObject({ version: 1, changed: true, warnings: [] });
  expect(new Set(stages)).toEqual(new Set(["bundle", "introspect", "inspect", "check", "register"]));
  const { manifest } = await engine.registry.getManifest({ app: "arithmetic", environment: "main" });
  const functions = new Map(manifest!.functions.map((fn) => [fn.name, fn]));
  expect(functions.get("slow")).toMatchObject({
    doc: "Answers after a while.",
    mode: "unary",
    parameters: [{ name: "value" }, { name: "ms", default: "20" }],
    options: { concurrency: { maxInputs: 4 }, validate: true },
    source: { file: "test/support/apps/arithmetic.ts" },
  });
  expect(functions.get("countTo")!.mode).toBe("generator");
  expect(functions.get("countToNow")!.mode).toBe("generator");
  expect(functions.get("add")!.signature).not.toBe(functions.get("slow")!.signature);
});

test("deploying what has not changed registers nothing", async () => {
  await using app = await project({ "app.ts": header + double });
  const entry = app.path("app.ts");
  const [environment, other] = [newEnvironment(), newEnvironment()];
  await deployApp({ entry, engine, environment });
  expect(await deployApp({ entry, engine, environment })).toMatchObject({ version: 1, changed: false });
  const elsewhere = await deployApp({ entry, engine, environment: other });
  expect(elsewhere).toMatchObject({ version: 1, changed: true, manifest: { environment: other } });
});

test("a new version is compared with the one before", async () => {
  await using app = await project({ "app.ts": header + double });
  const environment = newEnvironment();
  const deploy = (more = {}) => deployApp({ entry: app.path("app.ts"), engine, environment, ...more });
  expect((await deploy()).comparison).toBeUndefined();
  await app.write("app.ts", (header + double).replace("n: number", "n: number, label?: string"));
  expect((await deploy()).comparison).toMatchObject([{ name: "double", verdict: "compatible" }]);
  const changed = "(n: string): string { return n + n";
  await app.write("app.ts", (header + double).replace("(n: number): number { return 2 * n", changed));
  await expect(deploy({ refuseBreaking: true })).rejects.toMatchObject({
    code: "FARCALL_DEPLOY",
    message: expect.stringContaining("double: "),
  });
  expect((await engine.registry.listApps({ environment }))[0]).toMatchObject({ version: 2 });
  expect(await deploy()).toMatchObject({ version: 3, comparison: [{ name: "double", verdict: "breaking" }] });
});

describe("a deploy stops", () => {
  /** The error of deploying; nothing may be registered, and nothing left in the temp folder. */
  async function failure(app: Project) {
    const environment = newEnvironment();
    const before = readdirSync(tmpdir());
    const error: unknown = await deployApp({ entry: app.path("app.ts"), engine, environment }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("farcall-") && !before.includes(name))).toEqual([]);
    expect(await engine.registry.listApps({ environment })).toEqual([]);
    return error as Error & { hint?: string; problems?: { file: string; line: number; message: string }[] };
  }

  test("when the module cannot be found", async () => {
    await using app = await project({});
    expect((await failure(app)).message).toMatch(/^the module .* does not exist$/);
  });

  test("at type errors, all of them at once", async () => {
    await using app = await project({
      "app.ts": `${header}const a: number = "x";\n${double}const b: string = 1;\nvoid a; void b;\n`,
    });
    const error = await failure(app);
    expect(error.problems!.map(({ line }) => line)).toEqual([3, 5]);
  });

  test("when importing the module throws, with the author's line", async () => {
    await using app = await project({
      "app.ts": `import "./setup.ts";\n${header}${double}`,
      "setup.ts": '\nif (!process.env.NOT_SET) throw new Error("NOT_SET is missing");\nexport {};\n',
    });
    const { message } = await failure(app);
    expect(message).toContain("importing app.ts failed: Error: NOT_SET is missing");
    expect(message).toMatch(/setup\.ts:2:\d+/);
  });

  test("when importing the module ends the process", async () => {
    await using app = await project({ "app.ts": `${header}${double}console.error("leaving");\nprocess.exit(3);\n` });
    const error = await failure(app);
    expect(error.message).toContain("importing app.ts ended the process (exit code 3)");
    expect(error.hint).toContain("leaving");
  });

  test("when a function in the source is not registered, naming it", async () => {
    await using app = await project({
      "app.ts": `${header}${double}export const later = process.env.NOT_SET ? app.function(function later(): void {}) : undefined;\n`,
    });
    const error = await failure(app);
    expect(error.problems).toMatchObject([
      {
        file: "app.ts",
        line: 4,
        message: "function later is in the source, but importing app.ts does not register it",
      },
    ]);
  });

  test("when a function is registered that the source does not show, naming it", async () => {
    await using app = await project({
      "app.ts": `${header}${double}const hidden = { [["func", "tion"].join("") as "function"]: app.function.bind(app) };\nhidden.function(function secret(): void {});\n`,
    });
    expect(JSON.stringify((await failure(app)).problems)).toContain("secret");
  });

  test("when secrets are missing, naming them all and who needs them", async () => {
    await using app = await project({
      "app.ts": `${header}export const send = app.function(function send(): void {}, { secrets: ["MAIL_KEY", "MAIL_URL", "PATH"] });\n`,
    });
    const error = await failure(app);
    expect(error.message).toBe("missing secrets: MAIL_KEY (used by send); MAIL_URL (used by send)");
  });

  test("when a package cannot be found", async () => {
    await using app = await project({ "app.ts": `// @ts-ignore\nimport "none";\n${header}${double}` });
    expect((await failure(app)).problems).toMatchObject([
      { file: "app.ts", line: 2, message: 'Could not resolve "none"' },
    ]);
  });
});
