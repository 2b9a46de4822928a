/** How `deploy`, `dev` and `codegen --watch` report progress and the place of mistakes, and how they react to Ctrl-C. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Project, project } from "../deploy/project.ts";
import { bins, farcall, start } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { patient } from "../support/limits.ts";

let home: TemporaryHome;
let files: Project;
beforeAll(async () => {
  home = await temporaryHome();
  files = await project({
    "src/app.ts": app("export const f = app.function(function f(): void {});"),
    "farcall.config.json": '{ "apps": ["working"] }',
  });
});
afterAll(async () => {
  await files[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const app = (body: string) => `import { App } from "farcall";\nexport const app = new App("working");\n${body}\n`;

/** Runs until it prints `words` on stderr, then interrupts it, and returns all that it printed there. */
async function interruptedAt(words: string, args: string[], bin: string = bins.farcall): Promise<[string, unknown]> {
  const child = start(process.execPath, [bin, ...args], { cwd: files.root, env: home.env }, "ignore");
  const exited = once(child, "close");
  let printed = "";
  let interrupted = false;
  child.stdout!.resume();
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (!interrupted && printed.includes(words)) interrupted = child.kill("SIGINT");
  });
  const [code] = await exited;
  return [printed, code];
}

test("dev and codegen --watch say at once what they do and that they watch", async () => {
  const dev = await interruptedAt("Ctrl-C ends.", ["dev", "src/app.ts"]);
  expect(dev[0]).toMatch(/^Deploying src\/app\.ts, then watching its source files\. Ctrl-C ends\.\n/);
  expect(dev[1]).toBe(130);
  const codegen = await interruptedAt("Ctrl-C ends.", ["--watch"], bins.codegen);
  expect(codegen[0]).toMatch(/^Generating stubs, then watching deploys and farcall\.config\.json\. Ctrl-C ends\.\n/);
  expect(codegen[1]).toBe(130);
});

test("Ctrl-C while a deploy imports the module reports that nothing was registered, and leaves no process", async () => {
  // The module's output is not shown, so it signals with a file that it is being imported.
  await files.write(
    "src/slow.ts",
    app(
      'import { writeFileSync } from "node:fs";\nwriteFileSync(new URL("./importing", import.meta.url), "");\n' +
        "export const f = app.function(function f(): void {});\nawait new Promise((r) => setTimeout(r, 1e6));",
    ),
  );
  const child = start(
    process.execPath,
    [bins.farcall, "deploy", "src/slow.ts"],
    { cwd: files.root, env: home.env },
    "ignore",
  );
  const exited = once(child, "close");
  let printed = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  await expect.poll(() => existsSync(files.path("src/importing")), patient).toBe(true);
  child.kill("SIGINT");
  expect(await exited).toEqual([130, null]);
  expect(printed).toBe("Interrupted. Nothing was registered.\n");
  const { stdout } = await farcall(["apps", "--json"], { cwd: files.root, env: home.env });
  expect(JSON.parse(stdout)).toEqual([]);
});

test("problems have paths relative to the working directory, and are printed once with their hint", async () => {
  await files.write(
    "src/wrong.ts",
    app(
      "export const f = app.function(function f(a: () => void): void {});\n" +
        "export const g = app.function(function g(a: () => void): void {});",
    ),
  );
  const { stderr, code } = await farcall(["deploy", "wrong.ts"], { cwd: files.path("src"), env: home.env });
  expect(code).toBe(1);
  const lines = stderr.trimEnd().split("\n");
  expect(lines[0]).toBe("error[FARCALL_INTROSPECTION]: nothing was deployed: 2 errors");
  expect(lines.filter((line) => / f\(a\): /.test(line))).toEqual([
    expect.stringMatching(/^ {2}wrong\.ts:3:\d+ - f\(a\): /),
  ]);
  expect(lines.filter((line) => / g\(a\): /.test(line))).toHaveLength(1);
  const hints = lines.filter((line) => line.includes("hint: "));
  expect(new Set(hints).size).toBe(hints.length);
  const above = await farcall(["deploy", "src/wrong.ts"], { cwd: files.root, env: home.env });
  expect(above.stderr).toMatch(/^ {2}src\/wrong\.ts:3:\d+ - f\(a\): /m);
  const json = await farcall(["deploy", "wrong.ts", "--json"], { cwd: files.path("src"), env: home.env });
  expect(JSON.parse(json.stdout).error.problems[0]).toMatchObject({ file: "wrong.ts", line: 3 });
});
