/** A Vite project and an app that is deployed repeatedly: Vite's own dev server and build, as processes. */
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { farcall, type Ran, run, start } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");
const vite = join(repo, "node_modules/vite/bin/vite.js");

const app = (type: string) => `import { App } from "farcall";
export const app = new App("shop");
export const price = app.function(async function price(item: ${type}): Promise<string> { return String(item); });
`;

const server = `import { createServer } from "vite";
const server = await createServer({ server: { middlewareMode: true, ws: false }, appType: "custom" });
const { answer } = await server.ssrLoadModule("/src/main.ts");
console.log(await answer());
process.on("SIGTERM", () => server.close());
`;

const files = {
  "package.json": JSON.stringify({ name: "shop-front", private: true, type: "module" }),
  "farcall.config.json": JSON.stringify({ apps: ["shop"] }),
  "vite.config.ts": `import farcall from "farcall/vite";
import { defineConfig } from "vite";
export default defineConfig({ plugins: [farcall()], build: { ssr: "src/main.ts" }, logLevel: "info" });
`,
  "src/main.ts": `import { shop } from "./generated/index.ts";
export const answer = () => shop.price.remote("7");
`,
  "server.mjs": server,
  "producer/app.ts": app("string"),
};

class Project implements AsyncDisposable {
  readonly home: TemporaryHome;
  readonly folder: string;
  readonly env: Record<string, string | undefined>;

  constructor(home: TemporaryHome, folder: string) {
    this.home = home;
    this.folder = folder;
    // Without the variable by which the plugin knows a test run.
    this.env = { ...home.env, VITEST: undefined, NODE_ENV: undefined, NO_COLOR: "1" };
  }

  static async create(): Promise<Project> {
    const project = new Project(await temporaryHome(), await mkdtemp(join(tmpdir(), "vite-")));
    await mkdir(join(project.folder, "node_modules"));
    for (const name of ["vite", "typescript"])
      await symlink(join(repo, "node_modules", name), join(project.folder, "node_modules", name), "dir");
    await symlink(repo, join(project.folder, "node_modules/farcall"), "dir");
    for (const [path, text] of Object.entries(files)) await project.write(path, text);
    return project;
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  stub = () => readFile(join(this.folder, "src/generated/shop.ts"), "utf8").catch(() => "");

  async deploy(type: string): Promise<void> {
    await this.write("producer/app.ts", app(type));
    const { code, stderr } = await farcall(["deploy", "producer/app.ts"], { cwd: this.folder, env: this.env });
    expect(code, stderr).toBe(0);
  }

  build(): Promise<Ran> {
    return run(process.execPath, [vite, "build"], { cwd: this.folder, env: this.env });
  }

  async codegen(): Promise<void> {
    const { code, stderr } = await farcall(["codegen"], { cwd: this.folder, env: this.env });
    expect(code, stderr).toBe(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(50);
}

test("the dev server has stubs before it answers, follows deploys, and ends the watch when it closes", async () => {
  await using project = await Project.create();
  await project.deploy("string");
  const child = start(process.execPath, ["server.mjs"], { cwd: project.folder, env: project.env }, "ignore");
  const ended = once(child, "close");
  let output = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });

  await until(() => /^7$/m.test(output) || child.exitCode !== null);
  expect(output).toMatch(/\[farcall\] started: wrote src\/generated\/shop\.ts/);
  expect(await project.stub()).toContain("Function<[item: string], string>");

  await project.deploy("string | number");
  await until(() => output.includes("shop was deployed (version 2): wrote src/generated/shop.ts"));
  expect(await project.stub()).toContain("Function<[item: string | number], string>");

  child.kill("SIGTERM");
  const [code] = await ended;
  expect(code, output).toBe(0);
});

test("the dev server starts even if it cannot write stubs, and says why", async () => {
  await using project = await Project.create();
  await project.write("server.mjs", server.replace(/^const { answer }.*\n.*\n/m, 'console.log("serving");\n'));
  const child = start(process.execPath, ["server.mjs"], { cwd: project.folder, env: project.env }, "ignore");
  const ended = once(child, "close");
  let output = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  await until(() => output.includes("serving") || child.exitCode !== null);
  expect(output).toMatch(/\[farcall\] the app shop is not deployed in the environment main/);
  await project.deploy("string");
  await until(() => output.includes("wrote src/generated/shop.ts"));
  child.kill("SIGTERM");
  expect((await ended)[0], output).toBe(0);
});

test("a build goes through with current stubs and fails on stale ones, saying what changed and what to do", async () => {
  await using project = await Project.create();
  await project.deploy("string");
  await project.codegen();
  const fresh = await project.build();
  expect(fresh.code, fresh.stderr).toBe(0);

  await project.deploy("number");
  const before = await project.stub();
  const stale = await project.build();
  expect(stale.code).toBe(1);
  expect(stale.stderr).toContain("The stubs are out of date with what is deployed:\n  changed src/generated/shop.ts");
  expect(stale.stderr).toMatch(/shop\/price changed: breaking, .*number/);
  expect(stale.stderr).toContain("Run `npx farcall codegen` and commit what it writes.");
  expect(await project.stub()).toBe(before);

  await project.codegen();
  expect((await project.build()).code).toBe(0);
});

test("a build can compare with only the lock file, or not at all", async () => {
  await using project = await Project.create();
  await project.deploy("string");
  await project.codegen();
  await project.deploy("number");
  const config = files["vite.config.ts"];
  await project.write("vite.config.ts", config.replace("farcall()", 'farcall({ check: "offline" })'));
  expect((await project.build()).code).toBe(0);

  await project.write("src/generated/shop.ts", (await project.stub()).replace("item: string", "item: boolean"));
  const { code, stderr } = await project.build();
  expect(code).toBe(1);
  expect(stderr).toContain("The stubs are out of date with farcall.lock.json:\n  changed src/generated/shop.ts");

  await project.write("vite.config.ts", config.replace("farcall()", "farcall({ check: false })"));
  expect((await project.build()).code).toBe(0);
});
