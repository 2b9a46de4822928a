/** Counts the words of all declaration files under node_modules, by the quickstart's app, and says how far it is. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { textindex } from "./generated/index.ts";

const folder = resolve(import.meta.dirname, "../../node_modules");
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const paths = entries
  .filter((entry) => entry.isFile() && entry.name.endsWith(".d.ts"))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();

async function* texts() {
  for (const path of paths) yield { path: relative(folder, path), text: await readFile(path, "utf8") };
}

const digest = createHash("sha256");
const counts = new Map<string, number>();
let done = 0;
for await (const { path, words } of textindex.indexFile.map(texts())) {
  digest.update(path);
  for (const [word, count] of words) {
    digest.update(`${word} ${count} `);
    counts.set(word, (counts.get(word) ?? 0) + count);
  }
  if (++done % 250 === 0) console.log(`${done} of ${paths.length} files`);
}
const [[word, count] = ["", 0]] = [...counts].sort(([, a], [, b]) => b - a);
console.log(
  `result: ${done} files, ${counts.size} words, most often "${word}" (${count}), digest ${digest.digest("hex").slice(0, 16)}`,
);
