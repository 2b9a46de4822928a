/**
 * Runs the example as a user would, with commands: deploys the app, generates its stubs, runs the consumer. The engine's
 * state goes to a temporary folder.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const here = import.meta.dirname;
const farcall = resolve(here, "../../dist/cli/farcall.js");
const home = mkdtempSync(join(tmpdir(), "farcall-"));
const env = { ...process.env, FARCALL_HOME: home };

function run(shown: string, args: readonly string[]): void {
  console.log(`\n$ ${shown}`);
  const started = performance.now();
  const { status, error } = spawnSync(process.execPath, args, { cwd: here, env, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) throw new Error(`"${shown}" ended with exit code ${status}`);
  console.log(`  (${((performance.now() - started) / 1000).toFixed(2)} s)`);
}

try {
  run("npx farcall deploy app.ts", [farcall, "deploy", "app.ts"]);
  run("npx farcall codegen", [farcall, "codegen"]);
  run("node consumer.ts", ["consumer.ts"]);
} finally {
  spawnSync(process.execPath, [farcall, "host", "stop"], { cwd: here, env, stdio: "ignore" });
  rmSync(home, { recursive: true, force: true });
}
