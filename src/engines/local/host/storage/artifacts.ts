/** The files of deployed versions, in a folder for each artifact: the code, its source map, and the manifests of its versions. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DeployRequest } from "../../../../engine/index.ts";
import { storeError } from "./store-error.ts";

export class Artifacts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Absolute path of the code. */
  codeFile(hash: string): string {
    return join(this.#folder, hash, "app.mjs");
  }

  /** Absolute path of a version's manifest, which is written when the file is missing. */
  manifestFile({ artifact, etag, manifest }: { artifact: string; etag: string; manifest: string }): string {
    const file = join(this.#folder, artifact, `manifest-${etag}.json`);
    if (!existsSync(file)) writeAtomically(file, manifest);
    return file;
  }

  /** Throws EngineUnavailableError. */
  write({ hash, code, sourceMap }: DeployRequest["artifact"]): void {
    const file = this.codeFile(hash);
    try {
      mkdirSync(join(this.#folder, hash), { recursive: true, mode: 0o700 });
      // The map first: a module that is there has its map beside it.
      writeAtomically(`${file}.map`, sourceMap);
      if (!existsSync(file)) writeAtomically(file, code);
    } catch (error) {
      throw storeError(error, file);
    }
  }

  /** Removes all artifacts but these. */
  removeAllBut(used: ReadonlySet<string>): void {
    if (!existsSync(this.#folder)) return;
    for (const hash of readdirSync(this.#folder)) {
      if (!used.has(hash)) rmSync(join(this.#folder, hash), { recursive: true, force: true });
    }
  }
}

function writeAtomically(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}
