/** Which module style the generated files take from the project around them. */
import { expect, test } from "vitest";
import { moduleStyle } from "../../src/codegen/project.ts";
import { Project } from "./support.ts";

async function style(files: Record<string, object>, folder = "src/generated") {
  using project = new Project(files);
  const { importExtension, fileExtension, tsconfig, inputs } = await moduleStyle(project.file(folder));
  const local = (path: string) => path.slice(project.path.length + 1);
  return { importExtension, fileExtension, tsconfig: tsconfig && local(tsconfig), inputs: inputs.map(local) };
}

const compilerOptions = (options: object, more: object = {}) => ({ compilerOptions: options, ...more });

test.each([
  [{ module: "nodenext" }, ".js"],
  [{ module: "node16", moduleResolution: "node16" }, ".js"],
  [{ module: "nodenext", allowImportingTsExtensions: true, noEmit: true }, ".ts"],
  [{ module: "nodenext", rewriteRelativeImportExtensions: true }, ".ts"],
  [{ module: "esnext", moduleResolution: "bundler" }, ""],
  [{ module: "preserve" }, ""],
  [{ module: "commonjs", moduleResolution: "node10" }, ""],
])("%j imports with %j", async (options, importExtension) => {
  expect(await style({ "tsconfig.json": compilerOptions(options) })).toMatchObject({
    importExtension,
    fileExtension: ".ts",
  });
});

test("options are inherited from the tsconfigs that one extends, and all of them are watched for changes", async () => {
  const found = await style({
    "tsconfig.json": { extends: "./config/base.json" },
    "config/base.json": { extends: "./strict.json" },
    "config/strict.json": compilerOptions({ module: "nodenext" }),
  });
  expect(found.importExtension).toBe(".js");
  expect(found.inputs).toEqual(
    expect.arrayContaining([
      "tsconfig.json",
      "config/base.json",
      "config/strict.json",
      "package.json",
      "src/generated/tsconfig.json",
    ]),
  );
});

test("a solution's referenced project that includes the folder decides, not the solution", async () => {
  const found = await style({
    "tsconfig.json": { files: [], references: [{ path: "./tsconfig.node.json" }, { path: "./tsconfig.app.json" }] },
    "tsconfig.node.json": compilerOptions({ module: "nodenext" }, { include: ["vite.config.ts"] }),
    "tsconfig.app.json": compilerOptions({ module: "esnext", moduleResolution: "bundler" }, { include: ["src"] }),
  });
  expect(found).toMatchObject({ tsconfig: "tsconfig.app.json", importExtension: "" });
});

test("the nearest tsconfig owns the folder of a monorepo's package", async () => {
  const found = await style(
    {
      "tsconfig.json": compilerOptions({ module: "nodenext" }),
      "packages/web/tsconfig.json": compilerOptions({ module: "preserve" }),
      "packages/web/package.json": {},
    },
    "packages/web/src/generated",
  );
  expect(found).toMatchObject({ tsconfig: "packages/web/tsconfig.json", importExtension: "" });
});

test("files that would be CommonJS where that cannot be written are .mts", async () => {
  const options = { module: "nodenext", verbatimModuleSyntax: true };
  expect(await style({ "package.json": {}, "tsconfig.json": compilerOptions(options) })).toMatchObject({
    fileExtension: ".mts",
    importExtension: ".mjs",
  });
  expect(
    await style({
      "package.json": {},
      "tsconfig.json": compilerOptions({ ...options, allowImportingTsExtensions: true }),
    }),
  ).toMatchObject({
    fileExtension: ".mts",
    importExtension: ".mts",
  });
});

test("a tsconfig that cannot be read is named", async () => {
  using project = new Project({ "tsconfig.json": { extends: "./missing.json" } });
  await expect(moduleStyle(project.file("src"))).rejects.toMatchObject({
    name: "InvalidError",
    hint: expect.stringContaining("importExtension"),
  });
});
