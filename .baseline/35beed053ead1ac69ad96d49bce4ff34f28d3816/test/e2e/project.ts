/** A project in a temporary folder that has farcall installed and an engine of its own. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "vitest";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");

export class InstalledProject implements AsyncDisposable {
  readonly folder: string;
  /** Programs find the engine as a user's programs do. */
  readonly env: Record<string, string | undefined>;
  readonly #home: TemporaryHome;

  private constructor(folder: string, home: TemporaryHome) {
    this.folder = folder;
    this.#home = home;
    this.env = { ...home.env, FARCALL_ENGINE: undefined };
  }

  /** With these files, and a tsconfig that checks the stubs and `src/main.ts`. */
  static async create(files: Record<string, string>, compilerOptions: object = {}): Promise<InstalledProject> {
    const folder = await mkdtemp(join(tmpdir(), "installed-"));
    const project = new InstalledProject(folder, await temporaryHome());
    const options = {
      target: "es2022",
      module: "nodenext",
      strict: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      types: ["node"],
      noEmit: true,
      ...compilerOptions,
    };
    const tsconfig = { compilerOptions: options, include: ["src/generated", "src/main.ts"] };
    await project.write({ "tsconfig.json": JSON.stringify(tsconfig), ...files });
    await mkdir(join(folder, "node_modules/@types"), { recursive: true });
    for (const name of ["@types/node", "undici-types"]) {
      await symlink(join(repo, "node_modules", name), join(folder, "node_modules", name), "dir");
    }
    await symlink(repo, join(folder, "node_modules/farcall"), "dir");
    return project;
  }

  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      await writeFile(join(this.folder, path), text);
    }
  }

  /** What a command that succeeds prints. */
  async cli(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await farcall(args, { cwd: this.folder, env: this.env });
    expect(code, stderr + stdout).toBe(0);
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}
