/**
 * How many transactions the database had, in a file beside it. SQLite takes a database whose log was lost for one that is
 * merely older; with this, a host notices. It is written after each transaction and never synced, so it may lag behind the
 * database but is never ahead of it, unless something that was written is gone.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";

const WIDTH = 20;

export class CommitMark {
  readonly #file: number;

  constructor(database: string) {
    this.#file = openSync(fileOf(database), "a+", 0o600);
    closeSync(this.#file);
    this.#file = openSync(fileOf(database), "r+", 0o600);
  }

  set(count: number): void {
    try {
      writeSync(this.#file, String(count).padStart(WIDTH), 0);
    } catch {
      // A full disk. It only lags behind.
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** 0 when nobody has written one. */
  static read(database: string): number {
    try {
      return Number(readFileSync(fileOf(database), "utf8")) || 0;
    } catch {
      return 0;
    }
  }

  /** The database begins again. */
  static remove(database: string): void {
    rmSync(fileOf(database), { force: true });
  }
}

function fileOf(database: string): string {
  return `${database}-commits`;
}
