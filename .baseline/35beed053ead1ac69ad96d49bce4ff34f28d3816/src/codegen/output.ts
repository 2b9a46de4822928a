/** One output of a config, once its apps are chosen: manifests, plan, file contents, and the changes on disk. */
import { join } from "node:path";
import {
  type AppPlan,
  chooseFunctions,
  compareApps,
  type LockedManifest,
  lockManifest,
  namesOf,
  type Plan,
  planFiles,
} from "../plan/index.ts";
import { NotFoundError } from "../runtime/errors.ts";
import { packageVersion } from "../text/index.ts";
import { type ChosenRef, keyOf, lockSource, type Source } from "./choose.ts";
import { compareFiles, fingerprints, LOCK_FILE, readIfPresent, refuseOutside, withMarker } from "./files/index.ts";
import { callHook, fileProblem, manifestProblem, planProblem, textProblem } from "./hooks.ts";
import { type Lock, printLock, readLock } from "./lock-file.ts";
import { type ModuleStyle, moduleStyle } from "./project.ts";
import type { Settings } from "./settings.ts";
import { declarationMap } from "./source-maps.ts";
import type { OutputResult, PlacedOutput } from "./steps.ts";
import { layoutOf, loadTemplates, renderPlan } from "./templates/index.ts";

/** The remaining steps. Writes nothing. */
export async function buildOutput(request: PlacedOutput): Promise<OutputResult> {
  const { settings, source, refs, etags, declaredElsewhere, known, onProgress } = request;
  const folder = settings.output;
  const warnings: string[] = [];
  const before = await previousLock(join(folder, LOCK_FILE), warnings);
  const manifests = await readManifests(
    refs,
    source,
    known && before ? { etags: known.etags, lock: before } : undefined,
  );
  const { plan, style } = await planOutput(settings, refs, manifests, declaredElsewhere);

  onProgress("writing stubs");
  const templates = await loadTemplates(settings.templates);
  const layout = layoutOf(settings.emit, style.fileExtension, style.isModulePackage);
  const texts = await hookFiles(settings, renderPlan(plan, templates, layout));
  for (const { suffix } of layout.filter(({ template }) => template === ".d.ts")) {
    for (const app of plan.apps) addMap(texts, app, suffix, folder, request.root);
  }
  const lock = lockOf(refs, manifests, [...texts.keys()]);
  texts.set(LOCK_FILE, printLock(lock));

  const files = compareFiles(folder, texts, new Set(before?.files));
  if (!settings.allowOutside)
    for (const { path, status } of files) if (status === "changed") refuseOutside(request.root, path);
  const changes = before ? compareApps(before.apps, lock.apps) : [];
  const isChanged = files.some(({ status }) => status !== "unchanged");
  if (isChanged && before && before.generator !== packageVersion() && changes.length === 0) {
    warnings.push(
      `these stubs came from farcall ${before.generator}; version ${packageVersion()} generates different code`,
    );
  }
  const apps = plan.apps.map(({ app, environment, functions, classes }) => ({
    app,
    environment,
    functions: classes.reduce((count, { methods }) => count + methods.length, functions.length),
  }));
  const inputs = [...style.inputs, ...templates.inputs];
  const notes = [`${folder}: ${style.reason}`];
  const isForeseeable = !settings.rename && !settings.format && settings.plugins.length === 0;
  return {
    folder,
    files,
    changes,
    warnings,
    notes,
    inputs,
    apps,
    state: isForeseeable ? { etags, declaredElsewhere, apps, notes, inputs: fingerprints(inputs) } : undefined,
  };
}

/** Decides everything that does not depend on templates. */
export async function planOutput(
  settings: Settings,
  refs: readonly ChosenRef[],
  manifests: ReadonlyMap<string, LockedManifest>,
  declaredElsewhere: readonly string[],
): Promise<{ plan: Plan; style: ModuleStyle }> {
  const style = await moduleStyle(settings.output);
  const chosen = await Promise.all(
    refs.map(async (ref) => {
      let manifest = chooseFunctions(manifests.get(keyOf(ref))!, ref.functions);
      for (const { name, onManifest } of settings.plugins) {
        if (!onManifest) continue;
        // A copy, so that a hook that changes its argument does not change the lock.
        const copy = structuredClone(manifest);
        manifest = await callHook(`the hook onManifest of the plugin ${name}`, copy, onManifest, manifestProblem);
      }
      return { manifest, as: ref.as };
    }),
  );
  const { importExtension: wanted } = settings;
  const derived = settings.emit === "ts" ? style.importExtension : style.isModulePackage ? ".js" : ".mjs";
  const importExtension = wanted === "none" ? "" : (wanted ?? derived);
  let plan = planFiles(chosen, { ...settings, importExtension, declaredElsewhere, runtime: style.runtime });
  for (const { name, onPlan } of settings.plugins) {
    if (onPlan) plan = await callHook(`the hook onPlan of the plugin ${name}`, plan, onPlan, planProblem);
  }
  return { plan, style };
}

/** The chosen apps' manifests, taken from the lock where it is known to be current. */
export async function readManifests(
  refs: readonly ChosenRef[],
  source: Source,
  current?: { etags: Record<string, string>; lock: Lock },
): Promise<Map<string, LockedManifest>> {
  const manifests = new Map<string, Promise<LockedManifest>>();
  const locked = current && lockSource(current.lock, LOCK_FILE);
  for (const ref of refs) {
    const key = keyOf(ref);
    if (manifests.has(key)) continue;
    manifests.set(key, locked && current.etags[key] === ref.etag ? locked.manifest(ref) : source.manifest(ref));
  }
  return new Map(await Promise.all([...manifests].map(async ([key, manifest]) => [key, await manifest] as const)));
}

async function hookFiles(settings: Settings, texts: Map<string, string>): Promise<Map<string, string>> {
  const { output, plugins, format } = settings;
  const result = new Map<string, string>();
  for (const [name, text] of texts) {
    let file = { path: join(output, name), text };
    for (const { name: plugin, onFile } of plugins) {
      if (!onFile) continue;
      const { text } = await callHook(`the hook onFile of the plugin ${plugin}`, { ...file }, onFile, fileProblem);
      file = { ...file, text };
    }
    const { path } = file;
    const formatted = format
      ? await callHook("the config's format", file.text, (source) => format(source, { path }), textProblem)
      : file.text;
    result.set(name, withMarker(formatted));
  }
  return result;
}

function addMap(texts: Map<string, string>, app: AppPlan, suffix: string, folder: string, root: string): void {
  const name = app.file + suffix;
  const text = texts.get(name)!;
  const map = declarationMap(app, join(folder, name), text, root);
  if (map === undefined) return;
  texts.set(name, `${text}//# sourceMappingURL=${name}.map\n`);
  texts.set(`${name}.map`, map);
}

/** What the lock keeps for each app: every function in any of the output's files. */
function lockOf(refs: readonly ChosenRef[], manifests: ReadonlyMap<string, LockedManifest>, files: string[]): Lock {
  const apps = [...manifests].map(([key, manifest]) => {
    const subsets = refs.filter((ref) => keyOf(ref) === key).map((ref) => chooseFunctions(manifest, ref.functions));
    const names = new Set(subsets.flatMap((subset) => [...namesOf(subset)]));
    return names.size === namesOf(manifest).size ? manifest : lockManifest(manifest, (name) => names.has(name));
  });
  return { generator: packageVersion(), files, apps };
}

/** Rejects with NotFoundError when the folder has no lock. */
export async function offlineSource(folder: string): Promise<Source> {
  const path = join(folder, LOCK_FILE);
  const text = readIfPresent(path);
  if (text !== undefined) return lockSource(await readLock(text, path), path);
  throw new NotFoundError(`${path} does not exist, and --offline needs it`, {
    hint: "Run `farcall codegen` once where the engine can be reached, and keep the lock file with the sources.",
  });
}

/** A lock that cannot be read does not prevent writing a new one. */
async function previousLock(path: string, warnings: string[]): Promise<Lock | undefined> {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return await readLock(text, path);
  } catch (error) {
    warnings.push(`${(error as Error).message}; a new one is written`);
    return undefined;
  }
}
