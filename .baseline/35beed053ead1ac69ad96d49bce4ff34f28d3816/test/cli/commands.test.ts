/** Every command as a process, against one deployed app. */
import { once } from "node:events";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install } from "../support/blocks.ts";
import { bins, farcall, start } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const entry = resolve(import.meta.dirname, "../support/apps/arithmetic.ts");
let home: TemporaryHome;
let folder: string;

beforeAll(async () => {
  home = await temporaryHome();
  folder = await mkdtemp(join(tmpdir(), "cli-"));
  // "farcall" is resolved from here, as from an installation.
  await install(folder, []);
  const { code, stdout, stderr } = await cli("deploy", entry);
  expect(stderr).not.toContain("error");
  expect(stdout).toMatch(/^Deployed arithmetic version 1 \(main\): \d+ functions in /);
  expect(code).toBe(0);
});

afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const cli = (...args: string[]) => farcall(args, { env: home.env, cwd: folder });
const json = async (...args: string[]) => JSON.parse((await cli(...args, "--json")).stdout);

describe("deploy", () => {
  test("says that nothing has changed, and registers nothing", async () => {
    expect(await json("deploy", entry)).toMatchObject({
      app: "arithmetic",
      environment: "main",
      version: 1,
      changed: false,
    });
    expect((await cli("deploy", entry)).stdout).toMatch(/^Nothing changed: arithmetic version 1/);
  });

  test("of a file that is not there names it", async () => {
    const { code, stderr } = await cli("deploy", "src/none.ts");
    expect(stderr).toMatch(/^error\[FARCALL_INVALID\]: .*src\/none\.ts does not exist\n {2}hint: /);
    expect(code).toBe(1);
  });

  test("of an app with a type error prints it as file:line:column", async () => {
    const file = join(folder, "broken.ts");
    await writeFile(
      file,
      'import { App } from "farcall";\nconst app = new App("broken");\nexport const f = app.function(function f() {});\nconst x: number = "";\n',
    );
    const { code, stderr } = await cli("deploy", file);
    expect(stderr).toMatch(/^error\[FARCALL_\w+\]: /);
    expect(stderr).toMatch(/broken\.ts:\d+:\d+ - /);
    expect(code).toBe(1);
  });

  test("of an app that cannot cross lists errors before warnings, each with its path", async () => {
    const file = join(folder, "refused.ts");
    await writeFile(
      file,
      'import { App } from "farcall";\nconst app = new App("refused");\nexport const f = app.function(function f(a: any, b: { at: () => void }) {});\n',
    );
    const { code, stderr } = await cli("deploy", file);
    expect(code).toBe(1);
    const [headline, ...lines] = stderr.split("\n");
    expect(headline).toBe("error[FARCALL_INTROSPECTION]: nothing was deployed: 1 error and 1 warning");
    const places = lines.filter((line) => /f\(/.test(line));
    expect(places.map((line) => line.replace(/^.* - /, ""))).toEqual([
      expect.stringMatching(/^f\(b\.at\): /),
      expect.stringMatching(/^warning: f\(a\): /),
    ]);
  });
});

describe("what is deployed", () => {
  test("is listed by apps", async () => {
    expect(await json("apps")).toMatchObject([{ app: "arithmetic", environment: "main", version: 1 }]);
    expect((await cli("apps")).stdout).toMatch(/^APP +ENVIRONMENT +VERSION.*\narithmetic +main +1 /);
    for (const more of [[], ["--json"]]) {
      const unknown = await cli("apps", "--env", "nope", ...more);
      expect(unknown.code).toBe(1);
      expect(unknown.stderr + unknown.stdout).toMatch(
        /FARCALL_NOT_FOUND[\s\S]*environment nope has no apps[\s\S]* main\b/,
      );
    }
  });

  test.each([["calls"], ["logs"], ["logs", "-f"], ["stats"]])(
    "that does not exist is refused by %s rather than shown as empty",
    async (...command) => {
      const unknown = await cli(...command, "arithmetc");
      expect(unknown).toMatchObject({ code: 1, stdout: "" });
      expect(unknown.stderr).toMatch(/^error\[FARCALL_NOT_FOUND\]: .*arithmetc.*\n {2}hint: .*arithmetic/);
      expect((await cli(...command, "arithmetic/ad")).stderr).toMatch(/^error\[FARCALL_NOT_FOUND\]: .*\bad\b/);
    },
  );

  test("has calls and logs that are named when there are none", async () => {
    expect((await cli("calls", "arithmetic/slow")).stderr).toBe("No calls.\n");
    expect((await cli("logs", "arithmetic/slow")).stderr).toBe("No logs.\n");
    expect((await cli("logs", "--call", "fc-00000000")).stderr).toMatch(/^error\[FARCALL_NOT_FOUND\]: /);
  });

  test("is described as signatures a person can read", async () => {
    const { stdout } = await cli("describe", "arithmetic");
    expect(stdout).toContain("add(a: number, b: number): number\n      Adds two numbers.");
    expect(stdout).toContain("*countTo(limit: number): number");
    const { stdout: echo } = await cli("describe", "arithmetic/echo");
    expect(echo).toMatch(/echo\(value: Everything\): Everything/);
    expect(echo).toMatch(/interface Everything \{/);
    expect(echo).toMatch(/source +.*arithmetic\.ts:\d+/);
  });

  test("is described for tools", async () => {
    expect(await json("describe", "arithmetic")).toMatchObject({ schemaVersion: 1, app: "arithmetic" });
    expect(JSON.parse((await cli("describe", "arithmetic", "--format", "openapi")).stdout)).toHaveProperty("openapi");
    expect(JSON.parse((await cli("describe", "arithmetic/add", "--format", "json-schema")).stdout)).toBeTypeOf(
      "object",
    );
    expect((await cli("describe", "arithmetic", "--format", "markdown")).stdout).toContain("Adds two numbers.");
  });

  test("is suggested when a name is nearly right", async () => {
    const { code, stderr } = await cli("describe", "arithmetc");
    expect(stderr).toMatch(/^error\[FARCALL_NOT_FOUND\]: .*arithmetc[\s\S]*arithmetic/);
    expect(code).toBe(1);
    expect((await cli("call", "arithmetic/ad", "1", "2")).stderr).toMatch(/error\[FARCALL_NOT_FOUND\][\s\S]*add/);
  });
});

describe("call", () => {
  test("reads arguments by the schema and prints the result", async () => {
    expect(await cli("call", "arithmetic/add", "1", "2")).toEqual({ code: 0, stdout: "3\n", stderr: "" });
    expect((await cli("call", "arithmetic/slow", "plain text")).stdout).toBe("plain text\n");
    expect((await cli("call", "arithmetic/sum", "[1,2,3]", "--json")).stdout).toBe("6\n");
  });

  test("streams a generator's values", async () => {
    expect((await cli("call", "arithmetic/countTo", "3")).stdout).toBe("1\n2\n3\n");
    expect((await cli("call", "arithmetic/countToNow", "2", "--json")).stdout).toBe("1\n2\n");
  });

  test("passes on an error that the function throws", async () => {
    const { code, stdout, stderr } = await cli("call", "arithmetic/fail", "12");
    expect(stdout).toBe("");
    expect(stderr).toMatch(/BrokenNumber/);
    expect(stderr).toMatch(/arithmetic\.ts:\d+/);
    expect(code).toBe(1);
    expect(await json("call", "arithmetic/fail", "12")).toMatchObject({ error: { message: "12" } });
  });

  test("shows the causes of a thrown error, without the command's own frames", async () => {
    const { stderr } = await cli("call", "arithmetic/fail", "12");
    expect(stderr).toMatch(/\n {2}\[cause\]: RangeError: the cause\n {6}at fail \(.*arithmetic\.ts:\d+/);
    expect(stderr).not.toMatch(/called from|commander|dist[\\/]/);
    const { error } = await json("call", "arithmetic/fail", "12");
    expect(error.cause).toMatchObject({ name: "RangeError", message: "the cause" });
    expect(error.stack + error.cause.stack).not.toMatch(/called from|commander|dist[\\/]/);
  });

  test("names a missing argument and one too many", async () => {
    expect(await cli("call", "arithmetic/add", "1")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("needs its argument b"),
    });
    expect((await cli("call", "arithmetic/add")).stderr).toContain("needs its arguments a, b");
    expect(await cli("call", "arithmetic/add", "1", "2", "3")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("takes 2 arguments, 3 given"),
    });
  });

  test("refuses an argument that does not fit, by name", async () => {
    const { code, stderr } = await cli("call", "arithmetic/add", "1", "two");
    expect(stderr).toMatch(/^error\[FARCALL_INVALID\]: [\s\S]*\bb\b[\s\S]*number/);
    expect(code).toBe(1);
  });

  test("reports all the arguments that do not fit, and those that begin like JSON but are not", async () => {
    const both = await cli("call", "arithmetic/add", "one", "true");
    expect(both.stderr).toBe(
      "error[FARCALL_INVALID]: 2 arguments of add cannot be used:\n" +
        "  add(a): expected number, received string\n" +
        "  add(b): expected number, received boolean\n" +
        "  hint: `farcall describe arithmetic/add` shows its parameters.\n",
    );
    const { code, stderr } = await cli("call", "arithmetic/add", "{kind", "true");
    expect(stderr).toMatch(
      /^error\[FARCALL_USAGE\]: 2 arguments.*\n {2}argument a: \{kind is not JSON: .*\n {2}add\(b\): /,
    );
    expect(code).toBe(2);
  });

  test("takes negative numbers as arguments after --", async () => {
    expect((await cli("call", "arithmetic/add", "--", "-1", "-2")).stdout).toBe("-3\n");
  });

  test("--spawn prints an id, which calls lists", async () => {
    const { stdout } = await cli("call", "arithmetic/add", "1", "2", "--spawn");
    const id = stdout.trim();
    expect(id).toMatch(/^fc-/);
    expect((await json("calls")).map((call: { id: string }) => call.id)).toContain(id);
    expect((await cli("calls", "arithmetic/add")).stdout).toContain(id);
    expect((await cli("cancel", id)).code).toBe(0);
  });

  test("calls distinguishes failed calls from successful ones", async () => {
    await cli("call", "arithmetic/fail", "no");
    expect((await cli("calls", "arithmetic/fail", "-n", "1")).stdout).toMatch(/ 1\/1 +failed /);
    await cli("call", "arithmetic/add", "1", "2");
    expect((await cli("calls", "arithmetic/add", "-n", "1")).stdout).toMatch(/ 1\/1 +ended /);
  });

  test("ends with 130 on Ctrl-C, and cancels", async () => {
    const child = start(
      process.execPath,
      [bins.farcall, "call", "arithmetic/slow", "x", "60000"],
      { env: home.env, cwd: folder },
      "ignore",
    );
    const exited = once(child, "exit");
    while ((await json("stats", "arithmetic/slow"))[0].numRunningInputs === 0) await sleep(20);
    child.kill("SIGINT");
    expect(await exited).toEqual([130, null]);
    while ((await json("stats", "arithmetic/slow"))[0].numRunningInputs > 0) await sleep(20);
  });
});

describe("map", () => {
  test("answers each line with a line", async () => {
    const ran = await farcall(["map", "arithmetic/sum"], { env: home.env, input: "[1,2]\n\n[3]\n[]\n" });
    expect(ran).toMatchObject({ code: 0, stdout: "3\n3\n0\n", stderr: expect.stringMatching(/^3 results in /) });
  });

  test("takes a file, with all arguments on a line", async () => {
    const file = join(folder, "inputs.jsonl");
    await writeFile(file, "[1,2]\n[3,4]\n");
    expect((await cli("map", "arithmetic/add", file, "--tuples")).stdout).toBe("3\n7\n");
  });

  test("stops at the first failure, or goes on and reports failures at the end", async () => {
    const input = '"1"\n"2"\n';
    const stopped = await farcall(["map", "arithmetic/fail"], { env: home.env, input });
    expect(stopped).toMatchObject({ code: 1, stdout: "" });
    const went = await farcall(["map", "arithmetic/fail", "--keep-going"], { env: home.env, input });
    expect(
      went.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).error.message),
    ).toEqual(["1", "2"]);
    expect(went.stderr).toContain("2 results");
    expect(went.code).toBe(1);
  });

  test("says which line is not JSON", async () => {
    const ran = await farcall(["map", "arithmetic/sum"], { env: home.env, input: "[1]\nnonsense\n" });
    expect(ran.stderr).toMatch(/standard input:2 is not JSON/);
    expect(ran.code).toBe(2);
  });

  test("gives the results of the lines before one that cannot be read, and of none after", async () => {
    const input = "[1]\n[2,3]\n{nonsense\n[4]\n";
    const ran = await farcall(["map", "arithmetic/sum"], { env: home.env, input });
    expect(ran).toMatchObject({
      code: 2,
      stdout: "1\n5\n",
      stderr: expect.stringContaining("standard input:3 is not JSON"),
    });
  });
});

test("logs shows what a function printed", async () => {
  await cli("call", "arithmetic/print", "hello there");
  const entries = (await cli("logs", "arithmetic/print", "--json")).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(entries).toContainEqual(
    expect.objectContaining({
      app: "arithmetic",
      function: "print",
      stream: "stdout",
      text: expect.stringContaining("hello there"),
    }),
  );
  expect((await cli("logs", "arithmetic/print")).stdout).toMatch(/arithmetic\/print hello there/);
});

test("logs --follow goes on until Ctrl-C", async () => {
  const child = start(
    process.execPath,
    [bins.farcall, "logs", "arithmetic/print", "-f", "--json", "-n", "1"],
    { env: home.env },
    "ignore",
  );
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  await lines.next();
  await cli("call", "arithmetic/print", "later");
  for (;;) {
    const { value } = await lines.next();
    if (JSON.parse(value ?? "{}").text.includes("again: later")) break;
  }
  child.kill("SIGINT");
  expect(await exited).toEqual([130, null]);
});

test("stats lists the functions of an app", async () => {
  const rows = await json("stats", "arithmetic");
  expect(rows.map((row: { function: string }) => row.function)).toContain("add");
  expect((await cli("stats")).stdout).toMatch(/^FUNCTION +BACKLOG +CONTAINERS +RUNNING\n/);
});

describe("dev", () => {
  test("deploys again when a source changes, and recovers from an error", async () => {
    const file = join(folder, "dev.ts");
    const source = (body: string) =>
      `import { App } from "farcall";\nconst app = new App("devapp");\nexport const f = app.function(function f(): ${body});\n`;
    await writeFile(file, source("number { return 1; }"));
    const child = start(
      process.execPath,
      [bins.farcall, "dev", file, "--json"],
      { env: home.env, cwd: folder },
      "ignore",
    );
    const exited = once(child, "exit");
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const until = async (event: string) => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error("dev has ended");
        const parsed = JSON.parse(value);
        if (parsed.event === event) return parsed;
      }
    };
    expect(await until("deployed")).toMatchObject({ app: "devapp", version: 1, changed: true });
    await writeFile(file, source("number { return ''; }"));
    expect(await until("failed")).toMatchObject({ error: { problems: [expect.objectContaining({ line: 3 })] } });
    await writeFile(file, source("number { return 2; }"));
    expect(await until("deployed")).toMatchObject({ version: 2 });
    child.kill("SIGINT");
    expect(await exited).toEqual([130, null]);
    expect((await cli("call", "devapp/f")).stdout).toBe("2\n");
  });
});

describe("doctor", () => {
  test("finds a project without farcall, and what to do", async () => {
    const findings = await json("doctor");
    const byCheck = Object.fromEntries(findings.map((finding: { check: string }) => [finding.check, finding]));
    expect(byCheck.node.status).toBe("ok");
    expect(byCheck.engine).toMatchObject({ status: "ok", detail: expect.stringContaining(home.path) });
  });

  test("fails on an invalid config", async () => {
    const broken = await mkdtemp(join(folder, "doc-"));
    for (const text of ["{", '{ "app": ["arithmetic"] }']) {
      await writeFile(join(broken, "farcall.config.json"), text);
      const { code, stdout } = await farcall(["doctor"], { env: home.env, cwd: broken });
      // Checks that depend on the config are left out.
      expect(stdout.match(/^(warning|failed)\b.*/gm)?.at(-1)).toMatch(/^failed +config .*farcall\.config\.json/);
      expect(stdout).not.toMatch(/^\w+ +(engine|stubs) /m);
      expect(code).toBe(1);
    }
  });

  test("fails where the state cannot be written", async () => {
    const states = [join(folder, "package.json")];
    if (process.platform === "linux") states.push("/proc/nowhere");
    for (const state of states) {
      const env = { ...home.env, FARCALL_ENGINE: `local:${state}` };
      const { code, stdout } = await farcall(["doctor"], { env, cwd: folder });
      expect(stdout).toMatch(/failed +engine .*\n +hint: Set FARCALL_HOME/);
      expect(stdout).toContain(state);
      expect(code).toBe(1);
    }
  });
});

describe("remove", () => {
  test("forgets an app", async () => {
    await cli("deploy", entry, "--env", "staging");
    expect((await json("apps", "--env", "staging")).length).toBe(1);
    expect((await cli("remove", "arithmetic", "--env", "staging")).code).toBe(0);
    expect((await cli("apps", "--env", "staging")).code).toBe(1);
    expect((await cli("remove", "arithmetic", "--env", "staging")).code).toBe(1);
  });
});

describe("host", () => {
  test("shows its state and stops; the next command starts it again", async () => {
    expect(await json("host", "status")).toMatchObject({ running: true, state: await realpath(home.path) });
    expect((await cli("host")).stdout).toMatch(/^running +process \d+/);
    expect(await json("host", "stop")).toEqual({ stopped: true });
    expect(await json("host", "status")).toEqual({ running: false });
    expect(await json("host", "stop")).toEqual({ stopped: false });
    expect((await cli("call", "arithmetic/add", "1", "1")).stdout).toBe("2\n");
  });
});
