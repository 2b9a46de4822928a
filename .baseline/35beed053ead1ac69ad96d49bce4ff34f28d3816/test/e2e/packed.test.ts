/** The package as users get it: packed, installed into an empty folder with an awkward name, and used from there. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ran, run } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");
const compilers = { "5.9": "typescript-5.9/lib/tsc.js", "6": "typescript-6/lib/tsc.js", "7": "typescript/bin/tsc" };

let home: TemporaryHome;
let parent: string;
let project: string;
let env: Record<string, string | undefined>;

const inProject = (program: string, ...args: string[]) => run(program, args, { cwd: project, env });
const tsc = (compiler: keyof typeof compilers, ...args: string[]) =>
  inProject(process.execPath, join(repo, "node_modules", compilers[compiler]), "-p", ".", "--pretty", "false", ...args);

beforeAll(async () => {
  home = await temporaryHome();
  parent = await mkdtemp(join(tmpdir(), "packed-"));
  project = join(parent, "größtes Projekt, 1st");
  await mkdir(project);
  // Names the app, which the tests below know as hello.
  await writeFile(join(project, "package.json"), '{ "name": "hello", "private": true }');
  env = {
    ...home.env,
    // npx finds the project's bins; `node` is the Node that runs these tests.
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    FARCALL_ENGINE: undefined,
  };
  const packed = await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", parent], {
    cwd: repo,
    env,
  });
  expect(packed.stderr).toBe("");
  const tarball = join(parent, packed.stdout.trim());
  await ok(inProject("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", tarball));
  // The types that `farcall init`'s tsconfig lists.
  await mkdir(join(project, "node_modules/@types"), { recursive: true });
  await symlink(join(repo, "node_modules/@types/node"), join(project, "node_modules/@types/node"), "dir");
});

afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  if (parent) await rm(parent, { recursive: true, force: true });
});

async function ok(running: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await running;
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

describe.sequential("the packed package", () => {
  test("leaves a dependency tree without problems for npm", async () => {
    await ok(inProject("npm", "ls", "--all"));
  });

  test("contains only what is needed at run time", async () => {
    const files = await readdir(join(project, "node_modules/farcall"));
    expect(files.sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "dist",
      "docs",
      "package.json",
      "templates",
    ]);
  });

  test("sets a project up", async () => {
    const shown = await ok(inProject("npx", "farcall", "init"));
    expect(shown).toContain("wrote src/app.ts");
    expect(shown).toContain("npx farcall deploy src/app.ts");
    expect(await ok(inProject("npx", "farcall", "init"))).not.toContain("wrote");
  });

  test("deploys the app and generates its stubs", async () => {
    expect(await ok(inProject("npx", "farcall", "deploy", "src/app.ts"))).toMatch(/Deployed hello version 1/);
    await ok(inProject("npx", "codegen"));
    expect((await readdir(join(project, "src/generated"))).sort()).toEqual([
      "farcall.lock.json",
      "hello.ts",
      "index.ts",
    ]);
    await ok(inProject("npx", "codegen", "--check"));
  });

  test.each(Object.keys(compilers) as (keyof typeof compilers)[])(
    "compiles under TypeScript %s, declarations included",
    async (compiler) => {
      expect(await ok(tsc(compiler, "--skipLibCheck", "false"))).toBe("");
    },
  );

  test("runs the consumer", async () => {
    const year = new Date().getFullYear();
    expect(await ok(inProject("node", "src/main.ts"))).toBe(
      `HELLO, WORLD! ${year}\nHello, Ada!\nHello, Grace!\n3\n2\n1\n`,
    );
  });

  test("prints a call's result as JSON", async () => {
    const result = JSON.parse(await ok(inProject("npx", "farcall", "call", "hello/greet", "Zoë", "--json")));
    expect(result.text).toBe("Hello, Zoë!");
  });

  const wrongCalls: [call: string, wrong: string, message: RegExp][] = [
    ["hello.greet.remote(42)", "42", /number.*not assignable.*string/],
    ['hello.greet.remote("a", { shout: "yes" })', "shout", /string.*not assignable.*boolean/],
    ['hello.greet.remote("a", { shuot: true })', "shuot", /shuot/],
    ["hello.greet.remote()", "remote", /Expected .* arguments|not assignable/],
    ['hello.greet.map(["a", 1])', "1", /number.*not assignable.*string/],
    ['hello.greet.spawn("a", {}, 1)', "1", /Expected .* arguments|not assignable/],
    ['hello.countdown.remoteGen("3")', '"3"', /string.*not assignable.*number/],
    ['(await hello.greet.remote("a")).txt', "txt", /'txt' does not exist/],
    ["hello.gret", "gret", /Did you mean 'greet'|'gret' does not exist/],
  ];

  test.each(Object.keys(compilers) as (keyof typeof compilers)[])(
    "marks wrong calls where they are wrong, under TypeScript %s",
    async (compiler) => {
      const lines = wrongCalls.map(([call]) => (call.startsWith("(await") ? `void ${call};` : `void ${call};`));
      const file = join(project, "src/wrong.ts");
      await writeFile(file, ['import { hello } from "./generated/index.ts";', ...lines, ""].join("\n"));
      try {
        const { stdout } = await tsc(compiler);
        const found = [...stdout.matchAll(/^src\/wrong\.ts\((\d+),(\d+)\): (.*(?:\n .*)*)/gm)];
        expect(
          found.map(([, line]) => Number(line)),
          stdout,
        ).toEqual(wrongCalls.map((_, index) => index + 2));
        for (const [index, [call, wrong, message]] of wrongCalls.entries()) {
          const [, , column, text = ""] = found[index]!;
          expect(lines[index]!.slice(Number(column) - 1).startsWith(wrong), `${call}: ${column}: ${text}`).toBe(true);
          expect(text.replaceAll("\n", " ")).toMatch(message);
          expect(text.length, text).toBeLessThan(400);
        }
      } finally {
        await rm(file);
      }
    },
  );

  test("regenerates when a redeploy changes a signature, and the compiler finds the callers", async () => {
    const app = join(project, "src/app.ts");
    const before = await readFile(app, "utf8");
    await writeFile(
      app,
      before
        .replace("countdown(from: number)", "countdown(from: bigint)")
        .replace("let i = from;", "let i = Number(from);"),
    );
    expect(await ok(inProject("npx", "farcall", "deploy", "src/app.ts"))).toMatch(
      /version 2[\s\S]*countdown: breaking/,
    );
    expect((await inProject("npx", "codegen", "--check")).code).toBe(1);
    await ok(inProject("npx", "codegen"));
    expect((await tsc("7")).stdout).toMatch(/^src\/main\.ts\(\d+,\d+\): error TS2345: .*number.*bigint/);
  });
});
