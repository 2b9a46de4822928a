/** Projects whose compiler does not read `exports` still find farcall's types. */
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { project } from "../deploy/project.ts";
import { compile } from "../support/compile.ts";

test.each([
  { module: "commonjs" },
  { module: "commonjs", moduleResolution: "node" },
  { module: "esnext", moduleResolution: "bundler" },
  { module: "nodenext" },
])("TypeScript 5.9 with %j finds the types of farcall and its entries", async (settings) => {
  await using files = await project({
    "package.json": '{ "type": "commonjs" }',
    "src/app.ts": `import { App } from "farcall";
import { generate } from "farcall/codegen";
import type { Engine } from "farcall/engine";
import type { AppManifest } from "farcall/schema";
export const app = new App("a");
export const f = app.function((a: number) => a);
export const wrong: string = generate satisfies Function as never as AppManifest["app"];
export type Url = Engine["url"];
`,
  });
  const compilerOptions = { target: "es2022", strict: true, types: [], noEmit: true, skipLibCheck: true, ...settings };
  await writeFile(files.path("tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  expect(await compile("typescript-5.9", files.root, files.root)).toBe("");
});
