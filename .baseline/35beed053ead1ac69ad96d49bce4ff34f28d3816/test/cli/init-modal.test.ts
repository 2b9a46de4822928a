/** `farcall init --modal`: what it adds to a project with a Python app, and what it leaves to the author. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { modalPython } from "../engines/modal/fake/index.ts";
import { farcall, run } from "../support/cli.ts";

let folder: string;
beforeEach(async () => {
  // With a space, as people's folders have.
  folder = await mkdtemp(join(tmpdir(), "init modal-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const APP = `"""Words.

    example = modal.App("not this one")
"""

from __future__ import annotations

import modal

app = modal.App("words")


@app.function()
def embed(
    text: str,
    scale: float = 1.0,  # a comment, with a comma
    *,
    normalize: bool = False,
) -> list[float]:
    return [len(text) * scale]


@app.function()
def settings(values: dict[str, str]) -> None: ...
`;

const init = async (...args: string[]) => {
  const { stdout, stderr } = await farcall(["init", "--json", ...args], { cwd: folder });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
};
const read = (path: string) => readFile(join(folder, path), "utf8");
const write = async (path: string, text: string) => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};

test("a folder with a Python app gets all that typed calls need, and the Python file stays as it is", async () => {
  await write("app.py", APP);
  const { written, kept, changed, notes, next } = await init("--modal", "app.py");
  expect(written).toEqual(["package.json", "tsconfig.json", "farcall.config.ts", "farcall.py", "src/main.ts"]);
  expect([kept, changed]).toEqual([[], []]);
  expect(await read("app.py")).toBe(APP);
  expect(JSON.parse(await read("package.json"))).toMatchObject({
    type: "module",
    scripts: { codegen: "farcall codegen" },
    dependencies: { modal: "0.11.1" },
  });
  expect(await read("farcall.config.ts")).toContain('engine: "modal:",\n  apps: ["words"],');
  expect(await read("farcall.py")).toContain("def publish(");
  expect(await read("src/main.ts")).toContain('console.log(await words.embed.remote("hello"));');
  expect(notes.join("\n")).toContain("as the last line farcall.publish(app)");
  expect(notes.join("\n")).toContain('add .add_local_python_source("farcall") to the app\'s image');
  expect(next).toEqual([
    "npm install farcall",
    "npm install -D typescript @types/node",
    "modal deploy app.py",
    "npx codegen",
    "node src/main.ts",
  ]);
});

test("--yes adds to the Python file what publishes its types, and says so", async () => {
  await write("app.py", APP);
  const { changed, notes } = await init("--modal", "app.py", "--yes");
  const made = 'app = modal.App("words", image=modal.Image.debian_slim().add_local_python_source("farcall"))';
  expect(changed).toEqual([{ path: "app.py", lines: ["import farcall", made, "farcall.publish(app)"] }]);
  expect(await read("app.py")).toBe(
    `${APP.replace("import modal\n", "import farcall\nimport modal\n").replace('app = modal.App("words")', made)}\n\nfarcall.publish(app)\n`,
  );
  expect(notes.join("\n")).not.toMatch(/publish|containers import/);
});

test.skipIf(!modalPython)("the Python file that --yes writes is imported by Python", async () => {
  await write("app.py", APP);
  await init("--modal", "app.py", "--yes");
  const program = "import app; print(sorted(app.app.registered_functions))";
  const { code, stdout, stderr } = await run(modalPython!, ["-W", "ignore", "-c", program], { cwd: folder });
  expect(code, stderr).toBe(0);
  expect(stdout.trim()).toBe("['FarcallManifest.*', 'embed', 'settings']");
});

test("a second run changes nothing", async () => {
  await write("app.py", APP);
  await init("--modal", "app.py", "--yes");
  const before = await read("app.py");
  const { written, changed, kept, notes } = await init("--modal", "app.py", "--yes");
  expect([written, changed]).toEqual([[], []]);
  expect(kept).toEqual(["tsconfig.json", "farcall.config.ts", "farcall.py"]);
  expect(notes).toEqual([]);
  expect(await read("app.py")).toBe(before);
});

test("existing files are kept, and the lines they lack are named", async () => {
  await write("app.py", APP);
  await write("farcall.py", "mine");
  await write("farcall.config.ts", "export default {};\n");
  await write("package.json", '{ "name": "x", "type": "module", "dependencies": { "modal": "^1.2.0" } }');
  const { kept, notes } = await init("--modal", "app.py");
  expect(kept).toEqual(["farcall.config.ts", "farcall.py"]);
  expect(await read("farcall.py")).toBe("mine");
  expect(notes.join("\n")).toContain('farcall.config.ts stays as it is: it needs engine: "modal:" and the app "words"');
  expect(notes.join("\n")).toContain("package.json asks for modal ^1.2.0; the engine works with modal 0.11.1");
});

test("the helper is next to the app, wherever that is, and paths with spaces work", async () => {
  await write("my back end/app.py", APP.replaceAll("\n", "\r\n"));
  const { written, changed, next } = await init("--modal", "my back end/app.py", "--yes");
  expect(written).toContain("my back end/farcall.py");
  expect(changed[0].path).toBe("my back end/app.py");
  const text = await read("my back end/app.py");
  expect(text.replaceAll("\r\n", "")).not.toContain("\n");
  expect(text).toMatch(/\r\nfarcall\.publish\(app\)\r\n$/);
  expect(next).toContain('modal deploy "my back end/app.py"');
});

test("an image of the author's own is left alone", async () => {
  const own = APP.replace('App("words")', 'App("words", image=modal.Image.debian_slim().pip_install("numpy"))');
  await write("app.py", own);
  const { changed, notes } = await init("--modal", "app.py", "-y");
  expect(changed[0].lines).toEqual(["import farcall", "farcall.publish(app)"]);
  expect(notes).toContain(
    'containers import farcall too: add .add_local_python_source("farcall") to each image of app.py',
  );
});

test("--pip writes no copy of the helper and says how it is installed", async () => {
  await write("app.py", APP);
  const { written, notes } = await init("--modal", "app.py", "--pip", "--yes");
  expect(written).not.toContain("farcall.py");
  expect(notes.join()).toContain("pip install farcall");
  expect(await read("app.py")).toContain('image=modal.Image.debian_slim().pip_install("farcall")');
});

test.each([
  ["no app by that way of writing", "import modal\napp = make_app()\n", /the name of the app cannot be read from/],
  ["several apps", `${APP}\nother = modal.App(name='more')\n`, /has several apps: words, more/],
])("a file with %s needs --name", async (_, source, message) => {
  await write("app.py", source);
  const { code, stderr } = await farcall(["init", "--modal", "app.py"], { cwd: folder });
  expect(stderr).toMatch(message);
  expect(stderr).toContain("hint: Say which app it is with --name NAME.");
  expect(code).toBe(2);
  await init("--modal", "app.py", "--name", "more");
  expect(await read("farcall.config.ts")).toContain('apps: ["more"]');
});

test.each([
  [
    "a generator",
    "def run(n: int):\n    for i in range(n):\n        yield i\n",
    "for await (const item of words.run.remoteGen(3)",
  ],
  [
    "arguments by position",
    'async def run(names: list[str], /, tag: str, size: int = 3) -> str:\n    return ""\n',
    'words.run.remote(["hello", "world"], "hello")',
  ],
  ["arguments that nobody can guess", "def run(user: User) -> User:\n    return user\n", "Object.keys(words)"],
])("the first caller suits a function with %s", async (_, definition, call) => {
  await write("app.py", `import modal\n\napp = modal.App("words")\n\n\n@app.function()\n${definition}`);
  await init("--modal", "app.py");
  expect(await read("src/main.ts")).toContain(call);
});

test("a missing file is named, and nothing is written", async () => {
  const { code, stderr } = await farcall(["init", "--modal", "nope.py"], { cwd: folder });
  expect(stderr).toMatch(/^error\[FARCALL_NOT_FOUND\]: .*nope\.py does not exist/);
  expect(code).toBe(1);
  expect((await farcall(["init", "--pip"], { cwd: folder })).code).toBe(2);
});
