/** The examples run as the README describes, and print correct results. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { modalPython, pythonMissing } from "../engines/modal/fake/index.ts";
import { LEFT_OUT, NATS_SERVER } from "../engines/nats/server.ts";
import { run } from "../support/cli.ts";
import { compile } from "../support/compile.ts";

const repo = resolve(import.meta.dirname, "../..");
const env = { ...process.env, FARCALL_ENGINE: undefined };

test("quickstart builds an index over the texts under node_modules", async () => {
  const { code, stdout, stderr } = await run(process.execPath, ["examples/quickstart/run.ts"], { cwd: repo, env });
  expect(stderr).not.toMatch(/error|warning/i);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/Deployed textindex version 1 \(main\): 4 functions/);
  const [, files, words] = /map +(\d+) files[\s\S]*reduce +(\d+) distinct words/.exec(stdout) ?? [];
  expect(Number(files)).toBeGreaterThan(50);
  expect(Number(words)).toBeGreaterThan(1000);
  expect(stdout).toMatch(/ software +\d+ times in \d+ files/);
  expect(stdout).toMatch(/"warranty merchantability" is in \d+ files/);
  expect(stdout).toMatch(/spawn +fc-/);
  // The stubs are there now: the consumer compiles.
  expect(await compile("typescript", "examples/quickstart", repo)).toBe("");
});

test("watch makes the consumer's type check fail and pass again", async () => {
  const { code, stdout, stderr } = await run(process.execPath, ["examples/watch/run.ts"], { cwd: repo, env });
  expect(code, stdout + stderr).toBe(0);
  expect([...stdout.matchAll(/type check: (\w+)/g)].map(([, colour]) => colour)).toEqual(["green", "red", "green"]);
  expect(stdout).toMatch(/consumer\.ts\(\d+,\d+\): error TS2322/);
  expect(stdout).toContain("consumer: three pears: 165");
});

test.skipIf(!modalPython)(
  `modal deploys a Python app, types it and calls it, without an account${pythonMissing}`,
  async () => {
    const { code, stdout, stderr } = await run(process.execPath, ["examples/modal/run.ts"], { cwd: repo, env });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("Wrote 5 functions of 1 app");
    expect(stdout).toMatch(/The output is as expected\.\n$/);
  },
);

test.skipIf(LEFT_OUT)(
  `cluster loses a worker and a server in the middle, and the result is the same${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`,
  async () => {
    const { code, stdout, stderr } = await run(process.execPath, ["examples/cluster/run.ts"], {
      cwd: repo,
      env: { ...env, FARCALL_NATS_SERVER: NATS_SERVER },
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/worker 2 is killed[\s\S]*server 3 is killed[\s\S]*result: \d+ files/);
    expect(stdout).toMatch(/The result is the same\.\n$/);
    const drawn = await readFile(join(repo, "examples/cluster/generated/run.svg"), "utf8");
    expect(drawn.match(/<text/g)).toHaveLength(9);
    expect(await compile("typescript", "examples/cluster", repo)).toBe("");
  },
);
