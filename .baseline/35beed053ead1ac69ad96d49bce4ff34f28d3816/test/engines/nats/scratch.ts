/** Files by which the tests of a file and the functions that they deploy tell each other something. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Returns a function that gives a new path each time, in a folder that is removed after the tests. */
export function scratchFiles(prefix: string): () => string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  return () => join(folder, `file-${++files}`);
}

/** How many lines a log has. */
export function lines(path: string): number {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
}

/** Of a function that notes each of its runs in a log, the arguments of so many inputs. */
export function inputs(count: number, log: string): [index: number, log: string][] {
  return Array.from({ length: count }, (_, index) => [index, log]);
}
