/**
 * The last run's data, kept in node_modules/.cache: enough for the next run to see that nothing has changed, without
 * checking the config, fetching manifests or loading templates. Losing it only costs time.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { type FileChange, writtenText } from "./files.ts";

export interface OutputState {
  /** Each chosen app's etag. */
  etags: Record<string, string>;
  declaredElsewhere: readonly string[];
  apps: { app: string; environment: string; functions: number }[];
  notes: string[];
  /** Files that were read in addition to the config, by path. */
  inputs: Record<string, Fingerprint>;
  /** Files that were written, by path. */
  outputs: Record<string, Fingerprint>;
}

/** Identifies a file's content. */
interface Fingerprint {
  /** Hash of its content; null if it does not exist. */
  hash: string | null;
  /** From the file's metadata: while it stays the same, the content need not be read. */
  stamp?: string;
}

/** A file modified less than this long ago can change again without new time stamps. */
const SETTLED_MS = 2000;

/** Characters, which file systems allow with a suffix. */
const NAME_LENGTH = 200;

export function hash(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("base64url").slice(0, 22);
}

/** The hash of a file's content, or of a folder's list of names; null when it does not exist. */
function hashPath(path: string): string | null {
  try {
    return hash(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR")
      return hash(readdirSync(path, { recursive: true }).sort().join("\n"));
    // Missing or unreadable: neither equals any hash.
    return null;
  }
}

/** Absent for anything that is not a file, or changed too recently. Uses the ctime, which programs cannot set. */
function stampOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isFile() || Date.now() - Number(stats.ctimeMs) < SETTLED_MS) return undefined;
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ");
}

function fingerprint(path: string): Fingerprint {
  // First, so that the next look notices a change in between.
  const stamp = stampOf(path);
  return { hash: hashPath(path), ...(stamp !== undefined && { stamp }) };
}

export function fingerprints(paths: Iterable<string>): Record<string, Fingerprint> {
  return Object.fromEntries([...paths].map((path) => [path, fingerprint(path)]));
}

/** Of the files that are there once these changes are made. What is written need not be read back. */
export function fingerprintsOf(changes: readonly FileChange[]): Record<string, Fingerprint> {
  return Object.fromEntries(
    changes
      .filter(({ status }) => status !== "removed")
      .map((change) => {
        const { path, status } = change;
        return [path, status === "unchanged" ? fingerprint(path) : { hash: hash(writtenText(change)) }];
      }),
  );
}

/** The state itself if all files are as they were, or one with newer stamps; `undefined` when a file has changed. */
export function stillHolds(state: OutputState): OutputState | undefined {
  const inputs = stillTrue(state.inputs);
  const outputs = inputs && stillTrue(state.outputs);
  if (!inputs || !outputs) return undefined;
  return inputs === state.inputs && outputs === state.outputs ? state : { ...state, inputs, outputs };
}

function stillTrue(before: Record<string, Fingerprint>): Record<string, Fingerprint> | undefined {
  let after = before;
  for (const [path, was] of Object.entries(before)) {
    if (was.stamp !== undefined && was.stamp === stampOf(path)) continue;
    const is = fingerprint(path);
    if (is.hash !== was.hash) return undefined;
    if (is.stamp !== was.stamp) after = { ...after, [path]: is };
  }
  return after;
}

/**
 * The state of one config's outputs for one key: everything the outputs depend on that is known without I/O. The key is kept as it is,
 * since a hash of it would cost a run that finds nothing new a sixth of its time, for loading node:crypto.
 */
export class StateStore {
  readonly #file: string | undefined;
  /** A config passed to generate() does not have a file. */
  readonly #config: readonly string[];
  #last: { key: string; outputs: OutputState[] } | undefined;

  constructor(root: string, config: string) {
    this.#config = [root, config];
    this.#file = stateFile(root, config);
  }

  read(key: string): readonly OutputState[] | undefined {
    this.#last ??= this.#load();
    return this.#last?.key === this.#whole(key) ? this.#last.outputs : undefined;
  }

  write(key: string, outputs: OutputState[]): void {
    this.#last = { key: this.#whole(key), outputs };
    if (this.#file === undefined) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      const temporary = `${this.#file}.${process.pid}.tmp`;
      // The key has what the config says.
      writeFileSync(temporary, JSON.stringify(this.#last), { mode: 0o600 });
      renameSync(temporary, this.#file);
    } catch {
      // A read-only node_modules is fine: the next run does the work again.
    }
  }

  #whole(key: string): string {
    return JSON.stringify([...this.#config, key]);
  }

  #load(): { key: string; outputs: OutputState[] } | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const state = JSON.parse(readFileSync(this.#file, "utf8")) as { key: string; outputs: OutputState[] };
      return typeof state.key === "string" && Array.isArray(state.outputs) ? state : undefined;
    } catch {
      // Missing or damaged: the run does the work and writes a new one.
      return undefined;
    }
  }
}

/** Undefined when there is no node_modules to keep it in. Two configs with the same name here take turns with the file. */
function stateFile(root: string, config: string): string | undefined {
  for (let at = root; ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules"))) {
      const name = join(relative(at, root), basename(config))
        .replace(/[^\w.-]+/g, "_")
        .slice(-NAME_LENGTH);
      return join(at, "node_modules/.cache/farcall", `${name}.json`);
    }
    if (at === dirname(at)) return undefined;
  }
}
