/** Writes `farcall init`'s files: adds missing files, keeps existing ones, and records both for the report. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { PackageJson, Project } from "./project.ts";

export class Writer {
  /** Paths relative to the project, in order. */
  readonly written: string[] = [];
  readonly kept: string[] = [];
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Writes a file, unless there is one. */
  write(path: string, text: string): void {
    const file = join(this.#root, path);
    if (existsSync(file)) return void this.kept.push(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    this.written.push(path);
  }

  /** Whether the file is there with exactly this text, as after an earlier run. */
  isSame(path: string, text: string): boolean {
    const file = join(this.#root, path);
    return existsSync(file) && readFileSync(file, "utf8") === text;
  }

  /** Adds missing entries to package.json, and keeps its indentation and line ends. */
  packageJson(project: Project, added: Pick<PackageJson, "scripts" | "dependencies">): void {
    const before = project.packageJson;
    const after: PackageJson & { private?: boolean } = before
      ? { ...before }
      : { name: packageName(project.root), private: true };
    if (project.fresh) after.type = "module";
    for (const key of ["scripts", "dependencies"] as const) {
      if (added[key]) after[key] = { ...before?.[key], ...added[key], ...before?.[key] };
    }
    if (before && JSON.stringify(before) === JSON.stringify(after)) return;
    const path = join(project.root, "package.json");
    const text = before ? readFileSync(path, "utf8") : "";
    const indentation = /^([ \t]+)"/m.exec(text)?.[1] ?? "  ";
    const printed = `${JSON.stringify(after, undefined, indentation)}\n`;
    mkdirSync(project.root, { recursive: true });
    writeFileSync(path, text.includes("\r\n") ? printed.replaceAll("\n", "\r\n") : printed);
    this.written.push("package.json");
  }
}

/** npm allows fewer names than file systems do. */
function packageName(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, "-")
    .replace(/^[-._]+|-+$/g, "");
  return name || "app";
}
