/** The effects of `generate` on a project's files, with a real registry and a real file system. */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type FileStatus,
  type GenerateResult,
  generate,
  type LockedManifest,
  type Plugin,
  plan,
} from "../../src/codegen/index.ts";
import type { Config } from "../../src/config/index.ts";
import { fn, manifest, number, Project, parameter, type Registry, registry, text } from "./support.ts";

let deployed: Registry;

beforeAll(async () => {
  deployed = await registry();
  await deployed.deploy(manifest("images", [fn("resize", [parameter("width", number)], text), fn("crop", [], text)]));
  await deployed.deploy(manifest("ml", [fn("embed", [], number), fn("embedOld", [], number), fn("train", [], number)]));
  await deployed.deploy(manifest("ml", [fn("embed", [], text)], [], { environment: "prod" }));
});

afterAll(() => deployed[Symbol.asyncDispose]());

const run = (project: Project, config: Parameters<typeof generate>[0], options: Parameters<typeof generate>[1] = {}) =>
  generate(config, { cwd: project.path, engine: deployed.engine, ...options });

function statuses(result: GenerateResult): Record<string, FileStatus> {
  return Object.fromEntries(result.files.map(({ path, status }) => [path.slice(path.lastIndexOf("/") + 1), status]));
}

async function failure(promise: Promise<unknown>): Promise<Error & { hint?: string; code?: string }> {
  return promise.then(
    () => expect.fail("it succeeded"),
    (error) => error,
  );
}

test("also writes the files of a second folder that shares node_modules with the first", async () => {
  using project = new Project({ "a/package.json": { type: "module" }, "b/package.json": { type: "module" } });
  const config = { apps: ["images"], output: "gen" };
  for (const folder of ["a", "b"]) {
    const result = await run(project, config, { cwd: project.file(folder) });
    expect(result.files.map(({ path }) => path)).toContain(project.file(`${folder}/gen/images.ts`));
    expect(result.upToDate).toBe(false);
    expect(project.list(`${folder}/gen`)).toEqual(["farcall.lock.json", "images.ts", "index.ts"]);
  }
  for (const folder of ["a", "b"]) {
    const again = await run(project, config, { cwd: project.file(folder) });
    expect(again).toMatchObject({ upToDate: true });
    expect(again.files.map(({ path }) => path)).toContain(project.file(`${folder}/gen/index.ts`));
  }
});

test("writes a file for each app, an index and a lock, and then leaves them alone", async () => {
  using project = new Project();
  const config = { apps: ["images", "ml"] };
  const first = await run(project, config);
  expect(statuses(first)).toEqual({
    "images.ts": "created",
    "ml.ts": "created",
    "index.ts": "created",
    "farcall.lock.json": "created",
  });
  expect(first).toMatchObject({
    upToDate: false,
    apps: [
      { app: "images", functions: 2 },
      { app: "ml", functions: 3 },
    ],
  });
  const before = statSync(project.file("src/generated/ml.ts"));
  const second = await run(project, config);
  expect(second.upToDate).toBe(true);
  expect(new Set(Object.values(statuses(second)))).toEqual(new Set(["unchanged"]));
  expect(statSync(project.file("src/generated/ml.ts")).mtimeMs).toBe(before.mtimeMs);
});

test("writes the same output wherever and whenever it runs", async () => {
  using one = new Project();
  using other = new Project();
  for (const project of [one, other]) await run(project, {});
  for (const name of one.list("src/generated")) {
    expect(other.read(`src/generated/${name}`)).toBe(one.read(`src/generated/${name}`));
  }
});

test("rewrites only the app that changed, and says what changed for its callers", async () => {
  await using own = await registry();
  using project = new Project();
  await own.deploy(
    manifest("a", [fn("keep", [], text), fn("widen", [parameter("x", text)], text), fn("gone", [], text)]),
  );
  await own.deploy(manifest("b", [fn("other", [], text)]));
  await run(project, {}, { engine: own.engine });
  const wider = parameter("y", number, { optional: true });
  await own.deploy(
    manifest("a", [fn("keep", [], number), fn("widen", [parameter("x", text), wider], text), fn("added", [], text)]),
  );
  const result = await run(project, {}, { engine: own.engine });
  expect(statuses(result)).toEqual({
    "a.ts": "changed",
    "b.ts": "unchanged",
    "index.ts": "unchanged",
    "farcall.lock.json": "changed",
  });
  expect(result.changes.map((change) => [change.function, change.change, change.verdict])).toEqual([
    ["added", "added", "compatible"],
    ["keep", "changed", "breaking"],
    ["widen", "changed", "compatible"],
    ["gone", "removed", "breaking"],
  ]);
});

test("writes nothing when a deploy changes only what callers cannot see", async () => {
  await using own = await registry();
  using project = new Project();
  const at = (line: number) => manifest("a", [fn("f", [], text, { source: { file: "src/a.ts", line } })]);
  await own.deploy(at(3), "export const body = 1;");
  await run(project, {}, { engine: own.engine });
  await own.deploy(at(9), "export const body = 2;");
  expect((await run(project, {}, { engine: own.engine })).upToDate).toBe(true);
  expect(project.read("src/generated/a.ts")).toContain("@see `src/a.ts:3`");
});

test("asks for the manifest of an app only when it changed", async () => {
  using project = new Project();
  const asked: string[] = [];
  const { registry: real } = deployed.engine;
  // The real registry, listened to.
  const engine = {
    ...deployed.engine,
    registry: {
      ...real,
      getManifest(...args: Parameters<typeof real.getManifest>) {
        asked.push(args[0].app);
        return real.getManifest(...args);
      },
    },
  };
  await run(project, {}, { engine });
  expect(asked.sort()).toEqual(["images", "ml"]);
  asked.length = 0;
  await run(project, {}, { engine });
  expect(asked).toEqual([]);
  project.write({ "src/generated/ml.ts": "// Generated by farcall, and edited\n" });
  expect(statuses(await run(project, {}, { engine }))["ml.ts"]).toBe("changed");
});

test("sees an edit that leaves a file's size and time of modification as they were", async () => {
  using project = new Project();
  mkdirSync(project.file("node_modules/.cache"), { recursive: true });
  await run(project, {});
  const stubs = project.file("src/generated/ml.ts");
  const { atime, mtime } = statSync(stubs);
  // Long enough for the files to be recognised by their time stamps.
  await delay(2100);
  expect((await run(project, {})).upToDate).toBe(true);
  expect((await run(project, {})).upToDate).toBe(true);
  project.write({ "src/generated/ml.ts": project.read("src/generated/ml.ts").replace("train", "brain") });
  utimesSync(stubs, atime, mtime);
  expect(statuses(await run(project, {}))["ml.ts"]).toBe("changed");
});

test("chooses apps and functions by name and pattern, from several environments", async () => {
  using project = new Project();
  const config = {
    apps: [
      "*",
      "!images",
      { name: "ml", functions: ["embed*", "!embedOld"] },
      { name: "ml", environment: "prod", as: "production" },
    ],
  };
  await run(project, config);
  expect(project.list("src/generated")).toEqual(["farcall.lock.json", "index.ts", "ml.ts", "production.ts"]);
  const [main] = await plan(config, { cwd: project.path, engine: deployed.engine });
  expect(
    main!.apps.map(({ file, environment, functions }) => [file, environment, functions.map(({ name }) => name)]),
  ).toEqual([
    ["ml", "main", ["embed"]],
    ["production", "prod", ["embed"]],
  ]);
});

test("writes several outputs from one config", async () => {
  using project = new Project();
  await run(project, [
    { apps: ["images"], output: "a" },
    { apps: ["ml"], output: "b" },
  ]);
  expect([project.list("a"), project.list("b")]).toEqual([
    ["farcall.lock.json", "images.ts", "index.ts"],
    ["farcall.lock.json", "index.ts", "ml.ts"],
  ]);
});

test("two outputs with the same app compile in one program, and fromName knows its functions", async () => {
  using project = new Project({
    "src/use.ts": `import { Function } from "farcall";
      import { ml } from "./one/index.ts";
      import { ml as again } from "./two/index.ts";
      export const all: Promise<number>[] = [Function.fromName("ml", "train").remote(), ml.train.remote(), again.train.remote()];
    `,
  });
  const config = ["src/one", "src/two"].map((output) => ({
    apps: ["ml", { name: "ml", environment: "prod", as: "prod" }],
    output,
  }));
  await run(project, config);
  expect(await project.check()).toBe("");
  expect((await run(project, config)).upToDate).toBe(true);
});

test("an output in a separate program declares its apps itself", async () => {
  using project = new Project({ "other/tsconfig.json": { extends: "../tsconfig.json", include: ["."] } });
  await run(project, [{ apps: ["ml"] }, { apps: ["ml", "images"], output: "other/generated" }]);
  expect(project.read("other/generated/index.ts")).toMatch(/ml: typeof import/);
});

test("two outputs in one folder are refused", async () => {
  using project = new Project();
  const error = await failure(run(project, [{ output: "src/gen" }, { output: "src/Gen/" }]));
  expect(error).toMatchObject({ name: "InvalidError", message: expect.stringContaining("the same output") });
});

test("removes the files of apps that are no longer chosen", async () => {
  using project = new Project();
  await run(project, {});
  project.write({ "src/generated/mine.ts": "export const mine = 1;\n" });
  const result = await run(project, { apps: ["ml"] });
  expect(statuses(result)["images.ts"]).toBe("removed");
  expect(project.list("src/generated")).toEqual(["farcall.lock.json", "index.ts", "mine.ts", "ml.ts"]);
});

test("never overwrites a file that it did not write", async () => {
  using project = new Project({ "src/generated/images.ts": "export const precious = 1;\n" });
  const error = await failure(run(project, {}));
  expect(error).toMatchObject({
    name: "InvalidError",
    message: expect.stringContaining("images.ts was not written by farcall codegen"),
  });
  expect(project.list("src/generated")).toEqual(["images.ts"]);
  expect(project.read("src/generated/images.ts")).toBe("export const precious = 1;\n");
});

test("a dry run says what it would do, and does nothing", async () => {
  using project = new Project();
  const result = await run(project, {}, { dryRun: true });
  expect(result.upToDate).toBe(false);
  expect(result.files[0]).toMatchObject({ status: "created", after: expect.stringContaining("export const") });
  expect(project.has("src")).toBe(false);
});

test("works offline from the lock file, which has one function per line", async () => {
  using project = new Project();
  await run(project, {});
  const written = project.read("src/generated/ml.ts");
  project.write({ "src/generated/ml.ts": "// Generated by farcall\n" });
  await generate({}, { cwd: project.path, offline: true });
  expect(project.read("src/generated/ml.ts")).toBe(written);
  const lines = project.read("src/generated/farcall.lock.json").split("\n");
  expect(lines.filter((line) => line.includes('"name":"train"'))).toHaveLength(1);
  expect(project.read("src/generated/farcall.lock.json")).not.toMatch(/deployedAt|"version"|etag/);
});

test("offline without a lock file says how to get one", async () => {
  using project = new Project();
  const error = await failure(generate({}, { cwd: project.path, offline: true }));
  expect(error).toMatchObject({ name: "NotFoundError", hint: expect.stringContaining("farcall codegen") });
});

test("a lock with merge conflicts is rewritten online and refused offline", async () => {
  using project = new Project();
  await run(project, {});
  const lock = project.read("src/generated/farcall.lock.json");
  project.write({ "src/generated/farcall.lock.json": lock.replace('  "files"', '<<<<<<< ours\n  "files"') });
  expect(await failure(generate({}, { cwd: project.path, offline: true }))).toMatchObject({
    hint: expect.stringContaining("merge conflicts"),
  });
  const { warnings } = await run(project, {});
  expect(warnings).toEqual([expect.stringContaining("is not JSON")]);
  expect(project.read("src/generated/farcall.lock.json")).toBe(lock);
});

test("an app that is not deployed is an error with the nearest names and what to do", async () => {
  using project = new Project();
  const error = await failure(run(project, { apps: ["imagse"] }));
  expect(error).toMatchObject({
    name: "NotFoundError",
    message: expect.stringContaining("imagse is not deployed in the environment main"),
  });
  expect(error.hint).toMatch(/Did you mean images\?.*farcall deploy/);
  expect((await failure(run(project, { apps: ["images"], environment: "prod" }))).hint).toContain(
    "It is deployed in main",
  );
  expect((await failure(run(project, { apps: [{ name: "ml", functions: ["trian"] }] }))).hint).toContain(
    "Did you mean train?",
  );
});

test("files and namespaces that two apps would share are refused with a way out", async () => {
  await using own = await registry();
  using project = new Project();
  await own.deploy(manifest("my-app", [fn("f", [], text)]));
  await own.deploy(manifest("myApp", [fn("f", [], text)]));
  const error = await failure(run(project, {}, { engine: own.engine }));
  expect(error.message).toContain("would both have the namespace myApp");
  await run(project, { apps: ["myApp", { name: "my-app", as: "second" }] }, { engine: own.engine });
  expect(project.read("src/generated/index.ts")).toContain('"my-app": typeof import("./second.ts")');
});

test("exports every function by its own name when asked to, unless two are the same", async () => {
  using project = new Project({
    "src/use.ts": 'import { crop, train } from "./generated/index.ts";\nexport const all: unknown[] = [crop, train];\n',
  });
  await run(project, { exports: "flat" });
  expect(await project.check()).toBe("");
  const twice = { exports: "flat", apps: ["ml", { name: "ml", environment: "prod", as: "prod" }] } as const;
  expect((await failure(run(project, twice))).message).toContain("both export embed");
});

test("keeps Windows line ends, links and modes of the files that it replaces", async () => {
  await using own = await registry();
  using project = new Project({ "kept/elsewhere.ts": "" });
  const versions = [text, number].map((type) => manifest("a", [fn("f", [], type)]));
  await own.deploy(versions[0]!);
  await run(project, {}, { engine: own.engine });
  const stubs = project.file("src/generated/a.ts");
  project.write({ "kept/elsewhere.ts": project.read("src/generated/a.ts") });
  project.write({ "src/generated/index.ts": project.read("src/generated/index.ts").replaceAll("\n", "\r\n") });
  rmSync(stubs);
  symlinkSync("../../kept/elsewhere.ts", stubs);
  chmodSync(project.file("kept/elsewhere.ts"), 0o444);
  expect((await run(project, {}, { engine: own.engine })).upToDate).toBe(true);

  await own.deploy(versions[1]!);
  await own.deploy(manifest("b", [fn("f", [], text)]));
  await run(project, {}, { engine: own.engine });
  expect(readFileSync(project.file("kept/elsewhere.ts"), "utf8")).toContain("number");
  expect(statSync(project.file("kept/elsewhere.ts")).mode & 0o777).toBe(0o444);
  expect(project.read("src/generated/index.ts")).toMatch(/\r\nexport \* as b from ".\/b.ts";\r\n/);
});

test("a formatter that wants Windows line ends gets them, once", async () => {
  using project = new Project();
  const config = { apps: ["ml"], format: (source: string) => source.replaceAll("\n", "\r\n") };
  await run(project, config);
  expect(project.read("src/generated/ml.ts")).toMatch(/\r\n/);
  expect(project.read("src/generated/ml.ts")).not.toMatch(/[^\r]\n|\r\r/);
  expect((await run(project, config)).upToDate).toBe(true);
});

test("does not write outside the config's folder, by path or by link, unless allowed to", async () => {
  using project = new Project();
  using outside = new Project();
  mkdirSync(project.file("inner"));
  symlinkSync(outside.path, project.file("link"));
  for (const output of ["../escaped", "/tmp/escaped", "link/generated"]) {
    expect(await failure(run(project, { output }))).toMatchObject({ hint: expect.stringContaining("allowOutside") });
  }
  await run(project, { output: join(outside.path, "generated"), allowOutside: true });
  expect(outside.list("generated")).toContain("images.ts");
});

test("uses the user's templates in place of shipped ones, and plugins and a formatter after them", async () => {
  using project = new Project({
    "my-templates/header.hbs": "// Ours. @generated\n",
    "my-templates/partials/stub.hbs":
      "{{> shout}}export const {{local}}: {{type}} = {{factory}}.{{make}}({{string name}}, {{string signature}});\n",
    "my-templates/shout.hbs": "// {{name}}!\n",
  });
  const config = {
    templates: "my-templates",
    rename: (name: string) => (name === "crop" ? "cut" : name),
    format: (source: string) => source.replaceAll("export const", "export  const"),
    plugins: [
      {
        name: "hide",
        onManifest(item: LockedManifest) {
          item.functions = item.functions.filter(({ name }) => name !== "train");
        },
      },
      {
        name: "note",
        onFile: ({ path, text: source }: { path: string; text: string }) => ({ path, text: `${source}// plugged\n` }),
      },
    ],
  };
  await run(project, config);
  const images = project.read("src/generated/images.ts");
  expect(images).toMatch(/^\/\/ Generated by farcall. Do not edit.\n\/\/ Ours. @generated\n/);
  expect(images).toContain('// crop!\nexport  const cut: Function<[], string> = app.function("crop"');
  expect(images.endsWith("// plugged\n")).toBe(true);
  expect(project.read("src/generated/ml.ts")).not.toContain("train");
  expect(project.read("src/generated/index.ts")).toContain('crop: (typeof import("./images.ts"))["cut"];');
  await run(project, { apps: ["ml"] });
  expect(project.list("src/generated")).toEqual(["farcall.lock.json", "index.ts", "ml.ts"]);
});

test.each<[string, NonNullable<Config["rename"]>, string]>([
  [
    "a promise",
    (async (name: string) => name) as never,
    "the config's rename returned a Promise for crop: expected a name",
  ],
  ["a number", (() => 5) as never, "the config's rename returned 5 for crop: expected a name"],
  ["nothing", () => "", 'the config\'s rename returned "" for crop: expected a name'],
])("a rename that gives %s is refused, by function and app", async (_, rename, message) => {
  using project = new Project();
  const error = await failure(run(project, { apps: ["images"], rename }));
  expect(error).toMatchObject({ code: "FARCALL_INVALID", message: expect.stringContaining(message) });
  expect(error.message).toContain("images (main)");
  expect(project.has("src/generated")).toBe(false);
});

test("a rename that throws is reported as the config's failure, not as the app's", async () => {
  using project = new Project();
  const rename = (): string => {
    throw new TypeError("bad");
  };
  const error = await failure(run(project, { apps: ["images"], rename }));
  expect(error.message).toContain("the config's rename failed for crop: bad");
  expect(error.hint).not.toContain("deploy again");
  expect(error.cause).toMatchObject({ cause: { name: "TypeError", message: "bad" } });
});

test.each<[keyof Plugin, unknown, string]>([
  ["onManifest", 5, "returned an unusable value: expected a manifest, got 5"],
  ["onManifest", {}, "returned an unusable value: this is not a manifest"],
  ["onManifest", { schemaVersion: 1, app: "images", functions: [{}] }, "invalid manifest"],
  ["onPlan", "plan", 'returned an unusable value: expected a plan, got "plan"'],
  ["onPlan", {}, "index: expected an object, got undefined"],
  ["onPlan", { index: { exports: [], apps: [] }, apps: {} }, "apps: expected a list of objects, got {}"],
  [
    "onPlan",
    { index: { exports: [], apps: [] }, apps: [{ file: "a" }] },
    "apps[0].imports: expected a list of objects",
  ],
  ["onFile", "text", 'expected { path, text }, got "text"'],
  ["onFile", { path: "a.ts" }, "expected a string, got undefined"],
])("what a plugin's %s returns is checked: %j", async (hook, returned, message) => {
  using project = new Project();
  const plugin = { name: "odd", [hook]: () => returned } as Plugin;
  const error = await failure(run(project, { apps: ["images"], plugins: [plugin] }));
  expect(error.message).toContain(`The hook ${hook} of the plugin odd`);
  expect(error.message).toContain(message);
  expect(error.code).toBe("FARCALL_INVALID");
});

test("a format that does not return a string, and a hook that throws something other than an error, are named", async () => {
  using project = new Project();
  const format = (() => 5) as never;
  expect((await failure(run(project, { apps: ["images"], format }))).message).toBe(
    "The config's format returned an unusable value: expected a string, got 5",
  );
  const onPlan = () => {
    throw "str";
  };
  expect((await failure(run(project, { apps: ["images"], plugins: [{ name: "odd", onPlan }] }))).message).toBe(
    'The hook onPlan of the plugin odd failed: "str"',
  );
});

test("a config that JSON cannot express is checked like any other", async () => {
  using project = new Project();
  expect((await failure(run(project, { output: 1n } as never))).message).toContain("output: expected a string, got 1n");
});

test("an app that is listed twice is reported", async () => {
  using project = new Project();
  expect((await failure(run(project, { apps: ["images", "images"] }))).message).toBe(
    '"images" (main) is listed twice in the config\'s apps',
  );
});

test("an empty list of functions means none, as an empty list of apps does", async () => {
  using project = new Project();
  const { apps } = await run(project, { apps: [{ name: "images", functions: [] }] });
  expect(apps).toEqual([{ app: "images", environment: "main", functions: 0 }]);
  expect((await run(project, { apps: [] })).apps).toEqual([]);
});

test("apps that are only excluded are excluded from all, as functions are", async () => {
  using project = new Project();
  const { apps } = await run(project, { apps: ["!ml"] });
  expect(apps.map(({ app }) => app)).toEqual(["images"]);
});

test("an output that is a file, or inside one, is reported", async () => {
  using project = new Project({ taken: "" });
  for (const output of ["taken", "taken/inner"])
    expect((await failure(run(project, { output }))).message).toMatch(
      /^the output .* cannot be a folder: there is a file /,
    );
});

test("a damaged lock is rewritten, whatever it contains", async () => {
  using project = new Project();
  await run(project, { apps: ["images"] });
  project.write({ "src/generated/farcall.lock.json": "\u0000\u0000 nothing" });
  const { warnings } = await run(project, { apps: ["images"] });
  expect(warnings.join()).toContain("is not JSON");
  expect(JSON.parse(project.read("src/generated/farcall.lock.json")).apps).toHaveLength(1);
});

test("says why files are as they are even when nothing has changed", async () => {
  using project = new Project();
  const { notes } = await run(project, { apps: ["images"] });
  const again = await run(project, { apps: ["images"] });
  expect(again.upToDate).toBe(true);
  expect(again.notes).toEqual(notes);
  expect(notes).toHaveLength(1);
});

test("a link in a generated file's place does not lead writes out of the config's folder, unless allowed to", async () => {
  await using own = await registry();
  await own.deploy(manifest("a", [fn("f", [], text)]));
  using outside = new Project({ "a.ts": "// Generated by farcall\n" });
  using project = new Project();
  project.write({ "src/generated/index.ts": "// Generated by farcall\n" });
  symlinkSync(outside.file("a.ts"), project.file("src/generated/a.ts"));
  const error = await failure(run(project, {}, { engine: own.engine }));
  expect(error.message).toBe(
    `the output ${project.file("src/generated/a.ts")} is outside the config's folder ${project.path}`,
  );
  expect([outside.read("a.ts"), outside.list(".")]).toEqual([
    "// Generated by farcall\n",
    ["a.ts", "node_modules", "package.json", "tsconfig.json"],
  ]);
  await run(project, { allowOutside: true }, { engine: own.engine });
  expect(outside.read("a.ts")).toContain("Function<[], string>");
});

test("an app's long name becomes a file name that file systems accept", async () => {
  await using own = await registry();
  using project = new Project();
  for (const app of ["日".repeat(120), "x".repeat(120), "😀a.d"]) await own.deploy(manifest(app, []));
  await run(project, { emit: "js" }, { engine: own.engine });
  expect(project.list("src/generated").filter((name) => /^(日|x)+\.js$/.test(name))).toEqual([
    `${"x".repeat(100)}.js`,
    `${"日".repeat(66)}.js`,
  ]);
});

test("a template with a mistake in it is named", async () => {
  using project = new Project({ "t/stub.hbs": "{{#if doc}}" });
  expect((await failure(run(project, { templates: "t" }))).message).toContain(project.file("t/stub.hbs"));
  expect((await failure(run(project, { templates: "missing" }))).message).toContain("cannot be read");
});
