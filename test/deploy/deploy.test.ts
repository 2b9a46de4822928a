/** From a module to a registered version: what is deployed, and what stops a deploy. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { deployApp } from "../../src/deploy/index.ts";
import { localEngine } from "../../src/engine/local/index.ts";
import { temporaryHome } from "../support/home.ts";
import { type Project, project } from "./project.ts";

const arithmetic = resolve(import.meta.dirname, "../support/apps/arithmetic.ts");

async function withEngine<T>(run: (engine: ReturnType<typeof localEngine>) => Promise<T>): Promise<T> {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  try {
    return await run(engine);
  } finally {
    await engine.close();
  }
}

const header = 'import { App } from "farcall";\nexport const app = new App("small");\n';
const double = "export const double = app.function(function double(n: number): number { return 2 * n; });\n";

test("registers every function with its types and its options", async () => {
  await withEngine(async (engine) => {
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
});

test("deploying what has not changed registers nothing", async () => {
  await using app = await project({ "app.ts": header + double });
  await withEngine(async (engine) => {
    await deployApp({ entry: app.path("app.ts"), engine });
    expect(await deployApp({ entry: app.path("app.ts"), engine })).toMatchObject({ version: 1, changed: false });
    const elsewhere = await deployApp({ entry: app.path("app.ts"), engine, environment: "staging" });
    expect(elsewhere).toMatchObject({ version: 1, changed: true, manifest: { environment: "staging" } });
  });
});

test("a new version is compared with the one before", async () => {
  await using app = await project({ "app.ts": header + double });
  await withEngine(async (engine) => {
    expect((await deployApp({ entry: app.path("app.ts"), engine })).comparison).toBeUndefined();
    await app.write("app.ts", (header + double).replace("n: number", "n: number, label?: string"));
    const { comparison } = await deployApp({ entry: app.path("app.ts"), engine });
    expect(comparison).toMatchObject([{ name: "double", verdict: "compatible" }]);
    await app.write(
      "app.ts",
      (header + double).replace("(n: number): number { return 2 * n", "(n: string): string { return n + n"),
    );
    const refused = deployApp({ entry: app.path("app.ts"), engine, refuseBreaking: true });
    await expect(refused).rejects.toMatchObject({
      code: "FARCALL_DEPLOY",
      message: expect.stringContaining("double: "),
    });
    expect((await engine.registry.listApps())[0]).toMatchObject({ version: 2 });
    const breaking = await deployApp({ entry: app.path("app.ts"), engine });
    expect(breaking).toMatchObject({ version: 3, comparison: [{ name: "double", verdict: "breaking" }] });
  });
});

describe("a deploy stops", () => {
  /** The error of deploying; nothing may be registered, and nothing left in the temp folder. */
  async function failure(app: Project, entry = "app.ts") {
    return withEngine(async (engine) => {
      const before = readdirSync(tmpdir());
      const error: unknown = await deployApp({ entry: app.path(entry), engine }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith("farcall-") && !before.includes(name))).toEqual([]);
      expect(await engine.registry.listApps()).toEqual([]);
      return error as Error & { hint?: string; problems?: { file: string; line: number; message: string }[] };
    });
  }

  test("when the module cannot be found", async () => {
    await using app = await project({});
    expect((await failure(app)).message).toContain("there is no module");
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
