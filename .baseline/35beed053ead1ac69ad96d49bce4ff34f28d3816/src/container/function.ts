/** Loads the function that the engine's load message names, or the instance whose methods the container runs. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type App, definitionsOf, hooksOf, isOfCodec, loadedApps, NotFoundError } from "../runtime/index.ts";
import { compileValidator } from "../schema/check/index.ts";
import { type AppManifest, printType } from "../schema/index.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";
import type { Loaded } from "./callable.ts";
import { loadInstance } from "./class.ts";
import { loadArtifact } from "./load.ts";
import { omitting } from "./omit.ts";
import { type Handler, jsonHandler } from "./web.ts";

export async function loadFunction(message: LoadMessage): Promise<Loaded> {
  // Calls that user code makes go to the engine that runs it; the adapter is loaded for the first of them.
  Object.assign(process.env, message.env, { FARCALL_ENGINE: message.engine });
  enterProject(message.root);
  const exports = await loadArtifact(message.artifact, message.root);
  const app = loadedApps().find((one) => one.name === message.app);
  if (!app) {
    const others = loadedApps().map((one) => one.name);
    throw new NotFoundError(`the artifact ${basename(message.artifact)} does not register an app ${message.app}`, {
      hint: others.length > 0 ? `It registers ${others.join(", ")}.` : "It does not register an app.",
    });
  }
  if (message.instance !== undefined) return loadInstance(app, exports, message, () => loadManifest(message));
  return loadOne(app, exports, message);
}

function loadOne(app: App, exports: Record<string, unknown>, message: LoadMessage): Loaded {
  const definition = definitionsOf(app, exports).find((one) => one.name === message.function);
  if (!definition) {
    throw new NotFoundError(
      `app ${message.app} does not register a function ${message.function} in version ${message.version}`,
      {
        hint: "Functions must be registered whenever the module is loaded, whatever its environment. Then deploy again.",
      },
    );
  }
  const { mode, options } = definition;
  const isManifestUsed = options.validate || options.web || options.omit;
  const manifest = isManifestUsed && message.manifest !== "" ? loadManifest(message) : undefined;
  const { omitted } = manifest?.functions.find((one) => one.name === message.function) ?? {};
  const fn = omitted ? omitting(definition.fn, message.mode === "generator", omitted) : definition.fn;
  const validate =
    options.validate && manifest ? compileValidator(message.function, manifest, printType, isOfCodec) : undefined;
  let handler: Handler | undefined;
  if (mode === "web") handler = fn as Handler;
  else if (options.web && manifest) handler = jsonHandler(fn, message.function, manifest, validate);
  const callable = { name: message.function, mode: message.mode, fn, validate, handler };
  return { callableOf: () => callable, hooks: hooksOf(app) };
}

/** Relative paths in user code are relative to the project, as they are when it runs locally. */
function enterProject(root: string): void {
  try {
    process.chdir(root);
  } catch {
    // The project has been moved or removed since the deploy: the artifact runs without it unless it needs a file there.
  }
}

function loadManifest(message: LoadMessage): AppManifest {
  return JSON.parse(readFileSync(message.manifest, "utf8")) as AppManifest; // written by the engine
}
