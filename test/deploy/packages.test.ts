/** Code from node_modules behaves in a container as it does in Node, wherever the artifact lies. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import type { BundleOptions } from "../../src/config/config.ts";
import { type Bundle, Bundler } from "../../src/deploy/bundle.ts";
import { inspect } from "../../src/deploy/inspect.ts";
import { type Project, project } from "./project.ts";

const loader = resolve(import.meta.dirname, "../../src/container/load.ts");

async function bundle({ root }: Project, settings?: BundleOptions): Promise<Bundle> {
  const bundler = new Bundler(join(root, "app.ts"), root, settings);
  try {
    return await bundler.build();
  } finally {
    await bundler.dispose();
  }
}

/** What the module prints when a container loads it. */
async function run(of: Project, settings?: BundleOptions): Promise<string> {
  const { code, sourceMap } = await bundle(of, settings);
  const folder = await mkdtemp(join(tmpdir(), "fa-"));
  try {
    const file = join(folder, "app.mjs");
    await Promise.all([writeFile(file, code), writeFile(`${file}.map`, sourceMap)]);
    const start = `import { installHooks, loadArtifact } from ${JSON.stringify(loader)};
      await installHooks(); await loadArtifact(${JSON.stringify(file)}, ${JSON.stringify(of.root)});`;
    const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", start];
    return execFileSync(process.execPath, args, { encoding: "utf8" }).replaceAll(of.root, "ROOT");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function installed(name: string, files: Record<string, string>, fields: object = {}): Record<string, string> {
  const folder = `node_modules/${name}`;
  return {
    [`${folder}/package.json`]: JSON.stringify({ name: name.split("/").at(-1), version: "1.0.0", ...fields }),
    ...Object.fromEntries(Object.entries(files).map(([file, text]) => [`${folder}/${file}`, text])),
  };
}

test("a package with a source map finds the files beside it, with or without the sources of the map", async () => {
  const map = { version: 3, sources: ["../src/index.ts"], names: [], mappings: "AAAA" };
  for (const sourcesContent of [["original"], undefined]) {
    await using one = await project({
      "app.ts": 'import { text } from "mapped"; console.log(text());',
      ...installed(
        "mapped",
        {
          "index.js":
            'import { readFileSync } from "node:fs"; export const text = () => readFileSync(new URL("x.txt", import.meta.url), "utf8");\n//# sourceMappingURL=index.js.map',
          "index.js.map": JSON.stringify({ ...map, ...(sourcesContent && { sourcesContent }) }),
          "x.txt": "found",
        },
        { type: "module", main: "index.js" },
      ),
    });
    expect(await run(one)).toBe("found\n");
  }
});

test("require of a package with a CommonJS and an ES side gets the CommonJS one, as in Node", async () => {
  await using one = await project({
    "app.ts": 'import { loud } from "user"; console.log(loud("x"));',
    ...installed("user", { "index.js": 'const shout = require("dual"); exports.loud = (text) => shout(text);' }),
    ...installed(
      "dual",
      {
        "index.js": 'module.exports = (text) => text.toUpperCase() + "!";',
        "index.mjs": "export default () => 'esm';",
      },
      { main: "index.js", module: "index.mjs" },
    ),
  });
  expect(await run(one)).toBe("X!\n");
});

test("an import and a require of a package that also has a side for bundlers get one copy, as in Node", async () => {
  await using one = await project({
    "app.ts":
      'import * as state from "state"; import * as other from "other"; import { set } from "setter"; set(); console.log(state.get(), other.get());',
    ...installed("setter", {
      "index.js": 'exports.set = () => { require("state").set("a"); require("other").set("b"); };',
    }),
    ...installed(
      "state",
      {
        "index.js": "let now; exports.get = () => now; exports.set = (to) => { now = to; };",
        "index.mjs": "let now; export const get = () => now; export const set = (to) => { now = to; };",
      },
      { main: "index.js", module: "index.mjs" },
    ),
    ...installed(
      "other",
      {
        "index.js": "let now; exports.get = () => now; exports.set = (to) => { now = to; };",
        "index.mjs": "let now; export const get = () => now; export const set = (to) => { now = to; };",
      },
      { exports: { module: "./index.mjs", default: "./index.js" } },
    ),
  });
  expect(await run(one)).toBe("a b\n");
});

test("the ES side of a package gets the whole of a CommonJS module as its default, as in Node", async () => {
  await using one = await project({
    "app.ts": 'import { code } from "wrapper/app"; console.log(code);',
    ...installed(
      "wrapper",
      {
        "lib/app.js": 'Object.defineProperty(exports, "__esModule", { value: true }); exports.code = "E1";',
        "lib/esm/app.js": 'import mod from "../app.js"; export const code = mod.code;',
        "lib/esm/package.json": '{ "type": "module" }',
      },
      { exports: { "./app": { import: "./lib/esm/app.js", require: "./lib/app.js" } } },
    ),
  });
  expect(await run(one)).toBe("E1\n");
});

test("a package may have names of the platform's own at its top level", async () => {
  await using one = await project({
    "app.ts": 'import { where } from "shadow"; console.log(await where());',
    ...installed(
      "shadow",
      {
        "index.js":
          'class URL {} const String = 1, Symbol = 2; const name = "./other.js"; export const where = async () => [(await import(name)).default, import.meta.url.split("/").at(-2), typeof URL, String, Symbol].join();',
        "other.js": 'export default "other";',
      },
      { type: "module", exports: "./index.js" },
    ),
  });
  expect(await run(one)).toBe("other,shadow,function,1,2\n");
});

test("a require that is handed on or has a computed argument works from its own module", async () => {
  await using one = await project({
    "app.ts": 'import { load } from "loader"; console.log(load("plugin"), load.later("plugin"), load.own("plugin"));',
    ...installed("loader", {
      "index.js": `let later = null; try { later = require; } catch (error) {}
        exports.load = (name) => require(["./", name].join("")).name;
        exports.load.later = (name) => later("./" + name).name + [{ require }].length;
        exports.load.own = (name) => ((require) => require(name))((name) => "own " + name);`,
      "plugin.js": 'exports.name = "plugged";',
    }),
  });
  expect(await run(one)).toBe("plugged plugged1 own plugin\n");
});

test("what is loaded beside the bundle and requires a module of it gets that one, as moment's languages do", async () => {
  await using one = await project({
    "app.ts": 'import dates from "dates"; console.log(dates.language("fr"), dates.language("none"));',
    ...installed("dates", {
      "index.js": `const words = { en: "day" };
        exports.define = (name, word) => { words[name] = word; };
        exports.language = (name) => { try { const load = require; load("./locale/" + name); } catch {} return words[name] ?? words.en; };`,
      "locale/fr.js": 'require("../index").define("fr", "jour");',
    }),
  });
  expect(await run(one)).toBe("jour day\n");
});

test("each importer of a native package gets its own version of it", async () => {
  const native = (version: string) => ({
    "binding.gyp": "{}",
    "index.js": `exports.version = "${version}";`,
  });
  await using one = await project({
    "app.ts": 'import { version } from "native"; import { inner } from "lib"; console.log(version, inner());',
    ...installed("native", native("1")),
    ...installed("lib", { "index.js": 'exports.inner = () => require("native").version;' }),
    ...installed("lib/node_modules/native", native("2")),
  });
  expect(await run(one)).toBe("1 2\n");
});

test("a native package that only a dependency has is found in pnpm's layout", async () => {
  const store = "node_modules/.pnpm";
  await using one = await project({
    "app.ts": 'import { go } from "lib"; console.log(go());',
    ...installed(".pnpm/lib@1.0.0/node_modules/lib", { "index.js": 'exports.go = () => require("native").name;' }),
    ...installed(".pnpm/native@1.0.0/node_modules/native", {
      "binding.gyp": "{}",
      "index.js": 'exports.name = "here";',
    }),
  });
  await symlink(one.path(`${store}/lib@1.0.0/node_modules/lib`), one.path("node_modules/lib"), "dir");
  await symlink(
    one.path(`${store}/native@1.0.0/node_modules/native`),
    one.path(`${store}/lib@1.0.0/node_modules/native`),
    "dir",
  );
  expect(await run(one)).toBe("here\n");
});

test("what only NODE_PATH leads to, as in programs that pnpm starts, does not stand for a dependency's own package", async () => {
  await using one = await project({
    "app.ts": 'import { go } from "./shared/index.ts"; console.log(go());',
    "shared/index.ts": 'import { name } from "native"; export const go = () => name;',
    "shared/node_modules/native/binding.gyp": "{}",
    "shared/node_modules/native/package.json": JSON.stringify({ name: "native", version: "1.0.0" }),
    "shared/node_modules/native/index.js": 'exports.name = "native";',
  });
  await symlink(one.path("shared/node_modules"), one.path("hoisted"), "dir");
  const build = `import { Bundler } from ${JSON.stringify(resolve(import.meta.dirname, "../../src/deploy/bundle.ts"))};
    const bundler = new Bundler(${JSON.stringify(one.path("app.ts"))}, ${JSON.stringify(one.root)});
    console.log((await bundler.build()).code); await bundler.dispose();`;
  const code = execFileSync(process.execPath, ["--input-type=module", "-e", build], {
    encoding: "utf8",
    env: { ...process.env, NODE_PATH: one.path("hoisted") },
  });
  expect(code).toContain('from "farcall-from:shared/index.ts?native"');
});

test("what a package requires without having it fails when it is reached, and a warning says so", async () => {
  await using one = await project({
    "app.ts":
      'import { open } from "drivers"; console.log(open("memory")); try { open("fancy"); } catch (error) { console.log(error.code); }',
    ...installed("drivers", {
      "index.js": 'exports.open = (kind) => (kind === "memory" ? kind : require("fancy-driver").open());',
    }),
  });
  expect((await bundle(one)).warnings).toMatchObject([
    {
      file: "node_modules/drivers/index.js",
      line: 1,
      message: "drivers requires fancy-driver, which is not installed: it fails if it is reached",
    },
  ]);
  expect(await run(one)).toBe("memory\nMODULE_NOT_FOUND\n");
});

test("one warning lists all packages that others require without having them", async () => {
  await using one = await project({
    "app.ts": 'import "drivers"; import "@scope/sockets";',
    ...installed("drivers", {
      "index.js": 'exports.open = () => [require("pg/lib"), require("pg"), require("mysql")];',
    }),
    ...installed("@scope/sockets", { "index.js": 'try { require("bufferutil"); } catch {}' }),
  });
  expect((await bundle(one)).warnings.map(({ message }) => message)).toEqual([
    "some packages require others that are not installed: @scope/sockets requires bufferutil, drivers requires pg and mysql. They fail if they are reached",
  ]);
});

test("a computed path of a package that matches no file is left to run time, as in Node", async () => {
  await using one = await project({
    "app.ts":
      'import { load } from "lib"; console.log(load()); try { load("one"); } catch (error) { console.log(error.code); }',
    ...installed("lib", {
      "index.js":
        'exports.load = (name) => (name ? require("./plugins/" + name) : "none");\nexports.more = (name) => import("./more/" + name + ".js");',
    }),
  });
  expect(await run(one)).toBe("none\nMODULE_NOT_FOUND\n");
  await using own = await project({
    "app.ts": 'export const load = (name: string) => import("./more/" + name + ".ts");',
  });
  await expect(bundle(own)).rejects.toThrow("cannot bundle app.ts");
});

test("modules that a plugin of the config loads are told the artifact's place", async () => {
  await using one = await project({
    "app.ts": 'import place from "virtual:place"; console.log(place, import.meta.url.startsWith("file:"));',
  });
  const plugin = {
    name: "virtual",
    setup(build: import("esbuild").PluginBuild) {
      build.onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path, namespace: "virtual" }));
      build.onLoad({ filter: /.*/, namespace: "virtual" }, () => ({
        contents: 'export default import.meta.url.split("/").at(-1);',
      }));
    },
  };
  expect(await run(one, { plugins: [plugin] })).toBe("app.mjs true\n");
});

test("a package that the author's own module lacks stops the deploy, with the setting that leaves it out", async () => {
  await using one = await project({ "app.ts": 'import "none";' });
  await expect(bundle(one)).rejects.toMatchObject({
    problems: [
      {
        message: 'Could not resolve "none"',
        hint: expect.stringContaining('`bundle: { external: ["none"] }` in farcall.config.ts'),
      },
    ],
  });
});

test("require.resolve, import.meta.resolve and computed imports are answered from the module's own place", async () => {
  await using one = await project({
    "app.ts": `import { file } from "spawner";
      console.log(file());
      console.log(import.meta.resolve("./a.txt").slice(-6), import.meta.resolve("spawner").slice(-16));
      const names: Record<string, string> = { one: "./plugin.ts", data: "./data.json" };
      // "import(x)" in a comment or a string stays what it is.
      console.log((await import(names["one"]!)).name, "import(x)");
      console.log((await import(names["data"]!, { with: { type: "json" } })).default.n);`,
    "a.txt": "",
    "plugin.ts": "export const name: string = 'plugin';",
    "data.json": '{ "n": 7 }',
    ...installed("spawner", {
      "index.js": 'exports.file = () => require("path").basename(require.resolve("./child.js"));',
      "child.js": "",
    }),
  });
  expect(await run(one)).toBe("child.js\n/a.txt spawner/index.js\nplugin import(x)\n7\n");
});

test("bundle settings of the config reach the bundler", async () => {
  await using one = await project({
    "app.ts":
      'import query from "./q.sql"; import list from "./list.csv"; import kept from "kept"; import virtual from "virtual:x"; import { side } from "sided"; declare const BUILD: string; console.log(query.trim(), list.trim(), kept, virtual, side, BUILD);',
    "q.sql": "select 1\n",
    "list.csv": "a,b\n",
    ...installed("kept", { "index.js": 'module.exports = "kept out";' }),
    ...installed(
      "sided",
      { "a.js": "export const side = 'default';", "b.js": "export const side = 'special';" },
      { type: "module", exports: { special: "./b.js", default: "./a.js" } },
    ),
  });
  const settings: BundleOptions = {
    external: ["kept"],
    loader: { ".csv": "text" },
    conditions: ["special"],
    define: { BUILD: '"42"' },
    plugins: [
      {
        name: "virtual",
        setup(build) {
          build.onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path, namespace: "virtual" }));
          build.onLoad({ filter: /.*/, namespace: "virtual" }, () => ({ contents: "export default 'made up'" }));
        },
      },
    ],
  };
  expect((await bundle(one, settings)).code).toContain('from "kept"');
  expect(await run(one, settings)).toBe("select 1 a,b kept out made up special 42\n");
});

test("emitDecoratorMetadata is honoured", async () => {
  await using one = await project({
    "app.ts": `(Reflect as any).metadata = (key: string, value: any) => (_: object, name: string) => console.log(name, key, value?.name);
      function Column(_t: object, _k: string) {}
      class Entity { @Column when!: Date; }
      console.log(new Entity() instanceof Entity, import.meta.filename);`,
    "tsconfig.json": JSON.stringify({ compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } }),
  });
  expect(await run(one)).toBe("when design:type Date\ntrue ROOT/app.ts\n");
});

test("what the bundler says of a module with decorators names the author's line", async () => {
  await using one = await project({
    "app.ts": `function Column(_t: object, _k: string) {}
      class Entity { @Column when!: Date; }
      interface Left { out: string }
      export const load = (name: string) => require("./nowhere/" + name);
      console.log(Entity);`,
    "tsconfig.json": JSON.stringify({ compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } }),
  });
  await expect(bundle(one)).rejects.toMatchObject({
    problems: [{ line: 4, column: 53, hint: expect.stringContaining("No file matches") }],
  });
});

const needy = {
  "app.ts": `import { App } from "farcall";
    if (!process.env.DATABASE_URL) throw new Error("DATABASE_URL is not set");
    const app = new App("needy");
    app.function(function show() { return 1; }, OPTIONS);`,
};
const shell = { PATH: process.env["PATH"], DATABASE_URL: "postgres://x" };

test("a module that needs a variable which containers will not have is refused at deploy, with the options that give it", async () => {
  await using one = await project({ "app.ts": needy["app.ts"].replace("OPTIONS", "{}") });
  await expect(inspect(await bundle(one), "app.ts", shell)).rejects.toMatchObject({
    message: expect.stringContaining("DATABASE_URL is not set"),
    hint: expect.stringMatching(/`secrets`.*`env`/),
  });
});

test("a module that needs a variable loads at deploy when a function's options name it", async () => {
  for (const options of ['{ secrets: ["DATABASE_URL"] }', '{ env: { DATABASE_URL: "local" } }']) {
    await using one = await project({ "app.ts": needy["app.ts"].replace("OPTIONS", options) });
    expect(await inspect(await bundle(one), "app.ts", shell)).toMatchObject([{ name: "needy" }]);
  }
});
