/** `farcall init --modal app.py`: sets up a project with a Python app for typed calls from TypeScript. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { toIdentifier } from "../../plan/index.ts";
import { InvalidError, NotFoundError } from "../../runtime/errors.ts";
import { UsageError } from "../terminal/report.ts";
import type { Project } from "./project.ts";
import {
  appsIn,
  mountsHelper,
  type PythonApp,
  published,
  publishes,
  type SampleCall,
  sampleCall,
  usesImages,
} from "./python-app.ts";
import type { Writer } from "./writer.ts";

/** The version of the npm package `modal` that the engine is made for. */
export const MODAL_VERSION = "0.11.1";

/** The Python package as one file, made by the build. */
const HELPER = new URL("../../../dist/python/farcall.py", import.meta.url);

export interface ModalFile {
  /** Absolute. */
  path: string;
  source: string;
  app: PythonApp;
}

/** @param ask returns an answer, or `undefined` where nobody can be asked */
export async function readModalFile(
  path: string,
  name: string | undefined,
  ask: (question: string) => Promise<string | undefined>,
): Promise<ModalFile> {
  if (!existsSync(path)) {
    throw new NotFoundError(`${path} does not exist`, { hint: "Pass the Python file that defines the Modal app." });
  }
  const source = readFileSync(path, "utf8");
  const apps = appsIn(source);
  const found = name === undefined ? apps.length === 1 && apps[0] : apps.find((app) => app.name === name);
  if (found) return { path, source, app: found };
  const known = apps.map((app) => app.name).join(", ");
  const given = name ?? (await ask(`What is the name of the Modal app${known && ` (${known})`}? `))?.trim();
  if (!given) {
    const message =
      apps.length > 1 ? `${path} has several apps: ${known}` : `the name of the app cannot be read from ${path}`;
    const hint = "Say which app it is with --name NAME.";
    throw new UsageError(message, hint);
  }
  return { path, source, app: apps.find((app) => app.name === given) ?? { name: given, variable: "app" } };
}

/** The file next to the app that the containers import; an existing one is kept. */
export function writeHelper(root: string, file: ModalFile, writer: Writer): void {
  const source = readHelper();
  writer.write(shown(root, join(dirname(file.path), "farcall.py")), source);
}

function readHelper(): string {
  const path = fileURLToPath(HELPER);
  if (existsSync(path)) return readFileSync(path, "utf8");
  throw new InvalidError(`the Python helper ${path} is missing from this installation of farcall`, {
    hint: "Install farcall again, or use --pip.",
  });
}

/** How an image gets the helper. */
const imageCall = (pip: boolean) => (pip ? '.pip_install("farcall")' : '.add_local_python_source("farcall")');

/** Writes `farcall.publish(app)` into the module; returns the lines that it wrote. */
export function publish({ path, source, app }: ModalFile, pip: boolean): string[] {
  const { text, lines } = published(source, app, imageCall(pip));
  writeFileSync(path, text);
  return lines;
}

/** What the author still has to do in the Python file, as sentences. */
export function pythonNotes(root: string, file: ModalFile, pip: boolean): string[] {
  const source = readFileSync(file.path, "utf8");
  const python = shown(root, file.path);
  const notes: string[] = [];
  if (pip) notes.push("install the helper where you deploy from: pip install farcall");
  if (!publishes(source)) {
    notes.push(
      `add to ${python} so that the types travel with the deploy: import farcall, and as the last line farcall.publish(${file.app.variable})`,
    );
  }
  const mounted = pip ? /pip_install\([^)]*["']farcall["']/.test(source) : mountsHelper(source);
  if (!mounted) {
    notes.push(
      `containers import farcall too: add ${imageCall(pip)} to ${usesImages(source) ? "each image" : "the app's image"} of ${python}`,
    );
  }
  return notes;
}

export const wantsPublish = ({ source }: ModalFile): boolean => !publishes(source);

export function modalConfigText(config: string, app: string, output: string, emit: "ts" | "js"): string {
  if (config.endsWith(".json")) {
    const settings = { engine: "modal:", apps: [app], output, ...(emit === "js" && { emit }) };
    return `${JSON.stringify(settings, undefined, 2)}\n`;
  }
  return `import { defineConfig } from "farcall";

export default defineConfig({
  engine: "modal:",
  apps: [${JSON.stringify(app)}],
  output: ${JSON.stringify(output)},${emit === "js" ? '\n  emit: "js",' : ""}
});
`;
}

/** A first caller, which calls a function of the file if arguments for one can be guessed. */
export function callerText({ source, app }: ModalFile, index: string): string {
  const namespace = toIdentifier(app.name);
  const head = `// Calls the Modal app "${app.name}" through the stubs that \`npx codegen\` writes.
import { ${namespace} } from ${JSON.stringify(index)};
`;
  const sample = sampleCall(source, app.variable);
  return `${head}\n${sample ? sampleText(namespace, sample) : `console.log("functions:", Object.keys(${namespace}));\n`}`;
}

function sampleText(namespace: string, { name, args, generator }: SampleCall): string {
  const note = "// Sample arguments: change them, and the compiler checks them.\n";
  if (generator) return `${note}for await (const item of ${namespace}.${name}.remoteGen(${args})) console.log(item);\n`;
  return `${note}console.log(await ${namespace}.${name}.remote(${args}));\n`;
}

/** The remaining steps, without installation. */
export function modalSteps(project: Project, file: ModalFile, run: string): string[] {
  return [`modal deploy ${quoted(shown(project.root, file.path))}`, `${run} codegen`];
}

/** A path for people and shells, relative to the project. */
export function shown(root: string, path: string): string {
  return relative(resolve(root), path).replaceAll("\\", "/") || ".";
}

export function quoted(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : JSON.stringify(path);
}
