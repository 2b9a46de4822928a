/**
 * Reads apps, and keeps what was found for as long as it would be found again. A hit loads no compiler, whose start and whose
 * reading of the language's and Node's declarations are nearly all of what a small app takes. Also the door to problems for
 * those who do without a compiler.
 */
import { relative, resolve } from "node:path";
import { disk } from "../files.ts";
import type { IntrospectedApp, Previous } from "../introspect.ts";
import { IntrospectionError, type Problem } from "../problems.ts";
import { identity } from "./identity.ts";
import { fromStored, hold, ownFolders, type Questions, slashes, toQuestions, toStored } from "./portable.ts";
import { Recorder } from "./recorder.ts";
import { digest, find, keep } from "./store.ts";

export type { IntrospectedApp } from "../introspect.ts";
export { IntrospectionError, type Problem } from "../problems.ts";

/** Of entries, which are read by whoever writes them alike. */
const FORMAT = 1;

interface Entry {
  questions: Questions;
  found: Found;
}

/** The app, without its folder and with its files as `Questions` has them, or what is wrong with it. */
type Found = { app: Omit<IntrospectedApp, "root"> } | { problems: readonly Problem[] };

/** Reads one app again and again. */
export class AppReader {
  readonly #entry: string;
  readonly #root: string;
  #known: Found | undefined;
  #compiler: typeof import("../introspect.ts") | undefined;
  /** The last program of this process, with what its compiler has asked. */
  #last: { previous: Previous; files: Recorder } | undefined;

  /** @param root absolute folder of the project */
  constructor(entry: string, root: string) {
    this.#entry = resolve(entry);
    this.#root = root;
  }

  /** Whether `read` will give what was found before. */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** Resolves once `read` can be called: with what is known, or with a compiler. */
  async prepare(): Promise<void> {
    const key = this.#key();
    this.#known = key === undefined ? undefined : find(key, (entry) => this.#accept(entry as Entry));
    if (!this.#known) this.#compiler ??= await import("../introspect.ts");
  }

  /** Throws IntrospectionError with all that is wrong. */
  read(): IntrospectedApp {
    return this.#known ? this.#open(this.#known) : this.#readSource();
  }

  #accept({ questions, found }: Entry): Found | undefined {
    return hold(questions, this.#root) ? found : undefined;
  }

  #open(found: Found): IntrospectedApp {
    if ("problems" in found) throw new IntrospectionError(found.problems);
    const root = slashes(this.#root);
    return { ...found.app, root: this.#root, files: found.app.files.map((file) => fromStored(root, file)) };
  }

  #readSource(): IntrospectedApp {
    // The file may have changed since `prepare`.
    const key = this.#key();
    const { introspect, Previous } = this.#compiler!;
    const last = this.#last;
    const isSource = (path: string) => last?.previous.isSource(path) === true;
    const isUsable = last?.files.holds(isSource) === true;
    const files = isUsable ? new Recorder(this.#root, last.files, isSource) : new Recorder(this.#root);
    const previous = isUsable ? last.previous : new Previous();
    this.#last = undefined;
    const keepFound = (found: Found) => {
      if (key !== undefined && key === this.#key() && !files.isTorn) this.#keep(key, files, found);
    };
    try {
      const read = introspect(this.#entry, { root: this.#root, files, previous });
      const { root, ...app } = read;
      keepFound({ app: { ...app, files: app.files.map((file) => toStored(slashes(root), file)) } });
      return read;
    } catch (error) {
      if (!(error instanceof IntrospectionError)) throw error;
      keepFound({ problems: error.problems });
      throw error;
    } finally {
      if (!files.isTorn) this.#last = { previous, files };
    }
  }

  #keep(key: string, files: Recorder, found: Found): void {
    let questions = toQuestions(files.recorded, this.#root, files.mentionsRoot);
    const text = JSON.stringify(found);
    // What it found must read the same elsewhere.
    if (ownFolders(questions).some((name) => text.includes(`/${name}`)))
      questions = { ...questions, common: undefined };
    const { root, contents, ...rest } = questions;
    const hashes = Object.entries(contents).map(([path, [hash]]) => [path, hash]);
    const place = rest.common === undefined ? root : "";
    keep(key, digest(JSON.stringify([place, hashes, rest])), { questions, found } satisfies Entry);
  }

  /** What is alike in all that may hold for this app; undefined when there is no entry module. */
  #key(): string | undefined {
    const hash = disk.hash(this.#entry);
    if (hash === undefined) return undefined;
    return digest(JSON.stringify([FORMAT, identity(), slashes(relative(this.#root, this.#entry)), hash]));
  }
}
