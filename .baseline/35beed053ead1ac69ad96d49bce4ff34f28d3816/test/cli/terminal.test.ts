/** Untrusted strings (names, logs, errors, results) reach a terminal as text, never as control codes. */
import { execFileSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { printResult } from "../../src/cli/calling/to-json.ts";
import { Output, table } from "../../src/cli/terminal/output.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import { deployment } from "../engine/deployment.ts";
import { bins, farcall, run } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const EVIL = "\u001b[31mred\u001b]0;title\u0007\u009b2J\r\u202egnp";

/** An Output's writes to a stream that is or is not a terminal. */
async function written(isTTY: boolean, write: (output: Output) => void, json = false): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  // An Output needs no more of a terminal than this.
  const terminal = stream as unknown as NodeJS.WriteStream;
  write(new Output(json, terminal, terminal));
  stream.end();
  return text(stream);
}

describe("an Output", () => {
  beforeAll(() => void vi.stubEnv("FORCE_COLOR", "1").stubEnv("FORCE_HYPERLINK", "1"));
  afterAll(() => void vi.unstubAllEnvs());

  test.each<[string, (output: Output) => void]>([
    ["lines", (output) => output.line(EVIL)],
    ["notes", (output) => output.note(EVIL)],
    ["styled text", (output) => output.line(output.style("cyan", EVIL))],
    ["links", (output) => output.note(output.linkNote("https://a.example/", EVIL))],
    ["tables", (output) => table(output, ["A", "B"], [[EVIL, EVIL]])],
    ["results that are strings", (output) => printResult(EVIL, output)],
    ["results whose names hold codes", (output) => printResult({ [Symbol(EVIL)]: new Error(EVIL) }, output)],
    ["spinners", (output) => output.redraw(EVIL)],
    ["text as it is", (output) => output.raw(EVIL)],
  ])("escapes terminal codes in %s on a terminal", async (_, write) => {
    const shown = await written(true, write);
    expect(shown).toContain("\\u001b[31mred\\u001b]0;title\\u0007");
    expect(shown).toContain("\\u202egnp");
    for (const code of ["\u001b[31m", "\u001b]0;", "\u0007", "\u009b", "\u202e"]) expect(shown).not.toContain(code);
  });

  test("writes everything to a pipe unchanged", async () => {
    expect(await written(false, (output) => output.line(EVIL))).toBe(`${EVIL}\n`);
    expect(await written(false, (output) => output.raw(EVIL))).toBe(EVIL);
    expect(await written(false, (output) => output.event({ EVIL }), true)).toBe(`${JSON.stringify({ EVIL })}\n`);
  });

  test("escapes in JSON for a terminal what JSON itself leaves, and it stays the same JSON", async () => {
    const shown = await written(true, (output) => output.document({ EVIL }), true);
    for (const code of ["\u001b", "\u009b", "\u202e"]) expect(shown).not.toContain(code);
    expect(JSON.parse(shown)).toEqual({ EVIL });
  });

  test("keeps its own colours and links, and the lines of what it shows", async () => {
    const shown = await written(true, (output) =>
      output.line(`${output.style("red", "a\n\tb")} ${output.linkNote("u:", "c")}`),
    );
    expect(shown).toBe("\u001b[31ma\n\tb\u001b[39m \u001b]8;;u:\u001b\\c\u001b]8;;\u001b\\\n");
    expect(await written(true, (output) => output.line("a\r\nb"))).toBe("a\nb\n");
    expect(await written(true, (output) => printResult({ a: 1 }, output))).toBe("{ a: \u001b[33m1\u001b[39m }\n");
  });
});

/** `script` runs a program on its own terminal. */
function canMakeTerminals(): boolean {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
}

describe("commands", () => {
  let home: TemporaryHome;
  beforeAll(async () => {
    home = await temporaryHome();
    const engine = localEngine(home.url);
    const code = `export const f = app.function(function f() { console.log(${JSON.stringify(EVIL)}); return ${JSON.stringify(EVIL)}; });
export const g = app.function(function g() { throw new Error(${JSON.stringify(EVIL)}); });`;
    await engine.deployer!.deploy(deployment("work", code, { f: {}, g: {} }));
    await engine.close();
  });
  afterAll(() => home?.[Symbol.asyncDispose]());

  test.skipIf(!canMakeTerminals()).each([
    ["a result", "call work/f"],
    ["an error", "call work/g"],
    ["logs", "logs work"],
  ])("show %s on a terminal without its codes", async (_, command) => {
    const line = `"${process.execPath}" "${bins.farcall}" ${command}`;
    const { stdout } = await run("script", ["-qec", line, "/dev/null"], { env: home.env });
    expect(stdout).toContain("\\u001b[31mred\\u001b]0;title\\u0007");
    expect(stdout).not.toContain("\u001b]0;");
    expect(stdout).not.toContain("\u009b");
  });

  test("pipe a result unchanged", async () => {
    expect((await farcall(["call", "work/f"], { env: home.env })).stdout).toBe(`${EVIL}\n`);
  });
});
