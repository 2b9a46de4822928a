/** What a watch writes, and when, with deploys, edits and a host that goes away. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type WatchEvent, type WatchOptions, watch } from "../../src/codegen/index.ts";
import { loadConfig } from "../../src/config/index.ts";
import { stopHost } from "../../src/engines/local/index.ts";
import { start } from "../support/cli.ts";
import { fn, manifest, number, Project, registry, text } from "./support.ts";

/** A watch whose events can be waited for. */
class Watching implements AsyncDisposable {
  readonly events: WatchEvent[] = [];
  readonly #stop = new AbortController();
  readonly #changed = new EventTarget();
  readonly #ended: Promise<void>;
  #seen = 0;

  constructor(config: Parameters<typeof watch>[0], options: WatchOptions) {
    const onEvent = (event: WatchEvent) => {
      this.events.push(event);
      this.#changed.dispatchEvent(new Event("event"));
    };
    this.#ended = watch(config, { ...options, signal: this.#stop.signal, onEvent });
  }

  /** The next event that has not been waited for. */
  async next(): Promise<WatchEvent> {
    while (this.events.length <= this.#seen) await once(this.#changed, "event");
    return this.events[this.#seen++]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

const written = (event: WatchEvent) =>
  event.kind === "generated"
    ? event.result.files.filter(({ status }) => status !== "unchanged").map(({ path }) => path.replace(/.*\//, ""))
    : event.error;

test("generates once at the start, then the app that is deployed", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  await deployed.deploy(manifest("b", [fn("f", [], text)]));
  await using watching = new Watching({}, { cwd: project.path, engine: deployed.engine });
  expect(await watching.next()).toMatchObject({ kind: "generated", causes: ["started"] });

  await deployed.deploy(manifest("b", [fn("f", [], number)]));
  const second = await watching.next();
  expect(second.causes).toEqual(["b was deployed (version 2)"]);
  expect(written(second)).toEqual(["b.ts", "farcall.lock.json"]);
  expect(project.read("src/generated/b.ts")).toContain("Function<[], number>");
  await delay(200);
  expect(watching.events).toHaveLength(2);
});

test("notices a change of the tsconfig that decides about import extensions", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  await using watching = new Watching({}, { cwd: project.path, engine: deployed.engine });
  await watching.next();
  expect(project.read("src/generated/index.ts")).toContain('"./a.ts"');
  const tsconfig = JSON.parse(project.read("tsconfig.json"));
  const { allowImportingTsExtensions: _, ...compilerOptions } = tsconfig.compilerOptions;
  project.write({ "tsconfig.json": { ...tsconfig, compilerOptions } });
  while (!project.read("src/generated/index.ts").includes('"./a.js"')) await watching.next();
});

test("notices a change of a module that the config imports", async () => {
  await using deployed = await registry();
  using project = new Project({
    "farcall.config.mjs": `import { output } from "./settings/output.mjs";\nexport default { output };\n`,
    "settings/output.mjs": `export * from "./names.cjs";\n`,
    "settings/names.cjs": `exports.output = "one";\n`,
    "watch.mjs": `import { watch } from ${JSON.stringify(join(import.meta.dirname, "../../src/codegen/index.ts"))};
      import { loadConfig } from ${JSON.stringify(join(import.meta.dirname, "../../src/config/index.ts"))};
      await watch(await loadConfig(), { onEvent: ({ kind, causes }) => console.log(kind, causes.join()) });`,
  });
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  const child = start(
    process.execPath,
    ["watch.mjs"],
    {
      cwd: project.path,
      env: { ...deployed.env, FARCALL_ENGINE: deployed.url },
    },
    "ignore",
  );
  const ended = once(child, "close");
  let printed = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
  });
  try {
    const until = async (path: string) => {
      while (!project.has(path) && child.exitCode === null) await delay(50);
      expect(project.has(path)).toBe(true);
    };
    await until("one/farcall.lock.json");
    project.write({ "settings/names.cjs": `exports.output = "two";\n` });
    await until("two/farcall.lock.json");
    project.write({ "settings/output.mjs": `export const output = "three";\n` });
    await until("three/farcall.lock.json");
    // Modules that cannot be loaded are followed too: one that does not exist yet, and one with a mistake in it.
    const failures = () => printed.match(/^failed the config changed$/gm)?.length ?? 0;
    project.write({ "settings/output.mjs": `export * from "./later/names.mjs";\n` });
    while (failures() === 0) await delay(50);
    project.write({ "settings/later/names.mjs": "export const output = ;\n" });
    while (failures() < 2) await delay(50);
    project.write({ "settings/later/names.mjs": `export const output = "four";\n` });
    await until("four/farcall.lock.json");
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
});

test("ignores deploys of apps that the config does not choose", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  await using watching = new Watching({ apps: ["a"] }, { cwd: project.path, engine: deployed.engine });
  await watching.next();
  await deployed.deploy(manifest("other", [fn("f", [], text)]));
  await deployed.deploy(manifest("a", [fn("f", [], number)], [], { environment: "prod" }));
  await delay(200);
  expect(watching.events).toHaveLength(1);
});

test("waits for an app that is not deployed yet", async () => {
  await using deployed = await registry();
  using project = new Project();
  await using watching = new Watching({ apps: ["late"] }, { cwd: project.path, engine: deployed.engine });
  expect(await watching.next()).toMatchObject({ kind: "failed", error: { name: "NotFoundError" } });
  await deployed.deploy(manifest("late", [fn("f", [], text)]));
  expect(await watching.next()).toMatchObject({ kind: "generated", causes: ["late was deployed (version 1)"] });
  expect(project.has("src/generated/late.ts")).toBe(true);
});

test("follows its config, through a mistake in it, and its templates", async () => {
  await using deployed = await registry();
  using project = new Project({ "farcall.config.json": { output: "one" } });
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  const config = (await loadConfig({ cwd: project.path }))!;
  await using watching = new Watching(config, { engine: deployed.engine });
  await watching.next();
  expect(project.has("one/a.ts")).toBe(true);

  project.write({ "farcall.config.json": "{ nonsense" });
  expect(await watching.next()).toMatchObject({
    kind: "failed",
    causes: ["the config changed"],
    error: { name: "InvalidError" },
  });
  project.write({ "farcall.config.json": { otuput: "two" } });
  expect(await watching.next()).toMatchObject({
    kind: "failed",
    error: { message: expect.stringContaining("did you mean output?") },
  });

  project.write({ "t/header.hbs": "// One\n" });
  project.write({ "farcall.config.json": { output: "two", templates: "t" } });
  expect(await watching.next()).toMatchObject({ kind: "generated", causes: ["the config changed"] });
  expect(project.read("two/a.ts")).toContain("// One");
  project.write({ "t/header.hbs": "// Two\n" });
  expect(await watching.next()).toMatchObject({ kind: "generated", causes: ["the templates changed"] });
  expect(project.read("two/a.ts")).toContain("// Two");
});

test("follows what a config extends, also when it was missing or broken at first", async () => {
  await using deployed = await registry();
  using project = new Project({ "farcall.config.json": { output: "one" } });
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  const config = (await loadConfig({ cwd: project.path }))!;
  await using watching = new Watching(config, { engine: deployed.engine });
  await watching.next();

  const failed = async (message: string) =>
    expect(await watching.next()).toMatchObject({
      kind: "failed",
      error: { message: expect.stringContaining(message) },
    });
  project.write({ "farcall.config.json": { extends: "./shared/base.json" } });
  await failed("no config at");
  project.write({ "shared/base.json": "{ nonsense" });
  await failed("could not be loaded");
  project.write({ "shared/base.json": { output: "two" } });
  expect(await watching.next()).toMatchObject({ kind: "generated", causes: ["the config changed"] });
  expect(project.has("two/a.ts")).toBe(true);
});

test("follows a folder of templates that was missing at first, goes away and comes back", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  await using watching = new Watching({ templates: "later/t" }, { cwd: project.path, engine: deployed.engine });
  const until = async (isSo: () => boolean) => {
    for (;;) {
      const event = await watching.next();
      if (isSo()) return event;
    }
  };
  const stubs = () => (project.has("src/generated/a.ts") ? project.read("src/generated/a.ts") : "");
  expect(await watching.next()).toMatchObject({ kind: "failed", error: { code: "FARCALL_INVALID" } });
  project.write({ "later/t/header.hbs": "// One\n" });
  expect(await until(() => stubs().includes("// One"))).toMatchObject({ causes: ["the templates changed"] });
  rmSync(project.file("later"), { recursive: true });
  await until(() => watching.events.at(-1)?.kind === "failed");
  project.write({ "later/t/header.hbs": "// Two\n" });
  await until(() => stubs().includes("// Two"));
  // At once, as a checkout of another branch does it.
  rmSync(project.file("later/t"), { recursive: true });
  project.write({ "later/t/header.hbs": "// Three\n" });
  await until(() => stubs().includes("// Three"));
  project.write({ "later/t/header.hbs": "// Four\n" });
  await until(() => stubs().includes("// Four"));
});

test("misses no deploy when the engine's host is killed and comes back", async () => {
  await using deployed = await registry();
  using project = new Project();
  await deployed.deploy(manifest("a", [fn("f", [], text)]));
  await using watching = new Watching({ engine: deployed.url }, { cwd: project.path });
  await watching.next();
  for (const version of [2, 3]) {
    await stopHost(deployed.url, { force: true });
    await deployed.deploy(manifest("a", [fn("f", [], version === 2 ? number : text)]));
    for (;;) {
      const event = await watching.next();
      if (event.kind === "generated" && !event.result.upToDate) break;
    }
    expect(project.read("src/generated/a.ts")).toContain(
      version === 2 ? "Function<[], number>" : "Function<[], string>",
    );
  }
});
