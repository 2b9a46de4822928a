/**
 * A throwaway project of a farcall user: its own folder, its own FARCALL_HOME, the built package linked as `farcall`. What
 * runs is dist/, since that is what users run.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const REPOSITORY = join(import.meta.dirname, "../..");
export const FARCALL = join(REPOSITORY, "dist/cli/farcall.js");
/** Which package a contestant uses, where that is not this repository's. */
const PACKAGE = "FARCALL_BENCH_PACKAGE";

/** The built package with the types of its source. */
export async function importFarcall(): Promise<typeof import("../../src/index.ts")> {
  return await import(join(process.env[PACKAGE] ?? REPOSITORY, "dist/index.js"));
}

export class Project implements AsyncDisposable {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** FARCALL_HOME; short, because a unix socket's path is. */
  readonly home: string;
  readonly #package: string;

  /** @param root of the built package that is installed */
  constructor(files: Iterable<readonly [string, string]> = [], root = REPOSITORY) {
    this.#package = root;
    this.path = mkdtempSync(join(tmpdir(), "fcb-"));
    this.home = join(this.path, "h");
    this.env = {
      ...process.env,
      FARCALL_HOME: this.home,
      FARCALL_ENGINE: `local:${this.home}`,
      FARCALL_CACHE: join(this.path, "cache"),
      NO_COLOR: "1",
      [PACKAGE]: root,
    };
    mkdirSync(join(this.path, "node_modules"));
    symlinkSync(root, join(this.path, "node_modules/farcall"));
    this.write("package.json", JSON.stringify({ name: "bench-project", type: "module", private: true }));
    this.write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          target: "es2022",
          lib: ["es2024", "dom", "esnext.disposable"],
          module: "nodenext",
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          allowImportingTsExtensions: true,
          verbatimModuleSyntax: true,
          types: [],
        },
        include: ["src"],
      }),
    );
    for (const [name, content] of files) this.write(name, content);
  }

  write(name: string, content: string): void {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  remove(name: string): void {
    rmSync(join(this.path, name), { recursive: true, force: true });
  }

  bin(name: "farcall" | "codegen-bin"): string {
    return join(this.#package, "dist/cli", `${name}.js`);
  }

  /** Runs the farcall command line to its end. */
  farcall(...args: string[]): string {
    return runNode([this.bin("farcall"), ...args], this.path, this.env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (existsSync(this.home)) this.farcall("host", "stop");
    } finally {
      rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** Runs Node to its end and returns what it printed; throws with all of it when the exit code is not 0. */
export function runNode(args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  const child = spawnSync(process.execPath, args, { cwd, env, encoding: "utf8", maxBuffer: 1 << 28 });
  if (child.status !== 0) {
    throw new Error(
      `node ${args.join(" ")} exited with ${child.status ?? child.signal}\n${child.stdout}${child.stderr}`,
    );
  }
  return child.stdout;
}

/** Milliseconds that a whole Node process takes, from spawn to exit. */
export function timeNode(args: string[], cwd: string, env?: NodeJS.ProcessEnv): number {
  const start = performance.now();
  runNode(args, cwd, env);
  return performance.now() - start;
}
