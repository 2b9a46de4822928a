/** A folder in which apps that wrap packages are deployed, their stubs written and compared. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const repository: string = resolve(import.meta.dirname, "../..");

export interface WorkspaceOptions {
  /** Where packages are installed. Default: the repository's node_modules. */
  packages?: string | undefined;
  /** On top of the strict ones. */
  compilerOptions?: Record<string, unknown> | undefined;
}

export class Workspace implements Disposable {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), "ff-")));

  constructor({ packages = join(repository, "node_modules"), compilerOptions }: WorkspaceOptions = {}) {
    mkdirSync(this.file("node_modules"));
    const own = readdirSync(packages).filter((name) => name !== "farcall");
    for (const name of own) symlinkSync(join(packages, name), this.file(`node_modules/${name}`));
    symlinkSync(repository, this.file("node_modules/farcall"));
    this.write("package.json", '{ "type": "module" }');
    this.write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          target: "es2024",
          lib: ["es2024", "esnext.iterator"],
          module: "nodenext",
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: true,
          allowImportingTsExtensions: true,
          noEmit: true,
          types: ["node"],
          paths: { farcall: [join(repository, "src/index.ts")] },
          ...compilerOptions,
        },
        include: ["check"],
      }),
    );
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    const file = this.file(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
