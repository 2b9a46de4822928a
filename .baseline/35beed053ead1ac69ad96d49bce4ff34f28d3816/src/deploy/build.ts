/**
 * From the author's module to what the registry takes. Bundling and importing happen in other processes while this one
 * reads the types, and what any of them finds is reported together where that helps.
 */
import { relative, resolve } from "node:path";
import type { BundleOptions } from "../config/config.ts";
import type { DeployRequest } from "../engine/index.ts";
import { AppReader, type IntrospectedApp, type Problem } from "../introspect/cache/index.ts";
import { InvalidError } from "../runtime/errors.ts";
import {
  type AppManifest,
  type FunctionSchema,
  type ResolvedFunctionOptions,
  SCHEMA_VERSION,
} from "../schema/index.ts";
import { count } from "../text/index.ts";
import type { InspectedApp } from "../wire/inspection.ts";
import { itemsOf } from "./batched.ts";
import { type Bundle, Bundler } from "./bundle.ts";
import { DeployError, type DeployStage } from "./errors.ts";
import { requireExport } from "./exported.ts";
import { inspect } from "./inspect.ts";
import { originOf, repositoryOf } from "./origin.ts";
import type { Project } from "./project.ts";
import { scheduleProblems } from "./scheduled.ts";
import { shownPath, shownRoot } from "./shown.ts";

export type OnProgress = (stage: DeployStage, detail?: string) => void;

export interface Built {
  request: DeployRequest;
  warnings: Problem[];
}

export interface BuildSettings {
  bundle?: BundleOptions | undefined;
  /** What is added to it, by the name of the app. */
  bundleOf?: Readonly<Record<string, BundleOptions>> | undefined;
  /** Environment variables that secrets are taken from. Default: those of this process. */
  variables?: NodeJS.ProcessEnv | undefined;
}

/** Builds an app again and again, reusing what has not changed. `dispose` when done. */
export class AppBuilder {
  readonly #project: Project;
  readonly #settings: BuildSettings;
  readonly #reader: AppReader;
  #bundler: Bundler | undefined;
  readonly #variables: NodeJS.ProcessEnv;
  #inspected: { hash: string; apps: InspectedApp[] } | undefined;
  #files: ReadonlySet<string>;
  #repository: ReturnType<typeof repositoryOf> | undefined;

  /** @param settings.variables the environment that the deploy runs in */
  constructor(project: Project, settings: BuildSettings = {}) {
    this.#project = project;
    this.#settings = settings;
    this.#variables = settings.variables ?? process.env;
    this.#reader = new AppReader(project.entry, project.root);
    this.#files = new Set([project.entry]);
  }

  /** Absolute paths of the files that the app is made of, as far as builds have found out, failed ones too. */
  get files(): ReadonlySet<string> {
    return this.#files;
  }

  get root(): string {
    return this.#project.root;
  }

  /** @param signal stops it: it rejects with the signal's reason */
  async build(environment: string, onProgress: OnProgress, signal?: AbortSignal): Promise<Built> {
    const { entry, root } = this.#project;
    const label = relative(root, entry);
    const shown = shownPath(root, entry);
    signal?.throwIfAborted();
    onProgress("bundle", shown);
    this.#repository ??= repositoryOf(root);
    const origin = settle(originOf(root, entry, this.#repository));
    // Settings of one app wait until the source has told its name: then the two go one after the other.
    const early = this.#settings.bundleOf === undefined ? settle(this.#bundle()) : undefined;
    // Loads the compiler while the bundler works, unless what it would find is known.
    await this.#reader.prepare();
    const read = () => attempt(() => this.#reader.read());
    const first = early ? undefined : read();
    const bundled = await (early ?? settle(this.#bundle(first && "value" in first ? first.value.app : undefined)));
    const inspecting = "value" in bundled ? settle(this.#inspect(bundled.value, shown, signal)) : undefined;
    // The child must be on its way before the compiler takes this thread.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    onProgress("introspect", shown);
    const introspected = first ?? read();
    onProgress("inspect", shown);
    const inspected = await inspecting;
    signal?.throwIfAborted();
    this.#noteFiles(bundled, introspected);
    // Types first: what they complain about is often what the others stumble over.
    const app = unwrap(introspected);
    const bundle = unwrap(bundled);
    const apps = unwrap(inspected!); // there is one when there is a bundle

    const inspectedApp = apps.find(({ name }) => name === app.app);
    if (inspectedApp?.exported === false) requireExport(app.app, entry, shownRoot(root), bundle.files);
    onProgress("check", count(app.functions.length, "function"));
    const functions = await mergeOptions(app, apps, label, shown);
    const manifest: AppManifest = {
      schemaVersion: SCHEMA_VERSION,
      app: app.app,
      environment,
      version: 0,
      deployedAt: "",
      language: "typescript",
      ...(app.doc !== undefined && { doc: app.doc }),
      declarations: app.declarations,
      functions,
      ...(app.classes.length > 0 && { classes: app.classes }),
    };
    return {
      request: {
        manifest,
        artifact: artifactOf(bundle),
        secrets: readSecrets(functions, this.#variables),
        origin: unwrap(await origin),
      },
      warnings: [...app.problems, ...bundle.warnings],
    };
  }

  async dispose(): Promise<void> {
    await this.#bundler?.dispose();
  }

  #bundle(app?: string): Promise<Bundle> {
    const { bundle, bundleOf } = this.#settings;
    const { entry, root } = this.#project;
    this.#bundler ??= new Bundler(entry, root, merged(bundle, app === undefined ? undefined : bundleOf?.[app]));
    return this.#bundler.build();
  }

  /** Equal code registers equal functions. */
  async #inspect(bundle: Bundle, label: string, signal: AbortSignal | undefined): Promise<InspectedApp[]> {
    if (this.#inspected?.hash !== bundle.hash) {
      this.#inspected = { hash: bundle.hash, apps: await inspect(artifactOf(bundle), label, this.#variables, signal) };
    }
    return this.#inspected.apps;
  }

  #noteFiles(bundled: Outcome<Bundle>, introspected: Outcome<IntrospectedApp>): void {
    const found = [
      this.#project.entry,
      ...("value" in bundled ? bundled.value.files : problemFiles(bundled.error)),
      ...("value" in introspected ? introspected.value.files : problemFiles(introspected.error)),
    ].map((file) => resolve(this.#project.root, file));
    const complete = "value" in bundled && "value" in introspected;
    this.#files = new Set(complete ? found : [...this.#files, ...found]);
  }
}

function merged(base: BundleOptions = {}, own: BundleOptions = {}): BundleOptions {
  return {
    external: [...(base.external ?? []), ...(own.external ?? [])],
    plugins: [...(base.plugins ?? []), ...(own.plugins ?? [])],
    loader: { ...base.loader, ...own.loader },
    define: { ...base.define, ...own.define },
    ...((base.conditions || own.conditions) && { conditions: [...(base.conditions ?? []), ...(own.conditions ?? [])] }),
  };
}

function problemFiles(error: unknown): string[] {
  const { problems = [] } = error as { problems?: readonly Problem[] };
  return problems.map(({ file }) => file);
}

function artifactOf({ hash, code, sourceMap, root }: Bundle): DeployRequest["artifact"] {
  return { hash, code, sourceMap, root };
}

/** Every function must be known from both sides: its types from the source, its options from what was registered. */
async function mergeOptions(
  app: IntrospectedApp,
  apps: readonly InspectedApp[],
  label: string,
  shown: string,
): Promise<FunctionSchema[]> {
  const inspected = apps.find(({ name }) => name === app.app);
  const registered = new Map(inspected?.functions.map((one) => [one.name, one]));
  const methods = methodOptions(app, inspected);
  const problems: Problem[] = [];
  const functions: FunctionSchema[] = [];
  for (const fn of app.functions) {
    const found = fn.class === undefined ? registered.get(fn.name) : methods.get(fn.name);
    registered.delete(fn.name);
    if (found) {
      const { options } = found;
      const own = options.batch ? itemsOf(fn, app.declarations, label, problems) : fn;
      functions.push({ ...own, options });
      if (options.schedule) problems.push(...(await scheduleProblems(own, options.schedule, label)));
      continue;
    }
    problems.push({
      severity: "error",
      file: fn.source?.file ?? label,
      line: fn.source?.line ?? 1,
      column: 1,
      message: `function ${fn.name} is in the source, but importing ${shown} does not register it`,
      hint: "Call app.function unconditionally when the module loads. A module marked as free of side effects is left out of the bundle.",
    });
  }
  const unread = [
    ...[...registered.keys()].map((name) => ["function", name] as const),
    ...(inspected?.classes ?? [])
      .filter(({ name }) => !app.classes.some((known) => known.name === name))
      .map(({ name }) => ["class", name] as const),
  ];
  for (const [noun, name] of unread) {
    problems.push({
      severity: "error",
      file: label,
      line: 1,
      column: 1,
      message: `importing ${shown} registers ${noun} ${name}, which is not found in the source`,
      hint: `Its types are unknown: register it with a call of app.${noun} that farcall can find in the source.`,
    });
  }
  if (problems.length > 0) {
    throw new DeployError("check", `app ${app.app} cannot be deployed`, problems);
  }
  return functions;
}

/** What was registered of each method, by its full name. */
function methodOptions(
  { classes }: IntrospectedApp,
  inspected: InspectedApp | undefined,
): ReadonlyMap<string, { options: ResolvedFunctionOptions }> {
  const known = new Set(classes.map(({ name }) => name));
  return new Map(
    (inspected?.classes ?? [])
      .filter(({ name }) => known.has(name))
      .flatMap(({ name, methods }) => methods.map((one) => [`${name}.${one.name}`, { options: one.options }])),
  );
}

function readSecrets(functions: readonly FunctionSchema[], variables: NodeJS.ProcessEnv): Record<string, string> {
  const users = new Map<string, string[]>();
  for (const { name, options } of functions) {
    for (const secret of options.secrets) users.set(secret, [...(users.get(secret) ?? []), name]);
  }
  const missing = [...users].filter(([secret]) => variables[secret] === undefined);
  if (missing.length > 0) {
    const list = missing.map(([secret, names]) => `${secret} (used by ${names.join(", ")})`).join("; ");
    throw new InvalidError(`missing secrets: ${list}`, {
      hint: "Set these environment variables in the shell that deploys, or name a file that has them with --env-file; the deploy copies their values.",
    });
  }
  return Object.fromEntries([...users.keys()].sort().map((secret) => [secret, variables[secret]!]));
}

// ---- outcomes ---------------------------------------------------------------------------------------------------

type Outcome<T> = { value: T } | { error: unknown };

function settle<T>(promise: Promise<T>): Promise<Outcome<T>> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

function attempt<T>(run: () => T): Outcome<T> {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
