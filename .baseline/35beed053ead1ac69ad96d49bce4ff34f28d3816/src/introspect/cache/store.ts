/**
 * Entries on disk, each a file: `<key>.<variant>`. Of one key there are as many variants as projects and states of a project that
 * begin alike. Any number of processes use the folder at once: an entry is written aside and moved into its place, and what
 * cannot be read is not there.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./folder.ts";

/** Of all entries together. Those that have not been used for longest go first. */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_ENTRIES = 1_000;
/** Of one key: the states of a project that somebody goes back and forth between. */
const MAX_VARIANTS = 8;

/** The first entry of a key that is accepted. */
export function find<T>(key: string, accept: (entry: unknown) => T | undefined): T | undefined {
  const folder = cacheFolder();
  if (folder === undefined) return undefined;
  for (const name of namesIn(folder).filter((name) => name.startsWith(`${key}.`))) {
    const file = join(folder, name);
    const entry = load(file);
    const accepted = entry === undefined ? undefined : accept(entry);
    if (accepted === undefined) continue;
    touch(file);
    return accepted;
  }
  return undefined;
}

/** @param variant equal for equal entries */
export function keep(key: string, variant: string, entry: unknown): void {
  const folder = cacheFolder();
  if (folder === undefined) return;
  const text = JSON.stringify(entry);
  const aside = join(folder, `${ASIDE}${randomUUID()}`);
  try {
    writeFileSync(aside, `${digest(text)}\n${text}`, { mode: 0o600, flag: "wx" });
    renameSync(aside, join(folder, `${key}.${variant}`));
    clear(folder, key);
  } catch {
    // A disk that is full, or another process that clears the folder: the next deploy reads the types again.
    rmSync(aside, { force: true });
  }
}

const ASIDE = "new-";
/** After that, whoever was writing has died. */
const STALE_MS = 3_600_000;

function clear(folder: string, key: string): void {
  const files = namesIn(folder)
    .flatMap((name) => {
      const stats = statSync(join(folder, name), { throwIfNoEntry: false });
      return stats ? [{ name, bytes: stats.size, used: stats.mtimeMs }] : [];
    })
    .sort((a, b) => b.used - a.used);
  let [bytes, entries, variants] = [0, 0, 0];
  for (const { name, bytes: size, used } of files) {
    const isEntry = !name.startsWith(ASIDE);
    bytes += size;
    if (isEntry) entries++;
    if (name.startsWith(`${key}.`)) variants++;
    const isOver =
      bytes > MAX_BYTES || entries > MAX_ENTRIES || (name.startsWith(`${key}.`) && variants > MAX_VARIANTS);
    if (isEntry ? isOver : used < Date.now() - STALE_MS) rmSync(join(folder, name), { force: true });
  }
}

function load(file: string): unknown {
  try {
    const content = readFileSync(file, "utf8");
    const end = content.indexOf("\n");
    const text = content.slice(end + 1);
    // What is broken is replaced when the same is kept again.
    return content.slice(0, end) === digest(text) ? JSON.parse(text) : undefined;
  } catch {
    return undefined; // removed meanwhile
  }
}

function touch(file: string): void {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // Removed meanwhile, by a process that keeps more than there is room for.
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}
