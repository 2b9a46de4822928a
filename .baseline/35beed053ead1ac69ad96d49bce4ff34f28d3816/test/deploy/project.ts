/** A project on disk for tests: some files, and farcall installed as a user's would be. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const repo = resolve(import.meta.dirname, "../..");

const TSCONFIG = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024"],
    module: "nodenext",
    strict: true,
    types: ["node"],
    typeRoots: [join(repo, "node_modules/@types")],
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
};

export interface Project extends AsyncDisposable {
  root: string;
  path(file: string): string;
  write(file: string, text: string): Promise<void>;
}

export async function project(files: Record<string, string>): Promise<Project> {
  const root = await mkdtemp(join(tmpdir(), "fd-"));
  const path = (file: string) => join(root, file);
  const write = async (file: string, text: string) => {
    await mkdir(dirname(path(file)), { recursive: true });
    await writeFile(path(file), text);
  };
  await write("package.json", '{ "type": "module" }');
  await write("tsconfig.json", JSON.stringify(TSCONFIG));
  await mkdir(path("node_modules"));
  await symlink(repo, path("node_modules/farcall"), "dir");
  for (const [file, text] of Object.entries(files)) await write(file, text);
  return { root, path, write, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
