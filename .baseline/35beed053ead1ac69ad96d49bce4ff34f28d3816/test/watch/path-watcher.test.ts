/** Changes to files and folders as editors, checkouts and people make them. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { PathWatcher } from "../../src/watch/index.ts";
import { patient } from "../support/limits.ts";

class Watched implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "farcall-watch-"));
  readonly changed: string[] = [];
  readonly #watcher: PathWatcher;

  constructor(isRecursive = true) {
    this.#watcher = new PathWatcher((path) => this.changed.push(path.slice(this.folder.length + 1)), { isRecursive });
  }

  watchFile(path: string): void {
    this.#watcher.addFile(join(this.folder, path));
  }

  watchFolder(path: string): void {
    this.#watcher.addFolder(join(this.folder, path));
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  makeFolder(path: string): void {
    mkdirSync(join(this.folder, path), { recursive: true });
  }

  /** The changes since the last time, once this one is among them. */
  async until(path: string): Promise<string[]> {
    await vi.waitFor(() => expect(this.changed).toContain(path), patient);
    return this.changed.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    rmSync(this.folder, { recursive: true });
  }
}

test("a file that is written, replaced by another, removed and written again changes each time", async () => {
  await using watched = new Watched();
  watched.write("a.ts", "1");
  watched.watchFile("a.ts");
  for (const text of ["2", "3"]) {
    watched.write("a.ts", text);
    expect(await watched.until("a.ts")).toEqual(["a.ts"]);
    watched.write("a.tmp", `${text} replaced`);
    renameSync(join(watched.folder, "a.tmp"), join(watched.folder, "a.ts"));
    expect(await watched.until("a.ts")).toEqual(["a.ts"]);
  }
  rmSync(join(watched.folder, "a.ts"));
  await watched.until("a.ts");
  watched.write("a.ts", "4");
  await watched.until("a.ts");
});

test("a change before the system's watch has begun is reported, existing files are not", async () => {
  await using watched = new Watched();
  watched.makeFolder("folder");
  for (const name of ["same.ts", "other.ts"]) watched.write(`folder/${name}`, "1");
  watched.watchFolder("folder");
  watched.write("folder/other.ts", "2");
  expect(await watched.until("folder/other.ts")).toEqual(["folder/other.ts"]);
});

test("a file in a folder that is missing, or whose folder is replaced, is noticed", async () => {
  await using watched = new Watched();
  watched.watchFile("missing/deep/a.ts");
  watched.makeFolder("missing/deep");
  watched.write("missing/deep/a.ts", "1");
  await watched.until("missing/deep/a.ts");
  renameSync(join(watched.folder, "missing/deep"), join(watched.folder, "missing/old"));
  await watched.until("missing/deep/a.ts");
  watched.makeFolder("missing/deep");
  watched.write("missing/deep/a.ts", "2");
  await watched.until("missing/deep/a.ts");
  watched.write("missing/deep/a.ts", "3");
  await watched.until("missing/deep/a.ts");
});

test.each([true, false])(
  "a folder's files are noticed, those of inner folders when asked for (%s)",
  async (isRecursive) => {
    await using watched = new Watched(isRecursive);
    watched.makeFolder("src/inner");
    watched.watchFolder("src");
    watched.write("src/inner/deep.ts", "1");
    watched.write("src/new.ts", "1");
    if (isRecursive) await watched.until("src/inner/deep.ts");
    else expect(await watched.until("src/new.ts")).not.toContain("src/inner/deep.ts");
  },
);
