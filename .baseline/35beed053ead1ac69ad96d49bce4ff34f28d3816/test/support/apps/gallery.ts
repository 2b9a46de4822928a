/** An app for the page of farcall ui: each way to answer, each kind of field. */
import { App, context } from "farcall";

export const app = new App("gallery");

/** How a picture is fitted. */
export interface ResizeOptions {
  /** In pixels. */
  width: number;
  fit?: "cover" | "contain";
  focus?: { x: number; y: number } | "center";
}

export interface Folder {
  name: string;
  created: Date;
  children: Folder[];
  tags: Set<string>;
  sizes: Map<string, bigint>;
}

/**
 * Scales a picture; see `ResizeOptions`.
 * @param image PNG or JPEG
 */
export const resize = app.function(function resize(image: Uint8Array, options: ResizeOptions): string {
  if (options.width <= 0) throw new RangeError(`a width of ${options.width} leaves nothing`);
  return `${image.length} bytes at ${options.width}, ${options.fit ?? "as it is"}`;
});

/** Says how far it is, until somebody cancels it. */
export const wait = app.function(async function wait(text: string): Promise<void> {
  console.log(`waiting for ${text}`);
  context().progress(0.5, `half of ${text}`);
  await new Promise((resolve) => context().signal.addEventListener("abort", resolve));
});

/** Counts. */
export const countTo = app.function(function* countTo(limit: number): Generator<number> {
  for (let n = 1; n <= limit; n++) yield n;
});

/** Gives back what it got. */
export const walk = app.function(function walk(
  folder: Folder,
  ...names: string[]
): { folder: Folder; names: string[] } {
  return { folder, names };
});

/** Gives back a lot. */
export const large = app.function(function large(rows: number): number[] {
  return Array.from({ length: rows }, (_, row) => row);
});

/** Where a reader begins, and how. */
export interface ReaderOptions {
  /** Letters that do not count. */
  skip?: string;
}

/** Reads texts in one language. */
export const Reader = app.class(
  class Reader {
    readonly #language: string;
    readonly #skip: string;
    #read = 0;

    /** @param language What it was written in. */
    constructor(language: "en" | "fr", options: ReaderOptions = {}) {
      this.#language = language;
      this.#skip = options.skip ?? "";
    }

    /** How long a text is, and how many this instance has read. */
    read(text: string): { language: string; letters: number; read: number } {
      const letters = [...text].filter((letter) => !this.#skip.includes(letter)).length;
      if (letters === 0) throw new RangeError("there is nothing to read");
      this.#read++;
      return { language: this.#language, letters, read: this.#read };
    }

    /** The words, one by one. */
    *words(text: string): Generator<string> {
      for (const word of text.split(" ")) yield `${this.#language}:${word}`;
    }
  },
  { scaledownWindowMs: 60_000 },
);
