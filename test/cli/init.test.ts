import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { farcall } from "../support/cli.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "init-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const init = async (...args: string[]) =>
  JSON.parse((await farcall(["init", "--json", ...args], { cwd: folder })).stdout);
const read = async (path: string) => readFile(join(folder, path), "utf8");

test("an empty folder becomes a project", async () => {
  const { written, kept, next } = await init();
  expect(written).toEqual(["package.json", "tsconfig.json", "farcall.config.ts", "src/app.ts", "src/main.ts"]);
  expect(kept).toEqual([]);
  expect(next).toEqual(
    expect.arrayContaining(["npx farcall deploy src/app.ts", "npx farcall codegen", "node src/main.ts"]),
  );
  expect(next.join()).toContain("npm install -D typescript @types/node");
  expect(JSON.parse(await read("tsconfig.json")).compilerOptions.types).toBeUndefined();
  expect(JSON.parse(await read("package.json"))).toMatchObject({
    private: true,
    type: "module",
    scripts: { codegen: "farcall codegen" },
  });
});

test("a project that has Node's types gets a tsconfig that uses them", async () => {
  await mkdir(join(folder, "node_modules/@types/node"), { recursive: true });
  await writeFile(join(folder, "node_modules/@types/node/package.json"), "{}");
  const { next } = await init();
  expect(next.join()).not.toContain("@types/node");
  expect(JSON.parse(await read("tsconfig.json")).compilerOptions.types).toEqual(["node"]);
});

test("what is there stays as it is", async () => {
  await mkdir(join(folder, "src"));
  await writeFile(join(folder, "src/app.ts"), "mine");
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ name: "x", type: "module", scripts: { codegen: "mine", deploy: "mine" } }),
  );
  const { written, kept } = await init();
  expect(kept).toEqual(["src/app.ts"]);
  expect(written).not.toContain("package.json");
  expect(await read("src/app.ts")).toBe("mine");
});

test("a second run changes nothing", async () => {
  await init();
  expect((await init()).written).toEqual([]);
});

test.each([{}, { name: "new", main: "index.js" }, { name: "new", type: "commonjs" }])(
  "a package without code, as npm makes it (%j), becomes one of ES modules",
  async (before) => {
    await writeFile(join(folder, "package.json"), JSON.stringify(before));
    expect((await init()).written).toContain("src/app.ts");
    expect(JSON.parse(await read("package.json"))).toMatchObject({ ...before, type: "module" });
  },
);

test("a CommonJS package with code gets modules that are ES modules by their name", async () => {
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "old" }));
  await writeFile(join(folder, "index.js"), "module.exports = 1;");
  const { written } = await init();
  expect(written).toEqual(["package.json", "tsconfig.json", "farcall.config.json", "src/app.mts", "src/main.mts"]);
  expect(JSON.parse(await read("package.json")).type).toBeUndefined();
});

test("--no-example leaves out the app", async () => {
  expect((await init("--no-example")).written).toEqual(["package.json", "tsconfig.json", "farcall.config.ts"]);
});

test.each([
  ["pnpm-lock.yaml", "pnpm exec farcall codegen"],
  ["yarn.lock", "yarn farcall codegen"],
  ["bun.lock", "bunx farcall codegen"],
])("with %s the next steps speak that package manager", async (lockfile, step) => {
  await writeFile(join(folder, lockfile), "");
  expect((await init()).next).toContain(step);
});

test("a package.json that is not JSON is left alone and named", async () => {
  await writeFile(join(folder, "package.json"), "{");
  const { code, stderr } = await farcall(["init"], { cwd: folder });
  expect(stderr).toMatch(/^error\[FARCALL_INVALID\]: .*package\.json is not valid JSON/);
  expect(code).toBe(1);
});
