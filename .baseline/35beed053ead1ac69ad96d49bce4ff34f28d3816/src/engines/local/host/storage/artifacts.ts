/**
 * The files of deployed versions, in a folder for each artifact: the code, its source map, and the manifests of its versions.
 * Containers run from these; whatever is missing or differs is written again from the database.
 */
import { hash as digest } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { EngineUnavailableError } from "../../../../runtime/errors.ts";
import { storeError } from "./store-error.ts";

export interface ArtifactContent {
  hash: string;
  code: string;
  sourceMap: string;
}

export class Artifacts {
  readonly #folder: string;
  /** How the files looked when they were last found whole: looking is quicker than reading. By their paths. */
  readonly #looks = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Absolute path of the code. */
  codeFile(hash: string): string {
    return join(this.#folder, hash, "app.mjs");
  }

  /** Absolute path of a version's manifest. */
  manifestPath({ artifact, etag }: { artifact: string; etag: string }): string {
    return join(this.#folder, artifact, `manifest-${etag}.json`);
  }

  /**
   * Makes the files of a version what they should be, and returns whether its code was not.
   * Throws EngineUnavailableError. @param find the content that was deployed
   */
  ensure(
    version: { artifact: string; etag: string; manifest: string },
    find: () => ArtifactContent | undefined,
  ): boolean {
    const { artifact: hash, manifest } = version;
    const manifestFile = this.manifestPath(version);
    try {
      const whole = this.isWhole(hash);
      if (!whole) {
        const content = find();
        if (!content) {
          throw new EngineUnavailableError(`the code ${this.codeFile(hash)} is missing or damaged`, {
            hint: "Deploy the app again.",
          });
        }
        this.write(content);
      }
      this.#looks.set(this.codeFile(hash), lookOf(this.codeFile(hash)));
      if (readIfThere(manifestFile)?.equals(Buffer.from(manifest))) return !whole;
      mkdirSync(dirname(manifestFile), { recursive: true, mode: 0o700 });
      writeAtomically(manifestFile, manifest);
      return !whole;
    } catch (error) {
      throw storeError(error, manifestFile, "artifact");
    }
  }

  /** Nobody has touched the code since `ensure`, and the manifest is there. */
  looksWhole({ artifact, manifestFile }: { artifact: string; manifestFile: string }): boolean {
    return lookOf(artifact) === this.#looks.get(artifact) && existsSync(manifestFile);
  }

  /** The code is there and is what its name says. */
  isWhole(hash: string): boolean {
    const code = readIfThere(this.codeFile(hash));
    return code !== undefined && digest("sha256", code) === hash;
  }

  read(hash: string): ArtifactContent | undefined {
    const code = readIfThere(this.codeFile(hash));
    if (code === undefined || digest("sha256", code) !== hash) return undefined;
    return { hash, code: code.toString(), sourceMap: readIfThere(`${this.codeFile(hash)}.map`)?.toString() ?? "" };
  }

  /** Throws EngineUnavailableError. */
  write({ hash, code, sourceMap }: ArtifactContent): void {
    const file = this.codeFile(hash);
    try {
      mkdirSync(join(this.#folder, hash), { recursive: true, mode: 0o700 });
      // The map first: a module that is there has its map beside it.
      writeAtomically(`${file}.map`, sourceMap);
      if (!this.isWhole(hash)) writeAtomically(file, code);
      syncFolder(this.#folder);
    } catch (error) {
      throw storeError(error, file, "artifact");
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

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    // Missing, or a folder, or unreadable: to be written again.
    return undefined;
  }
}

function lookOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : "";
}

function writeAtomically(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600, flush: true });
  renameSync(temporary, file);
  syncFolder(dirname(file));
}

/** The names in it are on disk then, too. Windows neither has nor needs that. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
