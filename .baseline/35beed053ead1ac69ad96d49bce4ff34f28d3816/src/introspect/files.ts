/**
 * Everything that introspection asks the disk. What it finds depends on the answers and on nothing else, so that whoever
 * records them (cache/) knows when the same would be found again.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

/** Paths are absolute. Nothing here throws: what cannot be read is not there. */
export interface Files {
  /** A digest of a file's bytes; undefined when there is no such file. */
  hash(path: string): string | undefined;
  /** A file's text without its byte order mark; undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Links are followed. */
  kind(path: string): Kind;
  /** Where links lead; the path itself when there is nothing. */
  realPath(path: string): string;
  list(folder: string): Listing;
}

export type Kind = "file" | "folder" | "nothing";

/** Sorted names. Of the files only modules and JSON, which are all that a compiler is interested in. */
export interface Listing {
  files: readonly string[];
  folders: readonly string[];
}

export interface Content {
  bytes: Buffer;
  hash: string;
}

export const disk: Files = {
  hash(path) {
    const stats = statOf(path);
    if (!stats?.isFile()) return undefined;
    const known = hashes.get(path);
    const print = fingerprint(stats);
    if (known?.print === print) return known.hash;
    const content = contentOf(path);
    if (content && isSettled(stats)) hashes.set(path, { print, hash: content.hash });
    return content?.hash;
  },
  read(path) {
    const content = contentOf(path);
    return content && textOf(content.bytes);
  },
  kind(path) {
    const stats = statOf(path);
    return stats?.isFile() ? "file" : stats?.isDirectory() ? "folder" : "nothing";
  },
  realPath(path) {
    try {
      return realpathSync.native(path);
    } catch {
      return path;
    }
  },
  list(folder) {
    const files: string[] = [];
    const folders: string[] = [];
    for (const entry of entriesOf(folder)) {
      const kind = entry.isFile() ? "file" : entry.isDirectory() ? "folder" : disk.kind(join(folder, entry.name));
      if (kind === "folder") folders.push(entry.name);
      else if (kind === "file" && INTERESTING.test(entry.name)) files.push(entry.name);
    }
    return { files: files.sort(), folders: folders.sort() };
  },
};

const INTERESTING = /\.(?:[cm]?[jt]sx?|json)$/;

/** Of files that this process has hashed. */
const hashes = new Map<string, { print: string; hash: string }>();

/** Undefined also for a file that another process has just removed, and for one that may not be read. */
export function contentOf(path: string): Content | undefined {
  try {
    const bytes = readFileSync(path);
    return { bytes, hash: createHash("sha256").update(bytes).digest("base64url") };
  } catch {
    return undefined;
  }
}

/** As the compiler reads a file. */
export function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString("utf16le");
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le", 2);
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return bytes.toString("utf8", start);
}

export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a folder on the way may not be entered, or is a file
  }
}

/** Stays the same only as long as a file does: its time of change cannot be set. */
export function fingerprint({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/** Clocks of file systems tick every few milliseconds, some every two seconds: what has just changed can change unseen. */
const TICK_MS = 3_000;

/** Whether a change that happens now would change the fingerprint. */
export function isSettled({ ctimeMs }: Stats): boolean {
  return ctimeMs < Date.now() - TICK_MS;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
