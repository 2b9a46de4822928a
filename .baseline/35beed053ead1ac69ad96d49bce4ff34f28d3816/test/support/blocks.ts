/** A page of the documentation as blocks, and the folder in which a reader follows it: without the test runner, for scripts too. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const repo = resolve(import.meta.dirname, "../..");

export interface Block {
  language: string;
  info: string;
  text: string;
}

/** Groups: language, what follows it on its line, text. */
export const FENCE = /^```(\w*) ?(.*)\n([\s\S]*?)^```/gm;

export function blocksOf(markdown: string): Block[] {
  return Array.from(markdown.matchAll(FENCE), ([, language = "", info = "", text = ""]) => ({ language, info, text }));
}

export function fileOf(info: string): string | undefined {
  return /^file=(\S+)$/.exec(info)?.[1];
}

export function commandsOf(text: string): string[] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.replace(/ +#.*$/, "").replace(/^npx /, ""))
    .filter((line) => line !== "" && !/^(npm (install|ci)|pip install|modal token)\b/.test(line));
}

/** In place of `npm install`: the package as built. packed.test.ts installs for real. @param name of the reader's own package */
export async function install(folder: string, packages: readonly string[], name = "tour"): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  await symlink(repo, join(modules, "farcall"), "dir");
  await symlink(join(repo, "dist/cli/farcall.js"), join(modules, ".bin/farcall"));
  await symlink(join(repo, "dist/cli/codegen-bin.js"), join(modules, ".bin/codegen"));
  for (const one of packages) {
    await mkdir(dirname(join(modules, one)), { recursive: true });
    await symlink(join(repo, "node_modules", one), join(modules, one), "dir");
    const { bin = {} } = JSON.parse(await readFile(join(repo, "node_modules", one, "package.json"), "utf8"));
    const bins: [string, string][] = typeof bin === "string" ? [[one, bin]] : Object.entries(bin);
    for (const [command, path] of bins) await symlink(join(modules, one, path), join(modules, ".bin", command));
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ name, type: "module" }));
}
