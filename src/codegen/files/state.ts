/**
 * What the last run knew, kept in node_modules/.cache: enough for the next one to see that nothing has changed, without
 * checking the config, asking for manifests or loading templates. Losing it costs time, nothing else.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface OutputState {
  /** Etag of each chosen app. */
  etags: Record<string, string>;
  declaredElsewhere: readonly string[];
  apps: { app: string; environment: string; functions: number }[];
  notes: string[];
  /** By path: what was read besides the config. */
  inputs: Record<string, Fingerprint>;
  /** By path: what was written. */
  outputs: Record<string, Fingerprint>;
}

/** By what a file is known again. */
export interface Fingerprint {
  /** Of its content; null: it is not there. */
  hash: string | null;
  /** Of what the file system says of it: while this is the same the content need not be read. */
  stamp?: string;
}

/** A file that is younger than this when it is looked at can change again without a change of its times. */
const SETTLED_MS = 2000;

export function hash(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("base64url").slice(0, 22);
}

/** The hash of a file's content, or of a folder's list of names; null when it is not there. */
function hashPath(path: string): string | null {
  try {
    return hash(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR")
      return hash(readdirSync(path, { recursive: true }).sort().join("\n"));
    // Missing or unreadable: in both cases not what a hash stands for.
    return null;
  }
}

/** Absent for what is no file, or too young. The time of change is one that no program can set. */
function stampOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isFile() || Date.now() - Number(stats.ctimeMs) < SETTLED_MS) return undefined;
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ");
}

function fingerprint(path: string): Fingerprint {
  // First, so that a change that comes in between is seen by the next look.
  const stamp = stampOf(path);
  return { hash: hashPath(path), ...(stamp !== undefined && { stamp }) };
}

export function fingerprints(paths: Iterable<string>): Record<string, Fingerprint> {
  return Object.fromEntries([...paths].map((path) => [path, fingerprint(path)]));
}

/** Whether all files are as they were: the state itself, or one with newer stamps; `undefined` when one has changed. */
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

/** The state of one config's outputs, for one key: the hash of all that the outputs depend on and that need not be asked for. */
export class StateStore {
  readonly #file: string | undefined;
  #last: { key: string; outputs: OutputState[] } | undefined;

  constructor(root: string, config: string) {
    this.#file = stateFile(root, config);
  }

  read(key: string): readonly OutputState[] | undefined {
    this.#last ??= this.#load();
    return this.#last?.key === key ? this.#last.outputs : undefined;
  }

  write(key: string, outputs: OutputState[]): void {
    this.#last = { key, outputs };
    if (this.#file === undefined) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      const temporary = `${this.#file}.${process.pid}.tmp`;
      writeFileSync(temporary, JSON.stringify(this.#last));
      renameSync(temporary, this.#file);
    } catch {
      // A read-only node_modules is fine: the next run does the work again.
    }
  }

  #load(): { key: string; outputs: OutputState[] } | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const state = JSON.parse(readFileSync(this.#file, "utf8")) as { key: string; outputs: OutputState[] };
      return typeof state.key === "string" && Array.isArray(state.outputs) ? state : undefined;
    } catch {
      // None yet, or a damaged one: the run does the work and writes a new one.
      return undefined;
    }
  }
}

/** Of one config in one folder: a config that is given to generate() has no file of its own. Nowhere when there is no node_modules to keep it in. */
function stateFile(root: string, config: string): string | undefined {
  for (let at = root; ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules"))) {
      return join(at, "node_modules/.cache/farcall", `${hash(JSON.stringify([root, config]))}.json`);
    }
    if (at === dirname(at)) return undefined;
  }
}
