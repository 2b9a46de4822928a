/** `codegen` as a process: how it ends, and how it reports failures of the project's own code. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fn, manifest, type Registry, registry, text } from "../codegen/support.ts";
import { bins, farcall } from "../support/cli.ts";

let deployed: Registry;
let folder: string;

beforeAll(async () => {
  deployed = await registry();
  await deployed.deploy(manifest("hello", [fn("greet", [], text)]));
});

afterAll(() => deployed[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "codegen-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, content: string) => writeFile(join(folder, name), content);
const codegen = (...args: string[]) => farcall(args, { bin: bins.codegen, cwd: folder, env: deployed.env });

describe("code that awaits a promise that never settles is a failure, not a silent end", () => {
  test.each([
    ["await new Promise(() => {});\nexport default {};", "the config "],
    ["export default new Promise(() => {});", "the config "],
    ["export default { format: () => new Promise(() => {}) };", "the config's format "],
    [
      "export default { plugins: [{ name: 'slow', onPlan: () => new Promise(() => {}) }] };",
      "the hook onPlan of the plugin slow ",
    ],
  ])("%s", async (content, what) => {
    await write("farcall.config.mjs", content);
    for (const args of [[], ["--check"]]) {
      const { code, stdout, stderr } = await codegen(...args);
      expect(stderr).toContain(`codegen ended before it was done: ${what}`);
      expect(stderr).toContain("is awaiting a promise that never settles");
      expect([code, stdout]).toEqual([1, ""]);
    }
  });

  test("also in another command, and with --json", async () => {
    await write("farcall.config.mjs", "await new Promise(() => {});");
    const env = { ...deployed.env, FARCALL_ENGINE: undefined };
    const { code, stdout } = await farcall(["apps", "--json"], { cwd: folder, env });
    expect(JSON.parse(stdout).error.message).toContain("farcall ended before it was done: the config ");
    expect(code).toBe(1);
  });
});

test("--check prints what changed in the lock by function, never its lines", async () => {
  await write("farcall.config.json", JSON.stringify({ apps: ["shop"] }));
  const version = (doc: string, more: ReturnType<typeof fn>[] = []) =>
    manifest("shop", [fn("greet", [], text, { doc }), fn("stay", [], text), ...more]);
  await deployed.deploy(version("Greets.", [fn("leave", [], text)]));
  expect((await codegen()).code).toBe(0);
  await deployed.deploy(version("Greets somebody.", [fn("arrive", [], text)]));
  const { code, stdout, stderr } = await codegen("--check");
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^changed {2}src[\\/]generated[\\/]farcall\.lock\.json\n(?: {2}shop\/(?:arrive added|greet changed|leave removed)\n){3}/m,
  );
  expect(stdout).not.toContain("shop/stay");
  expect(stdout).toContain("+ * Greets somebody.".replace(" * ", "/** "));
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(200);
  expect(stderr).toContain("npx farcall codegen");
});

test.each(["--check", "--dry-run", "--offline"])("--watch and %s exclude each other", async (option) => {
  await write("farcall.config.json", "{}");
  const { code, stderr } = await codegen("--watch", option);
  expect(stderr).toContain("cannot be used with");
  expect(code).toBe(2);
});
