/**
 * Runs the example without an account: a fake Modal on this machine accepts the real `modal deploy`, runs the app in Modal's own
 * Python containers, and answers codegen and the consumer as the real service would. Needs the Python environment
 * that scripts/python-venv.sh creates. On the real service, after `pip install modal` and `modal token new`, in this folder:
 *
 *     modal deploy app.py
 *     npx codegen
 *     node consumer.ts
 */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { modalPython } from "../../test/engines/modal/fake/index.ts";

const here = import.meta.dirname;
const repo = resolve(here, "../..");

if (!modalPython) {
  console.error("There is no Python with modal. Run scripts/python-venv.sh first.");
  process.exit(1);
}
// What `npx farcall init --modal app.py` puts beside an app.
copyFileSync(join(repo, "dist/python/farcall.py"), join(here, "farcall.py"));

console.log("$ modal deploy app.py");
const fake = spawn(process.execPath, [join(repo, "test/engines/modal/fake/main.ts"), join(here, "app.py")], {
  cwd: repo,
  stdio: ["pipe", "pipe", "inherit"],
});
try {
  const env = { ...process.env, ...(await environment()), FARCALL_ENGINE: undefined };
  run("npx codegen", [join(repo, "dist/cli/codegen-bin.js")], env);
  run("npx tsc", [join(repo, "node_modules/typescript/bin/tsc"), "-p", here], env);
  const printed = run("node consumer.ts", ["consumer.ts"], env);
  const expected = readFileSync(join(here, "expected-output.txt"), "utf8");
  if (printed !== expected) throw new Error(`the consumer should have printed\n${expected}`);
  console.log("\nThe output is as expected.");
} finally {
  // The fake ends with its standard input.
  fake.stdin.end();
}

/** The fake prints this when the app is deployed: the environment variables that direct a program to it. */
async function environment(): Promise<Record<string, string>> {
  for await (const line of createInterface({ input: fake.stdout })) return JSON.parse(line);
  throw new Error("the fake Modal has ended, or the app could not be deployed");
}

function run(shown: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  console.log(`\n$ ${shown}`);
  const { status, error, stdout } = spawnSync(process.execPath, args, {
    cwd: here,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error) throw error;
  process.stdout.write(stdout);
  if (status !== 0) throw new Error(`"${shown}" ended with exit code ${status}`);
  return stdout;
}
