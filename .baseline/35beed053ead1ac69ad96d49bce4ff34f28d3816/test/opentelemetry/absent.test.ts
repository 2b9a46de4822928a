/** Who does without OpenTelemetry pays nothing for it: no package loaded, none in a bundle. What is set up wrongly is told. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { temporaryHome } from "../support/home.ts";
import { program } from "./collector.ts";

const repo = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([false, true])("a bundle of a consumer holds farcall and cbor-x alone (minified: %s)", async (minify) => {
  const entry = join(folder, "consumer.ts");
  writeFileSync(
    entry,
    `import { Function } from ${JSON.stringify(join(repo, "src/index.ts"))};
console.log(await Function.fromName("work", "double").remote(1));`,
  );
  const { metafile, warnings } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify,
    platform: "node",
    format: "esm",
    target: "node22",
    logLevel: "silent",
    nodePaths: [join(repo, "node_modules")],
  });
  const packages = Object.keys(metafile.inputs)
    .map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1])
    .filter((name) => name !== undefined);
  const external = Object.values(metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ path }) => path.includes("opentelemetry"));
  expect([...new Set(packages)].filter((name) => name.includes("opentelemetry"))).toEqual([]);
  expect(external).toEqual([]);
  expect(warnings.map(({ text }) => text).filter((text) => text.includes("opentelemetry"))).toEqual([]);
});

test("a program without an SDK loads nothing of OpenTelemetry", async () => {
  await using home = await temporaryHome();
  await using shop = await program({ ...home.env, NODE_DEBUG: "" });
  // The program of this test imports the API itself; what farcall would load lies in its own folder.
  const loaded = await shop.does(`
    const { registerHooks } = await import("node:module");
    const seen = [];
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
    const engine = await openEngine("local:");
    await engine.registry.listApps();
    await engine.close();
    return seen;`);
  expect((loaded as string[]).filter((url) => url.includes("opentelemetry"))).toEqual([]);
  expect((loaded as string[]).length).toBeGreaterThan(0);
});

test("FARCALL_OTEL with an unknown module, or a module that fails, is an error where the host is started", async () => {
  await using home = await temporaryHome();
  await using wrong = await program({ ...home.env, FARCALL_OTEL: "./nowhere.ts" });
  const first = (await wrong
    .does('const engine = await openEngine("local:"); await engine.registry.listApps();')
    .catch((error: unknown) => error)) as Error;
  expect(first.message).toMatch(/FARCALL_OTEL names \.\/nowhere\.ts, which cannot be found from/);
  const broken = join(folder, "broken.ts");
  writeFileSync(broken, 'throw new Error("no exporter");');
  await using failing = await program({ ...home.env, FARCALL_OTEL: broken });
  const second = (await failing
    .does('const engine = await openEngine("local:"); await engine.registry.listApps();')
    .catch((error: unknown) => error)) as Error;
  expect(second.message).toMatch(/broken\.ts, which cannot be loaded: no exporter/);
});
