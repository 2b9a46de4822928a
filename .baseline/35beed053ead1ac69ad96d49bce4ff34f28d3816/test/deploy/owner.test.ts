/** An app belongs to the project that deployed it: nobody else takes it over, or removes functions of it, without saying so. */
import { execFileSync } from "node:child_process";
import { realpath, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeployError, type DeployOptions, deployApp } from "../../src/deploy/index.ts";
import { remotePlace } from "../../src/deploy/origin.ts";
import type { Engine } from "../../src/engine/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { type Project, project } from "./project.ts";

let home: TemporaryHome;
let engine: Engine;
beforeAll(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
});
afterAll(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
});

const fn = (name: string) => `export const ${name} = app.function(function ${name}(): void {});\n`;
const app = (name: string, ...functions: string[]) =>
  `import { App } from "farcall";\nexport const app = new App("${name}");\n${functions.map(fn).join("")}`;
const named = (name: string) => JSON.stringify({ name, type: "module" });

const deploy = (from: Project, options: Partial<DeployOptions> = {}) =>
  deployApp({ entry: from.path("app.ts"), engine, ...options });
const refusal = (from: Project, options: Partial<DeployOptions> = {}) =>
  deploy(from, options).then(
    () => expect.fail("it was deployed"),
    (error: unknown) => error as DeployError,
  );

function git(folder: string, ...args: string[]): string {
  const config = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=trunk"];
  return execFileSync("git", ["-C", folder, ...config, ...args], { encoding: "utf8" }).trim();
}

function commitAll(folder: string): string {
  git(folder, "add", "app.ts", "package.json", "tsconfig.json");
  git(folder, "commit", "--quiet", "--message", "a version");
  return git(folder, "rev-parse", "HEAD");
}

test("a deploy remembers the package, folder, module, user and commit that it came from", async () => {
  await using shop = await project({ "package.json": named("@acme/shop"), "app.ts": app("remembered", "pay") });
  git(shop.root, "init", "--quiet");
  const revision = commitAll(shop.root);
  git(shop.root, "remote", "add", "origin", "https://ada:secret@example.com/acme/shop.git");
  await deploy(shop);
  const [record] = await engine.registry.history({ app: "remembered", environment: "main" });
  const folder = await realpath(shop.root);
  expect(record!.origin).toEqual({
    project: "@acme/shop",
    folder,
    entry: "app.ts",
    user: expect.stringMatching(/^.+@.+$/),
    revision,
    repository: { folder: join(folder, ".git"), path: "", remote: "example.com/acme/shop" },
  });
  await shop.write("app.ts", app("remembered", "pay", "refund"));
  await deploy(shop);
  expect((await engine.registry.history({ app: "remembered", environment: "main" }))[0]!.origin!.revision).toBe(
    `${revision}-dirty`,
  );
});

test("another project's app is refused with its place and three ways on", async () => {
  await using first = await project({ "package.json": named("first"), "app.ts": app("taken", "pay", "refund") });
  await using second = await project({ "package.json": named("second"), "app.ts": app("taken", "other") });
  await deploy(first);
  const error = await refusal(second, { onRemoval: () => expect.fail("the owner comes first") });
  expect(error).toBeInstanceOf(DeployError);
  expect(error.message).toContain("app taken (main) belongs to another project: version 1 was deployed ");
  expect(error.message).toContain(`${await realpath(first.root)} (package first)`);
  expect(error.hint).toMatch(/--env NAME.*another name.*--take-over/);
  expect(await engine.registry.listApps()).toContainEqual(expect.objectContaining({ app: "taken", version: 1 }));

  expect(await deploy(second, { environment: "second" })).toMatchObject({ version: 1 });
  const removals: unknown[] = [];
  const onRemoval: DeployOptions["onRemoval"] = (removal) => removals.push(removal) > 0;
  expect(await deploy(second, { takeOver: true, onRemoval })).toMatchObject({ version: 2, changed: true });
  expect(removals).toEqual([{ app: "taken", environment: "main", functions: ["pay", "refund"], takesOver: true }]);
  // Now it belongs to the second.
  expect(await deploy(second)).toMatchObject({ version: 2, changed: false });
  expect((await refusal(first)).message).toContain("package second");
});

test("two projects without a package name are told apart by their folders", async () => {
  await using first = await project({ "app.ts": app("nameless", "pay") });
  await using second = await project({ "app.ts": app("nameless", "pay") });
  await deploy(first);
  expect(await deploy(first)).toMatchObject({ changed: false });
  expect((await refusal(second)).message).toContain("belongs to another project");
});

describe("the same project", () => {
  test("is each worktree of a repository", async () => {
    await using shop = await project({ "package.json": named("shop"), "app.ts": app("worktrees", "pay") });
    git(shop.root, "init", "--quiet");
    commitAll(shop.root);
    await using elsewhere = await project({});
    const root = elsewhere.path("branch");
    git(shop.root, "worktree", "add", "--quiet", root);
    await rename(elsewhere.path("node_modules"), join(root, "node_modules"));
    await deploy(shop);
    expect(await deployApp({ entry: join(root, "app.ts"), engine })).toMatchObject({ version: 2, changed: true });
  });

  test("is each clone of a remote, and not another package of it", async () => {
    await using first = await project({ "package.json": named("shop"), "app.ts": app("clones", "pay") });
    await using second = await project({ "package.json": named("shop"), "app.ts": app("clones", "pay") });
    await using third = await project({ "package.json": named("admin"), "app.ts": app("clones", "pay") });
    for (const { root } of [first, second, third]) git(root, "init", "--quiet");
    git(first.root, "remote", "add", "origin", "git@example.com:acme/shop.git");
    git(second.root, "remote", "add", "origin", "https://example.com/acme/shop");
    git(third.root, "remote", "add", "origin", "https://example.com/acme/shop");
    await deploy(first);
    expect(await deploy(second)).toMatchObject({ version: 2 });
    expect((await refusal(third)).message).toContain("(package shop)");
  });
});

test.each([
  ["git@github.com:acme/shop.git", "github.com/acme/shop"],
  ["https://ada:secret@GitHub.com/acme/shop.git/", "github.com/acme/shop"],
  ["ssh://git@github.com:22/acme/shop", "github.com/acme/shop"],
  ["github.com:acme/shop", "github.com/acme/shop"],
  ["/srv/git/shop.git", undefined],
  ["C:\\git\\shop", undefined],
  ["../shop", undefined],
])("the remote %s is %s on every machine", (url, place) => {
  expect(remotePlace(url)).toBe(place);
});

test("a deploy that removes functions lists them and stops, unless somebody agrees", async () => {
  await using shop = await project({ "app.ts": app("shrinking", "pay", "refund", "list") });
  await deploy(shop);
  await shop.write("app.ts", app("shrinking", "list"));
  const error = await refusal(shop);
  expect(error.message).toBe("this deploy removes 2 functions of app shrinking (main): pay, refund");
  expect(error.hint).toContain("--allow-removal");
  expect((await refusal(shop, { onRemoval: () => false })).message).toBe(error.message);
  expect((await engine.registry.listApps()).find(({ app }) => app === "shrinking")).toMatchObject({ version: 1 });
  expect(await deploy(shop, { onRemoval: () => true })).toMatchObject({ version: 2, changed: true });
});

test("the refusal of a removal names the module that was deployed before", async () => {
  await using shop = await project({ "app.ts": app("entries", "pay", "refund"), "part.ts": app("entries", "pay") });
  await deploy(shop);
  const error = await deployApp({ entry: shop.path("part.ts"), engine }).catch((thrown: unknown) => thrown);
  expect((error as DeployError).hint).toContain("was deployed from app.ts");
});

describe("a module of an app that another module exports", () => {
  const part = 'import { app } from "./lib/app.ts";\n';

  test("is refused, and the hint names the module that does", async () => {
    await using shop = await project({ "lib/app.ts": app("parts", "pay"), "app.ts": part + fn("refund") });
    const error = await refusal(shop);
    expect(error.message).toBe("app.ts registers functions of app parts but does not export the app");
    expect(error.hint).toContain("Deploy lib/app.ts, which exports the app");
    expect(error.hint).toContain('export { app } from "./lib/app.ts"');
    expect((await engine.registry.listApps()).filter(({ app }) => app === "parts")).toEqual([]);
  });

  test.each([
    ["by name", `${part}export { app };\n`],
    ["under another name", `${part}export { app as shop };\n`],
    ["with everything else of it", `${part}export * from "./lib/app.ts";\n`],
    ["as its default", `${part}export default app;\n`],
  ])("is deployed when it exports the app too, %s", async (_, text) => {
    await using shop = await project({ "lib/app.ts": app("parts", "pay"), "app.ts": text + fn("refund") });
    const environment = `exports-${environments++}`;
    expect((await deploy(shop, { environment })).manifest.functions.map(({ name }) => name).sort()).toEqual([
      "pay",
      "refund",
    ]);
  });

  test("may keep an app of its own to itself", async () => {
    await using shop = await project({ "app.ts": app("private", "pay").replace("export const app", "const app") });
    expect(await deploy(shop)).toMatchObject({ version: 1 });
  });
});

let environments = 0;
