/**
 * How slow the machine is, with all that runs on it beside the tests: the time to start Node and to compile a module, in
 * multiples of what a machine at rest needs.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const AT_REST_MS = 250;

export function measureSlowness(): number {
  const folder = mkdtempSync(join(tmpdir(), "slowness-"));
  try {
    const tsc = resolve(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
    const module = join(folder, "module.ts");
    writeFileSync(module, "export const list: readonly string[] = [];\n");
    const started = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    spawnSync(process.execPath, [tsc, "--noEmit", "--strict", "--target", "es2024", "--types", "", module]);
    return Math.max(1, Math.round((performance.now() - started) / AT_REST_MS));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
