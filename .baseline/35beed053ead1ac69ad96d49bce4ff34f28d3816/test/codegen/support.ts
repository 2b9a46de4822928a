/** Manifests written by hand, a registry that has them deployed, and projects in which their stubs are compiled. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Engine } from "../../src/engine/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import {
  type AppManifest,
  type Declaration,
  type FunctionSchema,
  type ParameterSchema,
  signatureOf,
  type TypeSchema,
} from "../../src/schema/index.ts";
import { OPTIONS } from "../support/arbitraries.ts";
import { type Compiler, compile } from "../support/compile.ts";
import { temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");

// ---- manifests ------------------------------------------------------------------------------------------------

export const text: TypeSchema = { kind: "primitive", name: "string" };
export const number: TypeSchema = { kind: "primitive", name: "number" };
export const nothing: TypeSchema = { kind: "primitive", name: "void" };

export function reference(name: string, member?: string): TypeSchema {
  return { kind: "reference", name, ...(member !== undefined && { member }) };
}

export function parameter(name: string, type: TypeSchema, more: Partial<ParameterSchema> = {}): ParameterSchema {
  return { name, type, ...more };
}

/** A function without its signature, which depends on the manifest around it. */
export type Draft = Omit<FunctionSchema, "signature">;

export function fn(name: string, parameters: ParameterSchema[], returns: TypeSchema, more: Partial<Draft> = {}): Draft {
  return { name, mode: "unary", parameters, returns, options: OPTIONS, ...more };
}

export function manifest(
  app: string,
  functions: readonly Draft[],
  declarations: Declaration[] = [],
  more: Partial<AppManifest> = {},
): AppManifest {
  return {
    schemaVersion: 1,
    app,
    environment: "main",
    version: 0,
    deployedAt: "",
    language: "typescript",
    declarations,
    functions: functions.map((draft) => ({ ...draft, signature: signatureOf(draft, declarations) })),
    ...more,
  };
}

// ---- what is deployed -----------------------------------------------------------------------------------------

export interface Registry extends AsyncDisposable {
  readonly engine: Engine;
  readonly url: string;
  readonly env: Record<string, string | undefined>;
  deploy(manifest: AppManifest, code?: string): Promise<void>;
}

/** A local engine with its own state directory. */
export async function registry(): Promise<Registry> {
  const home = await temporaryHome();
  const engine = localEngine(home.url);
  return {
    engine,
    url: home.url,
    env: home.env,
    async deploy(manifest, code = "export {};") {
      const hash = createHash("sha256").update(code).digest("hex");
      await engine.deployer!.deploy({
        manifest,
        artifact: { hash, code, sourceMap: "{}", root: home.path },
        secrets: {},
      });
    },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await home[Symbol.asyncDispose]();
    },
  };
}

// ---- projects -------------------------------------------------------------------------------------------------

export const STRICT = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable", "esnext.iterator"],
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  isolatedDeclarations: true,
  isolatedModules: true,
  erasableSyntaxOnly: true,
  declaration: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
};

export class Project implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "cg-"));

  constructor(files: Record<string, string | object> = {}) {
    mkdirSync(join(this.path, "node_modules"));
    for (const name of ["@types", "undici-types"]) {
      symlinkSync(join(repo, "node_modules", name), join(this.path, "node_modules", name));
    }
    // The package itself, as an installation would have it.
    symlinkSync(repo, join(this.path, "node_modules/farcall"));
    this.write({ "package.json": { type: "module" }, "tsconfig.json": tsconfig(), ...files });
  }

  write(files: Record<string, string | object>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(this.file(name)), { recursive: true });
      writeFileSync(this.file(name), typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  list(folder: string): string[] {
    return readdirSync(this.file(folder)).sort();
  }

  /** The compiler's complaints; empty when there are none. */
  check(compiler: Compiler = "typescript", config = "tsconfig.json"): Promise<string> {
    return compile(compiler, this.file(config), this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function tsconfig(
  options: object = { allowImportingTsExtensions: true },
  more: object = { include: ["src"] },
): object {
  return { compilerOptions: { ...STRICT, ...options }, ...more };
}
