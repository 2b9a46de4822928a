/**
 * The consumer: knows the app only through its generated stubs. The compiler checks every call below, and each runs in a
 * container.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { textindex } from "./generated/index.ts";

const folder = resolve(import.meta.dirname, "../../node_modules");

/** README files and licences, read only as fast as they are sent. */
async function* textFiles() {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !/^(readme|licen[cs]e)(\.(md|markdown|txt))?$/i.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    yield { path: relative(folder, path), text: await readFile(path, "utf8") };
  }
}

const started = performance.now();

// Map: one input per file, spread over the containers, with results in order.
const files = await Array.fromAsync(textindex.indexFile.map(textFiles()));
const mapped = performance.now();

// Reduce: the result arrives as what it is, a Map of arrays of objects.
const index = await textindex.merge.remote(files);
const merged = performance.now();

const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
const seconds = (mapped - started) / 1000;
console.log(
  `map     ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB in ${seconds.toFixed(2)} s ` +
    `(${Math.round(files.length / seconds)} files/s)`,
);
console.log(`reduce  ${index.size} distinct words in ${((merged - mapped) / 1000).toFixed(2)} s`);

// A generator: leaving the loop also stops it in its container.
console.log("stream  the most frequent words of seven letters and more");
let rank = 0;
for await (const { word, count, files: inFiles } of textindex.topWords.remoteGen(index, 7)) {
  console.log(`        ${word.padEnd(14)} ${String(count).padStart(6)} times in ${inFiles} files`);
  if (++rank === 8) break;
}

// Several searches at once, each with its own arguments.
const queries: [typeof index, ...string[]][] = [
  [index, "typescript", "compiler"],
  [index, "warranty", "merchantability"],
];
let position = 0;
for await (const paths of textindex.search.starmap(queries)) {
  const [, ...words] = queries[position++] ?? [index];
  console.log(`search  "${words.join(" ")}" is in ${paths.length} files, for instance ${paths.slice(0, 2).join(", ")}`);
}

// Durable: the call outlives this process; any process can get its result by its id.
const call = await textindex.search.spawn(index, "apache");
console.log(`spawn   ${call.id}: "apache" is in ${(await call.get()).length} files`);

const stats = await textindex.indexFile.getCurrentStats();
console.log(`stats   indexFile has ${stats.numTotalRunners} containers, backlog ${stats.backlog}`);
