/** Answers from the disk, and remembers what it was asked and what it answered: the record of one introspection. */
import { basename } from "node:path";
import {
  contentOf,
  disk,
  type Files,
  fingerprint,
  isSettled,
  type Kind,
  type Listing,
  statOf,
  textOf,
} from "../files.ts";

export interface Recorded {
  /** Files whose bytes mattered. */
  contents: Map<string, Print>;
  /** What is, or is not, at a path. */
  kinds: Map<string, Kind>;
  realPaths: Map<string, string>;
  /** Of folders that exist. */
  listings: Map<string, Listing>;
}

export interface Print {
  hash: string;
  /** Empty where the file has changed so recently that it could change again unseen. */
  fingerprint: string;
}

export class Recorder implements Files {
  readonly recorded: Recorded = { contents: new Map(), kinds: new Map(), realPaths: new Map(), listings: new Map() };
  readonly #root: RegExp;
  #mentionsRoot = false;
  #isTorn = false;

  /**
   * @param root absolute folder of the project
   * @param before the record of a program that the next one is made from
   * @param isAskedAgain the files whose content that one asks for by itself
   */
  constructor(root: string, before?: Recorder, isAskedAgain: (path: string) => boolean = () => false) {
    if (before) {
      const { contents, kinds, realPaths, listings } = before.recorded;
      this.recorded = {
        contents: new Map([...contents].filter(([path]) => !isAskedAgain(path))),
        kinds: new Map(kinds),
        realPaths: new Map(realPaths),
        listings: new Map(listings),
      };
      this.#mentionsRoot = before.mentionsRoot;
    }
    this.#root = new RegExp(`/${basename(root).replace(/[^\w]/g, "\\$&")}(?![\\w.-])`);
  }

  /** Whether a file outside of packages names the project's folder: what it says would not hold for a copy elsewhere. */
  get mentionsRoot(): boolean {
    return this.#mentionsRoot;
  }

  /** Whether a file changed in the meantime, so that the answers belong to no one moment. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /** Whether the disk still answers the same, apart from the content of the files that are asked for again. */
  holds(isAskedAgain: (path: string) => boolean): boolean {
    const { contents, kinds, realPaths, listings } = this.recorded;
    return (
      [...contents].every(([path, { hash }]) => isAskedAgain(path) || disk.hash(path) === hash) &&
      [...kinds].every(([path, kind]) => disk.kind(path) === kind) &&
      [...realPaths].every(([path, real]) => disk.realPath(path) === real) &&
      [...listings].every(([folder, listing]) => JSON.stringify(disk.list(folder)) === JSON.stringify(listing))
    );
  }

  hash(path: string): string | undefined {
    const known = this.recorded.contents.get(path);
    if (known) return known.hash;
    const print = printOf(path);
    const hash = disk.hash(path);
    if (hash === undefined) this.kind(path);
    else this.#note(path, { hash, fingerprint: print });
    return hash;
  }

  read(path: string): string | undefined {
    const print = printOf(path);
    const content = contentOf(path);
    if (!content) {
      this.kind(path);
      return undefined;
    }
    this.#note(path, { hash: content.hash, fingerprint: print });
    const text = textOf(content.bytes);
    if (!path.includes("/node_modules/") && this.#root.test(text)) this.#mentionsRoot = true;
    return text;
  }

  kind(path: string): Kind {
    const { kinds } = this.recorded;
    const kind = kinds.get(path) ?? disk.kind(path);
    kinds.set(path, kind);
    return kind;
  }

  realPath(path: string): string {
    const { realPaths } = this.recorded;
    const real = realPaths.get(path) ?? disk.realPath(path);
    realPaths.set(path, real);
    return real;
  }

  list(folder: string): Listing {
    const { listings } = this.recorded;
    const listing = listings.get(folder) ?? disk.list(folder);
    if (this.kind(folder) === "folder") listings.set(folder, listing);
    return listing;
  }

  #note(path: string, print: Print): void {
    const { contents, kinds } = this.recorded;
    const known = contents.get(path);
    if (known ? known.hash !== print.hash : (kinds.get(path) ?? "file") !== "file") this.#isTorn = true;
    contents.set(path, print);
  }
}

/** Taken before the content: a change in between shows. */
function printOf(path: string): string {
  const stats = statOf(path);
  return stats && isSettled(stats) ? fingerprint(stats) : "";
}
