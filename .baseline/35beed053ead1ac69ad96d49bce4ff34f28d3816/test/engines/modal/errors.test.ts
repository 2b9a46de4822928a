/** What a user is told when the SDK is missing or another one, or when there are no credentials. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../support/cli.ts";
import { setup } from "./setup.ts";

const source = pathToFileURL(resolve(import.meta.dirname, "../../../src/engines/modal/index.ts")).href;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "modal-errors-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Lists apps in a process in which the package `modal` is what `sdk` says: source of a module, or not there. */
async function listWith(sdk: string | undefined, env: Record<string, string> = {}) {
  const program = join(folder, `program-${Math.random()}.mjs`);
  const answer = sdk === undefined ? "" : `data:text/javascript,${encodeURIComponent(sdk)}`;
  await writeFile(
    program,
    `import { registerHooks } from "node:module";
const answer = ${JSON.stringify(answer)};
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "modal" || answer === "real") return next(specifier, context);
    if (answer) return { url: answer, shortCircuit: true };
    throw Object.assign(new Error("Cannot find package 'modal'"), { code: "ERR_MODULE_NOT_FOUND" });
  },
});
const { modalEngine } = await import(${JSON.stringify(source)});
await modalEngine("modal:").registry.listApps().catch(({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })));
`.replace("const answer", sdk === "real" ? 'const answer = "real"; const unused' : "const answer"),
  );
  const { stdout, stderr } = await run(process.execPath, [program], { env: { ...process.env, ...env } });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const hint = "Run `npm install modal@0.11.1`.";

test("a missing SDK is an error with the line that installs it", async () => {
  expect(await listWith(undefined)).toEqual({
    code: "FARCALL_ENGINE_UNAVAILABLE",
    message: "the engine modal: needs the npm package modal, which is not installed",
    hint,
  });
});

test("another package of the name, and another version, are errors that say which is wanted", async () => {
  expect(await listWith("export default 1;")).toMatchObject({
    message: "the installed npm package modal is not Modal's SDK",
    hint,
  });
  const other = "export class ModalClient { version() { return '0.12.0'; } close() {} }";
  expect(await listWith(other)).toMatchObject({
    message: "the engine modal: works with modal 0.11.x, and 0.12.0 is installed",
    hint,
  });
});

test("missing credentials are an error that says how to get some", async () => {
  const env = {
    MODAL_TOKEN_ID: "",
    MODAL_TOKEN_SECRET: "",
    MODAL_CONFIG_PATH: join(folder, "none.toml"),
    MODAL_SERVER_URL: "http://127.0.0.1:9",
  };
  expect(await listWith("real", env)).toMatchObject({
    code: "FARCALL_ENGINE_UNAVAILABLE",
    hint: "Run `modal token new`, or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.",
  });
});

test("an engine that was closed opens a new connection, and ends what waited", async () => {
  await using modal = await setup();
  await modal.engine.close();
  expect(await modal.engine.registry.listApps()).toEqual([]);
  await expect(modal.engine.invoker.call("fc-nothing")).rejects.toMatchObject({ code: "FARCALL_NOT_FOUND" });
});
