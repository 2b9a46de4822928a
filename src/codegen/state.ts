/**
 * What the last run knew, kept in node_modules/.cache: enough for the next one to see that nothing has changed, without
 * checking the config, asking for manifests or loading templates. Losing it costs time, nothing else.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface OutputState {
  /** Etag of each chosen app. */
  etags: Record<string, string>;
  apps: { app: string; environment: string; functions: number }[];
  /** Hashes by path of what was read besides the config; null: it was not there. */
  inputs: Record<string, string | null>;
  /** Hashes by path of what was written. */
  outputs: Record<string, string | null>;
}

export function hash(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("base64url").slice(0, 22);
}

/** The hash of a file's content, or of a folder's list of names; null when it is not there. */
export function hashPath(path: string): string | null {
  try {
    return hash(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR")
      return hash(readdirSync(path, { recursive: true }).sort().join("\n"));
    // Missing or unreadable: in both cases not what a hash stands for.
    return null;
  }
}

export function hashPaths(paths: Iterable<string>): Record<string, string | null> {
  return Object.fromEntries([...paths].map((path) => [path, hashPath(path)]));
}

export function filesHold({ inputs, outputs }: OutputState): boolean {
  return Object.entries({ ...inputs, ...outputs }).every(([path, before]) => hashPath(path) === before);
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

/** Nowhere when there is no node_modules to keep it in. */
function stateFile(root: string, config: string): string | undefined {
  for (let at = root; ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules"))) {
      return join(at, "node_modules/.cache/farcall", `${hash(config)}.json`);
    }
    if (at === dirname(at)) return undefined;
  }
}
