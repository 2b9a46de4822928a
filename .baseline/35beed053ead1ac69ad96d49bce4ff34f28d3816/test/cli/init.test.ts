import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
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

test.each([
  ["the package", { name: "shop" }, "shop", "import { shop } from"],
  ["the package and its scope", { name: "@acme/shop.api" }, "acme-shop-api", "import { acmeShopApi } from"],
  ["a package whose name cannot be an app's", { name: "3d" }, "app-3d", "import { app3d } from"],
  [
    "a package whose name the program uses itself",
    { name: "greeting" },
    "greeting",
    "import { greeting as stubs } from",
  ],
  ["a package whose name is a word of the language", { name: "new" }, "new", "import { new as stubs } from"],
])("the app has the name of %s, and the config lists it", async (_, packageJson, name, statement) => {
  await writeFile(join(folder, "package.json"), JSON.stringify(packageJson));
  await init();
  expect(await read("src/app.ts")).toContain(`new App("${name}")`);
  expect(await read("farcall.config.ts")).toContain(`apps: ["${name}"]`);
  expect(await read("src/main.ts")).toContain(statement);
});

test("without a package the app has the name of the folder, also when the example is left out", async () => {
  await init("--no-example", "shop");
  expect(await read("shop/farcall.config.ts")).toContain('apps: ["shop"]');
  await init("größtes Projekt, 1st".normalize("NFD"));
  expect(await read("größtes Projekt, 1st/src/main.ts".normalize("NFD"))).toContain(
    "import { größtesProjekt1st } from",
  );
});

test("a project may use what the documentation shows, enums included", async () => {
  await init();
  expect(JSON.parse(await read("tsconfig.json")).compilerOptions).not.toHaveProperty("erasableSyntaxOnly");
});

test("existing files stay as they are", async () => {
  await mkdir(join(folder, "farcall"));
  await writeFile(join(folder, "farcall/hello.ts"), "mine");
  const manifest =
    '{\n\t"name": "x",\n\t"type": "module",\n\t"scripts": {\n\t\t"test": "mine",\n\t\t"deploy": "mine"\n\t}\n}\n';
  await writeFile(join(folder, "package.json"), manifest);
  const { written, kept } = await init();
  expect(written).toEqual(["package.json", "tsconfig.json", "farcall.config.ts", "farcall/main.ts"]);
  expect(kept).toEqual(["farcall/hello.ts"]);
  expect(await read("farcall/hello.ts")).toBe("mine");
  expect(await read("package.json")).toBe(
    manifest.replace('"deploy": "mine"', '"deploy": "mine",\n\t\t"codegen": "farcall codegen"'),
  );
});

test("a second run changes nothing", async () => {
  await init();
  const { written, next } = await init();
  expect(written).toEqual([]);
  expect(next).toContain("npx farcall deploy src/app.ts");
});

test.each([{}, { name: "new", main: "index.js" }, { name: "new", type: "commonjs" }])(
  "a package without code, as npm makes it (%j), becomes one of ES modules, and says so",
  async (before) => {
    await writeFile(join(folder, "package.json"), JSON.stringify(before));
    await writeFile(join(folder, "eslint.config.mjs"), "");
    const { written, notes } = await init();
    expect(written).toContain("src/app.ts");
    expect(JSON.parse(await read("package.json"))).toMatchObject({ ...before, type: "module" });
    expect(notes).toEqual([expect.stringContaining('now has "type": "module"')]);
  },
);

test.each(["index.js", "lib/deep/index.js", "jest.config.js"])(
  "a CommonJS package with code (%s) stays one, and gets modules that are ES modules by their name",
  async (file) => {
    const before = { name: "old", type: "commonjs", devDependencies: { typescript: "5" } };
    await writeFile(join(folder, "package.json"), JSON.stringify(before));
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "module.exports = 1;");
    const { written, notes } = await init();
    expect(written).toEqual([
      "package.json",
      "tsconfig.json",
      "farcall.config.json",
      "farcall/hello.mts",
      "farcall/main.mts",
    ]);
    expect(await read("farcall/main.mts")).toContain('from "../generated/index.mts"');
    expect(JSON.parse(await read("package.json"))).toMatchObject(before);
    expect(notes).toEqual([expect.stringContaining("this is a CommonJS package")]);
  },
);

test.each([
  ["package.json", JSON.stringify({ name: "root", private: true, workspaces: ["packages/*"] })],
  ["pnpm-workspace.yaml", "packages:\n  - packages/*\n"],
])("the root of a monorepo (%s) keeps its module kind, and its packages are pointed to", async (file, content) => {
  await writeFile(join(folder, file), content);
  const { written, notes } = await init();
  expect(JSON.parse(await read("package.json")).type).toBeUndefined();
  expect(written).toContain("farcall.config.json");
  expect(notes.join()).toContain("farcall init FOLDER");
});

test("a pnpm-workspace.yaml without packages does not make a monorepo", async () => {
  await writeFile(join(folder, "pnpm-workspace.yaml"), "onlyBuiltDependencies:\n  - esbuild\n");
  await init();
  expect(JSON.parse(await read("package.json")).type).toBe("module");
});

test("a project of JavaScript alone gets stubs and a program of JavaScript", async () => {
  await writeFile(join(folder, "index.js"), "module.exports = 1;");
  const { written, next } = await init();
  expect(written).toEqual(["package.json", "farcall.config.json", "farcall/hello.mts", "farcall/main.mjs"]);
  expect(JSON.parse(await read("farcall.config.json"))).toEqual({
    apps: [basename(folder)],
    output: "generated",
    emit: "js",
  });
  expect(next.join()).not.toContain("typescript");
});

test("a project compiled for a bundler does not get a program that its compiler refuses or Node cannot run", async () => {
  await mkdir(join(folder, "src/app"), { recursive: true });
  await writeFile(join(folder, "src/app/page.tsx"), "");
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies: { next: "16" } }));
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { module: "esnext", moduleResolution: "bundler" } }),
  );
  const { written, kept, next, notes } = await init();
  expect(written).toEqual(["package.json", "farcall.config.json", "src/farcall/hello.mts"]);
  expect(kept).toEqual(["tsconfig.json"]);
  expect(next.at(-1)).toBe(`npx farcall call ${basename(folder)}/greet world`);
  expect(notes.join()).toContain('serverExternalPackages: ["farcall"]');
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
