/** What is deployed, as the page shows it: apps, functions, and what changed from one version to another. */
import { diffArrays } from "diff";
import type { AppRef, Registry } from "../engine/index.ts";
import {
  type AppManifest,
  compareManifests,
  type Declaration,
  docParts,
  type FunctionSchema,
  printDeclaration,
  reachable,
  signatureText,
} from "../schema/index.ts";
import type { AppView, DiffLine, DiffView, FunctionSummary, FunctionView, TypeView } from "./api.ts";
import { formOf } from "./form.ts";

export async function appView(registry: Registry, ref: AppRef): Promise<AppView> {
  const manifest = await manifestOf(registry, ref);
  const { app, environment, version, deployedAt, language } = manifest;
  return {
    name: app,
    doc: manifest.doc ?? "",
    environment,
    version,
    newest: await newestOf(registry, ref, version),
    deployedAt,
    language,
    functions: manifest.functions.map(summaryOf),
    types: manifest.declarations.map(typeView),
  };
}

/** Rejects with NotFoundError that names the nearest functions. */
export async function functionView(registry: Registry, ref: AppRef & { name: string }): Promise<FunctionView> {
  const { schema: fn, version, webUrl } = await registry.resolve(ref);
  const manifest = await manifestOf(registry, { ...ref, version });
  const signatures = fn.overloads ?? [fn];
  const why = notCallable(fn);
  const documented = new Map(signatures.flatMap(({ parameters }) => parameters).map((each) => [each.name, each]));
  return {
    ...summaryOf(fn),
    app: ref.app,
    environment: ref.environment,
    version,
    deployedAt: manifest.deployedAt,
    tags: docParts(fn.doc).tags ?? "",
    parameters: [...documented.values()].flatMap(({ name, doc, default: value }) =>
      doc === undefined && value === undefined
        ? []
        : [{ name, doc: doc ?? "", ...(value !== undefined && { default: value }) }],
    ),
    options: optionsOf(fn),
    signature: fn.signature,
    ...(fn.source && { source: `${fn.source.file}:${fn.source.line}` }),
    ...(webUrl !== undefined && { webUrl }),
    types: reachable([fn], manifest.declarations).map(typeView),
    forms:
      why === undefined ? signatures.map((each) => formOf(each, manifest.declarations, signatureText(fn, each))) : [],
    ...(why !== undefined && { notCallable: why }),
  };
}

export async function diffView(registry: Registry, ref: AppRef, from: number, to: number): Promise<DiffView> {
  const before = await manifestOf(registry, { ...ref, version: from });
  const after = await manifestOf(registry, { ...ref, version: to });
  const functions = compareManifests(before, after).map((comparison) => ({
    ...comparison,
    lines: diffLines(functionText(before, comparison.name), functionText(after, comparison.name)),
  }));
  const names = [...new Set([...before.declarations, ...after.declarations].map(({ name }) => name))];
  const types = names.map((name) => ({ name, lines: diffLines(typeText(before, name), typeText(after, name)) }));
  return {
    app: ref.app,
    environment: ref.environment,
    from,
    to,
    newest: await newestOf(registry, ref, to),
    functions,
    types: types.filter(({ lines }) => lines.some(({ sign }) => sign !== " ")),
  };
}

async function manifestOf(registry: Registry, ref: AppRef): Promise<AppManifest> {
  const { manifest } = await registry.getManifest(ref);
  // Present, since no etag was given.
  return manifest as AppManifest;
}

async function newestOf(registry: Registry, { app, environment, version }: AppRef, found: number): Promise<number> {
  if (version === undefined) return found;
  const apps = await registry.listApps({ environment });
  return apps.find((each) => each.app === app)?.version ?? found;
}

function summaryOf(fn: FunctionSchema): FunctionSummary {
  const { text = "", deprecated } = docParts(fn.doc);
  return { name: fn.name, mode: fn.mode, doc: text, deprecated, signatures: signaturesOf(fn) };
}

function signaturesOf(fn: FunctionSchema): string[] {
  return (fn.overloads ?? [fn]).map((call) => signatureText(fn, call));
}

function typeView(declaration: Declaration): TypeView {
  return {
    name: declaration.name,
    doc: docParts(declaration.doc).text ?? "",
    code: printDeclaration(declaration).replace(/^export /, ""),
  };
}

function notCallable(fn: FunctionSchema): string | undefined {
  if (fn.mode === "web") return "A web function answers HTTP requests: open its URL.";
  if (fn.class !== undefined) return "A method needs an instance of its class: call it from a program.";
  return undefined;
}

/** What is worth saying: the usual is left out. */
function optionsOf({ options }: FunctionSchema): [string, string][] {
  const { retries, concurrency, batch, schedule, secrets } = options;
  const rows: [string, string | undefined][] = [
    ["timeout", milliseconds(options.timeoutMs)],
    ["retries", retries.maxRetries > 0 ? String(retries.maxRetries) : undefined],
    ["containers", `${options.minContainers} to ${options.maxContainers === 0 ? "cores" : options.maxContainers}`],
    ["kept warm for", milliseconds(options.scaledownWindowMs)],
    ["spare containers", options.bufferContainers > 0 ? String(options.bufferContainers) : undefined],
    ["inputs at a time", concurrency.maxInputs > 1 ? String(concurrency.maxInputs) : undefined],
    ["batch", batch && `up to ${batch.maxSize}, waiting ${milliseconds(batch.waitMs)}`],
    [
      "schedule",
      schedule &&
        (schedule.kind === "cron"
          ? `${schedule.expression} (${schedule.timezone})`
          : `every ${milliseconds(schedule.everyMs)}`),
    ],
    ["memory", options.memoryMiB > 0 ? `${options.memoryMiB} MiB` : undefined],
    ["secrets", secrets.length > 0 ? secrets.join(", ") : undefined],
    ["arguments", options.validate ? undefined : "not checked"],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as [string, string]]));
}

function milliseconds(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms >= 1_000 && ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

/** A signature a line for each of its parameters, so that a diff shows which of them changed. */
function functionText(manifest: AppManifest, name: string): string[] {
  const fn = manifest.functions.find((each) => each.name === name);
  if (!fn) return [];
  const doc = fn.doc ? ["/**", ...fn.doc.split("\n").map((line) => ` * ${line}`.trimEnd()), " */"] : [];
  return [...doc, ...signaturesOf(fn)];
}

function typeText(manifest: AppManifest, name: string): string[] {
  const declaration = manifest.declarations.find((each) => each.name === name);
  return declaration
    ? printDeclaration(declaration)
        .replace(/^export /, "")
        .split("\n")
    : [];
}

function diffLines(before: string[], after: string[]): DiffLine[] {
  return diffArrays(before, after).flatMap(({ value, added, removed }) =>
    value.map((text): DiffLine => ({ sign: added ? "+" : removed ? "-" : " ", text })),
  );
}
