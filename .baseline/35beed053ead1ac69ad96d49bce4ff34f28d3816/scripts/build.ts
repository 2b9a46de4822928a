/**
 * Builds dist/ from src/: JavaScript by esbuild, declarations by tsc, executable bins, the Python helper as one file. Types are not checked here (`npm run
 * typecheck` does), so that a build is quick. Emits aside and moves in only what differs, each file atomically:
 * programs and tests that run from dist meanwhile are not disturbed, also by a second build at the same time.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import { precompileTemplates } from "../src/codegen/templates/precompile.ts";
import { PRECOMPILED } from "../src/codegen/templates/templates.ts";
import { manifestSchema } from "../src/schema/index.ts";
import { bundle, CHUNKS } from "./bundle.ts";
import { buildClient } from "./client.ts";
import { vendored } from "./vendor-python.ts";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
/** The `types` of package.json's exports. */
const typeEntries = [
  "index.d.ts",
  "codegen/index.d.ts",
  "schema/index.d.ts",
  "engine/index.d.ts",
  "vite/index.d.ts",
  "client.d.ts",
];
const bins = ["cli/farcall.js", "cli/codegen-bin.js"];

// On the same file system as dist, where no tool looks for sources.
const staging = mkdtempSync(join(root, "node_modules/.build-"));
try {
  declare(staging);
  await bundle(join(root, "src"), staging);
  writeFileSync(join(staging, "codegen/templates", PRECOMPILED), await precompileTemplates());
  writeFileSync(join(staging, "manifest.schema.json"), `${JSON.stringify(await manifestSchema(), undefined, 2)}\n`);
  mkdirSync(join(staging, "python"));
  writeFileSync(join(staging, "python/farcall.py"), vendored());
  await buildPage(staging);
  addLibReferences(staging);
  const client = await buildClient(root, staging);
  install(client, join(root, "packages/client/dist"));
  for (const path of [client, join(staging, "client.d.ts")]) rmSync(path, { recursive: true });
  for (const bin of bins) chmodSync(join(staging, bin), 0o755);
  install(staging, dist);
} finally {
  rmSync(staging, { recursive: true, force: true });
}

/** The page of `farcall ui`: its modules as one, for a browser, beside its other files. */
async function buildPage(outDir: string): Promise<void> {
  const [from, to] = [join(root, "src/ui/page"), join(outDir, "ui/page")];
  await build({
    entryPoints: [join(from, "main.ts"), join(from, "style.css")],
    outdir: to,
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    minify: true,
    legalComments: "none",
  });
  for (const name of readdirSync(from)) {
    if (/\.(html|svg)$/.test(name)) copyFileSync(join(from, name), join(to, name));
  }
}

function declare(outDir: string): void {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", outDir, "--emitDeclarationOnly", "--noCheck"];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) {
    rmSync(outDir, { recursive: true, force: true });
    process.exit(status ?? 1);
  }
}

/** The declarations use Symbol.asyncDispose, which a consumer's `lib` may lack; tsc drops such references from sources. */
function addLibReferences(outDir: string): void {
  for (const entry of typeEntries) {
    const file = join(outDir, entry);
    writeFileSync(file, `/// <reference lib="esnext.disposable" />\n${readFileSync(file, "utf8")}`);
  }
}

/** Makes `to` equal to `from`, touching only what differs. */
function install(from: string, to: string): void {
  const wanted = new Set(filesIn(from));
  for (const file of wanted) {
    const target = join(to, file);
    const source = join(from, file);
    if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) continue;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(source, target);
  }
  if (!existsSync(to)) return;
  for (const file of filesIn(to)) {
    if (!wanted.has(file) && !mayBeInUse(to, join(to, file))) rmSync(join(to, file), { force: true });
  }
}

/** A program that runs from the last build imports some chunks only when it needs them. */
function mayBeInUse(to: string, file: string): boolean {
  return file.startsWith(join(to, CHUNKS)) && statSync(file).mtimeMs > Date.now() - 3_600_000;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
