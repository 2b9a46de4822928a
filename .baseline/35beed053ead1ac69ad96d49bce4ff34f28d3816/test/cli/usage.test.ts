import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { bins, farcall, run } from "../support/cli.ts";

describe("help", () => {
  test("lists every command with a summary", async () => {
    const { code, stdout } = await farcall(["--help"]);
    expect(code).toBe(0);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^ +${name}\\b.* ${summary}`, "m"));
  });

  test.each(commands.map(({ name }) => name))("of %s has examples", async (name) => {
    const { code, stdout } = await farcall([name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: farcall");
    expect(stdout).toMatch(/Examples:\n {2}\$ /);
    expect(await farcall(["help", name])).toEqual({ code: 0, stdout, stderr: "" });
  });

  test("of the bin codegen is that of farcall codegen", async () => {
    const { code, stdout } = await farcall(["--help"], { bin: bins.codegen });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: codegen \[options\]/);
    expect(stdout).toContain("--check");
  });
});

test("--version prints the version of the package", async () => {
  const { stdout } = await farcall(["--version"]);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await farcall(["--version"], { bin: bins.codegen })).stdout).toBe(stdout);
});

describe("a wrong command line exits with 2 and suggests the right one", () => {
  test.each([
    [["deplyo"], /unknown command 'deplyo'[\s\S]*Did you mean deploy/],
    [["apps", "--jsn"], /unknown option '--jsn'[\s\S]*Did you mean --json/],
    [["deploy"], /missing required argument 'file'/],
    [["calls", "-n", "none"], /a whole number from 1 up/],
    [["call", "images"], /names an app, not a function[\s\S]*hint: .*farcall describe images/],
    [["describe", "a/b/c"], /is not APP, APP\/FUNCTION or/],
    [["completion", "tcsh"], /no completion for tcsh[\s\S]*bash, zsh, fish/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await farcall(args);
    expect(stderr).toMatch(/^error\[FARCALL_USAGE\]: .*\n(?: {2}hint: .*\n)?$/);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("and no command at all shows the help", async () => {
    const { code, stderr } = await farcall([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: farcall");
  });
});

test("an error leads to the page that explains its code", async () => {
  const { stdout } = await farcall(["call", "images", "--json"]);
  const docs = new URL(JSON.parse(stdout).error.docs);
  expect(docs.hash).toBe("#farcall_usage");
  expect(await readFile(new URL(docs.pathname, docs), "utf8")).toContain("\n## FARCALL_USAGE\n");

  const { stderr } = await farcall(["call", "images"], { env: { ...process.env, FORCE_HYPERLINK: "1" } });
  expect(stderr).toContain(`\u001b]8;;${docs.href}\u001b\\`);
});

test("an error with --json is JSON on stdout", async () => {
  const { code, stdout } = await farcall(["call", "images", "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "FARCALL_USAGE", hint: expect.any(String) } });
  const unknown = await farcall(["apps", "--json", "--al"]);
  expect(unknown.code).toBe(2);
  expect(JSON.parse(unknown.stdout).error).toMatchObject({
    code: "FARCALL_USAGE",
    message: "unknown option '--al'",
    hint: "Did you mean --all?",
  });
});

test("a missing argument is reported once, with a hint, also as JSON", async () => {
  expect((await farcall(["describe"])).stderr).toBe(
    "error[FARCALL_USAGE]: missing required argument 'target'\n  hint: `farcall describe --help` shows what it takes.\n",
  );
  const { code, stdout, stderr } = await farcall(["deploy", "--json"]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
  expect(JSON.parse(stdout).error).toMatchObject({
    code: "FARCALL_USAGE",
    message: "missing required argument 'file'",
  });
});

describe("colours", () => {
  const colour = "\u001b[";
  test("are left out when stdout is not a terminal", async () => {
    const { stderr } = await farcall(["call", "images"], { env: withoutColourVariables() });
    expect(stderr).toMatch(/^error\[FARCALL_USAGE\]: /);
  });

  test("come with FORCE_COLOR", async () => {
    const { stderr } = await farcall(["call", "images"], { env: { ...withoutColourVariables(), FORCE_COLOR: "1" } });
    expect(stderr).toContain(colour);
  });
});

function withoutColourVariables(): Record<string, string | undefined> {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  return env;
}

const oldNode = ["/usr/bin/node", "/usr/local/bin/node"].find(
  (path) => existsSync(path) && Number(execFileSync(path, ["-p", "process.versions.node.split('.')[0]"])) < 22,
);

test.skipIf(oldNode === undefined).each([bins.farcall, bins.codegen])(
  "%s says that an old Node is too old",
  async (bin) => {
    const { code, stdout, stderr } = await run(oldNode!, [bin, "apps"]);
    expect(stderr).toMatch(/^farcall needs Node >= 22\.18, this is \d+\.\d+\.\d+\n$/);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  },
);

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("prints a script for %s", async (shell) => {
    const { code, stdout } = await farcall(["completion", shell]);
    expect(code).toBe(0);
    expect(stdout).toContain("farcall completion --words");
  });

  test("offers commands, options and what a command takes", async () => {
    const words = async (...args: string[]) =>
      (await farcall(["completion", "--words", ...args])).stdout.trim().split("\n");
    expect(await words("de")).toEqual(["deploy", "dev", "describe"]);
    expect(await words("deploy", "--no")).toEqual(["--no-breaking"]);
    expect(await words("host", "s")).toEqual(["status", "stop"]);
  });

  test("is a script that bash can run", async () => {
    const { stdout: script } = await farcall(["completion", "bash"]);
    const probe = `${script}
      farcall() { "${process.execPath}" "${bins.farcall}" "$@"; }
      COMP_WORDS=(farcall host st); COMP_CWORD=2; _farcall; echo "\${COMPREPLY[*]}"`;
    const { stdout } = await run("bash", ["-c", probe]);
    expect(stdout).toBe("status stop\n");
  });
});

test.each([
  [bins.codegen, []],
  [bins.farcall, ["codegen"]],
])("%s %j without a config says how to get one", async (bin, args) => {
  const { code, stderr } = await farcall(args, { bin, cwd: tmpdir() });
  expect(stderr).toMatch(/^error\[FARCALL_NOT_FOUND\]: no farcall config in .*\n {2}hint: `farcall init` writes one/);
  expect(code).toBe(1);
});
