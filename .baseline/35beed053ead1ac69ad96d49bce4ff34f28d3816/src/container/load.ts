/**
 * Imports a deployed artifact. The artifact is one bundled module without `farcall`: it gets the copy that runs
 * the container, so that the app it registers is the app that the container looks for. Other packages that were left out
 * (native ones) are resolved from the author's project, since the artifact itself is elsewhere.
 */
import { createRequire, registerHooks } from "node:module";
import { extname, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readSpecifier } from "../wire/specifiers.ts";
import { mapStacks } from "./stacks.ts";

/** The key under which an artifact finds the folder that its author's paths (`import.meta.url`, `__dirname`) are relative to. */
const ROOT = Symbol.for("farcall.root");

/**
 * The artifact's CommonJS modules by their paths relative to the project. What is loaded beside the artifact (native
 * packages, computed requires) and requires one of them gets that one, so that there is one copy of its state.
 */
const BUNDLED = Symbol.for("farcall.bundled");
const bundled = new Map<string, () => unknown>();

const extension = extname(import.meta.url);
let artifactUrl: string | undefined;
let rootUrl = "";

/** Runs once, before the artifact is loaded; also loads the module that the artifact will import as `farcall`. */
export async function installHooks(): Promise<void> {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "farcall") return ours("../index");
      if (specifier.startsWith("farcall/")) return ours(`../${specifier.slice("farcall/".length)}/index`);
      const left = readSpecifier(specifier);
      if (left) {
        const module = new URL(left.module, rootUrl).href;
        if (!context.conditions.includes("require")) return next(left.specifier, { ...context, parentURL: module });
        return { url: pathToFileURL(createRequire(module).resolve(left.specifier)).href, shortCircuit: true };
      }
      if (artifactUrl === undefined || context.parentURL !== artifactUrl || !isBare(specifier)) {
        return next(specifier, context);
      }
      // For `require`, Node resolves from the requiring module, whatever the context says.
      if (context.conditions.includes("require")) {
        return { url: pathToFileURL(createRequire(rootUrl).resolve(specifier)).href, shortCircuit: true };
      }
      return next(specifier, { ...context, parentURL: rootUrl });
    },
    load(url, context, next) {
      const module = context.conditions.includes("require") ? bundledModule(url) : undefined;
      if (module === undefined) return next(url, context);
      const source = `module.exports = globalThis[Symbol.for("farcall.bundled")].get(${JSON.stringify(module)})();`;
      return { format: "commonjs", source, shortCircuit: true };
    },
  });
  const name = "farcall"; // resolved by the hook, not by the compiler
  await import(name);
}

function bundledModule(url: string): string | undefined {
  if (bundled.size === 0 || !url.startsWith("file:")) return undefined;
  const path = relative(fileURLToPath(rootUrl), fileURLToPath(url)).split(sep).join("/");
  return bundled.has(path) ? path : undefined;
}

function ours(path: string) {
  return { url: new URL(path + extension, import.meta.url).href, shortCircuit: true };
}

/** Whether it names a package rather than a file, a URL or a Node built-in. */
function isBare(specifier: string): boolean {
  return /^(?:@|[^./#@:]+(?:\/|$))/.test(specifier) && !process.getBuiltinModule(specifier);
}

/**
 * Rejects with what the module throws; stacks already show the author's lines.
 * @param artifact absolute path of the module
 * @param root absolute folder of the author's project
 */
export async function loadArtifact(artifact: string, root: string): Promise<Record<string, unknown>> {
  artifactUrl = pathToFileURL(artifact).href;
  rootUrl = pathToFileURL(`${root}/`).href;
  Object.assign(globalThis, { [ROOT]: rootUrl, [BUNDLED]: bundled });
  mapStacks(artifactUrl, root);
  return (await import(artifactUrl)) as Record<string, unknown>;
}
