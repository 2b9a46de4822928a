/** The producer: an inverted index over text, in four functions that run in containers. */
import { App } from "farcall";

export const app = new App("textindex");

export interface TextFile {
  path: string;
  text: string;
}

/** The words of one file. */
export interface FileIndex {
  path: string;
  bytes: number;
  /** How often each word occurs in the file. */
  words: Map<string, number>;
}

export interface Posting {
  path: string;
  count: number;
}

/** For each word, the files that contain it, the one with the most occurrences first. */
export type InvertedIndex = Map<string, Posting[]>;

export interface WordCount {
  word: string;
  count: number;
  files: number;
}

/** Counts the words of a file. A run that is lost with its machine is repeated. */
export const indexFile = app.function(
  function indexFile(file: TextFile): FileIndex {
    const words = new Map<string, number>();
    for (const [word] of file.text.toLowerCase().matchAll(/\p{L}{2,}/gu)) words.set(word, (words.get(word) ?? 0) + 1);
    return { path: file.path, bytes: Buffer.byteLength(file.text), words };
  },
  { retries: 2 },
);

/** Inverts the indexes of many files: from the words of each file to the files of each word. */
export const merge = app.function(function merge(files: readonly FileIndex[]): InvertedIndex {
  const index: InvertedIndex = new Map();
  for (const { path, words } of files) {
    for (const [word, count] of words) {
      const postings = index.get(word);
      if (postings) postings.push({ path, count });
      else index.set(word, [{ path, count }]);
    }
  }
  for (const postings of index.values()) postings.sort((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1));
  return index;
});

/**
 * Yields the most frequent words, most frequent first.
 * @param minLength Shortest word that counts.
 */
export const topWords = app.function(function* topWords(index: InvertedIndex, minLength = 1): Generator<WordCount> {
  const counts: WordCount[] = [];
  for (const [word, postings] of index) {
    if (word.length < minLength) continue;
    const count = postings.reduce((sum, posting) => sum + posting.count, 0);
    counts.push({ word, count, files: postings.length });
  }
  counts.sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
  yield* counts;
});

/** The files that contain all of the words. */
export const search = app.function(function search(index: InvertedIndex, ...words: string[]): string[] {
  const [first = [], ...others] = words.map((word) => new Set(index.get(word.toLowerCase())?.map(({ path }) => path)));
  return [...first].filter((path) => others.every((paths) => paths.has(path)));
});
