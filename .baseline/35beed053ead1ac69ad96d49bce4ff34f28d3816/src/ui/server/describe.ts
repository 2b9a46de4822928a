/** What is deployed, as the page shows it: apps, functions, and what changed from one version to another. */
import { diffArrays } from "diff";
import { type AppRef, type Engine, type Registry, shortRevision } from "../../engine/index.ts";
import { NotFoundError } from "../../runtime/index.ts";
import {
  type AppManifest,
  type CallSignature,
  type ClassSchema,
  classOf,
  compareManifests,
  constructorOf,
  constructorText,
  type Declaration,
  docParts,
  docTags,
  type FunctionSchema,
  keyText,
  methodsOf,
  printDeclaration,
  printDocumented,
  reachable,
  signatureText,
} from "../../schema/index.ts";
import type {
  AppView,
  ClassSummary,
  ClassView,
  Described,
  DiffLine,
  DiffView,
  Form,
  FunctionSummary,
  FunctionView,
  TypeView,
  VersionView,
} from "../api.ts";
import { inFormOrder } from "./arguments.ts";
import { formOf } from "./form.ts";

export async function appView(registry: Registry, ref: AppRef): Promise<AppView> {
  const manifest = await manifestOf(registry, ref);
  const { app, environment, version, deployedAt, language } = manifest;
  const versions = await versionsOf(registry, ref);
  return {
    name: app,
    doc: manifest.doc ?? "",
    environment,
    version,
    newest: versions[0]?.version ?? version,
    versions,
    deployedAt,
    language,
    functions: await Promise.all(
      manifest.functions.filter((fn) => fn.class === undefined).map((fn) => scheduledSummary(registry, manifest, fn)),
    ),
    classes: (manifest.classes ?? []).map((of) => classSummary(of, manifest)),
    types: manifest.declarations.map(typeView),
  };
}

/** Rejects with NotFoundError that names the nearest functions. */
export async function functionView(
  { registry, deployer }: Pick<Engine, "registry" | "deployer">,
  ref: AppRef & { name: string },
): Promise<FunctionView> {
  const { schema: fn, version, webUrl, nextRunAt } = await registry.resolve(ref);
  const manifest = await manifestOf(registry, { ...ref, version });
  const signatures = fn.overloads ?? [fn];
  const web = fn.mode === "web";
  const of = classOf(fn, manifest);
  const forms = (calls: readonly CallSignature[], text: (call: CallSignature) => string): Form[] =>
    calls.map((each) => formOf(inFormOrder(each), manifest.declarations, text(each)));
  return {
    ...summaryOf(fn),
    ...(nextRunAt !== undefined && { nextRunAt }),
    ...described(fn, manifest, [fn, ...(of ? [constructorOf(of)] : [])]),
    // Of what another tool has deployed, its options are not known.
    options: deployer ? optionsOf(fn) : [],
    ...(webUrl !== undefined && { webUrl }),
    forms: web ? [] : forms(signatures, (each) => signatureText(fn, each)),
    ...(web && { notCallable: "A web function answers HTTP requests: open its URL." }),
    ...(of && {
      class: { name: of.name, forms: forms(constructorCalls(of), (each) => constructorText(of, each)) },
    }),
  };
}

/** Rejects with NotFoundError. */
export async function classView(registry: Registry, ref: AppRef & { name: string }): Promise<ClassView> {
  const manifest = await manifestOf(registry, ref);
  const of = manifest.classes?.find(({ name }) => name === ref.name);
  if (!of) {
    throw new NotFoundError(`${ref.app}, version ${manifest.version}, has no class ${ref.name}`, {
      hint: "The app's page lists its classes.",
    });
  }
  const construct = constructorOf(of);
  const docs = [...new Set([of.doc, ...of.constructors.map((each) => each.doc)])];
  return {
    ...classSummary(of, manifest),
    ...described({ ...of, ...construct }, manifest, [construct, ...methodsOf(of.name, manifest)]),
    doc: docs.flatMap((doc) => docParts(doc).text ?? []).join("\n\n"),
    tags: docs.flatMap((doc) => docTags(docParts(doc).tags)),
  };
}

type Callable = Omit<FunctionSchema, "options" | "signature">;

function described(
  fn: Callable & { signature: string },
  { app, environment, version, deployedAt, declarations, functions, classes = [] }: AppManifest,
  users: readonly Callable[],
): Described {
  const parameters = (fn.overloads ?? [fn]).flatMap((call) => call.parameters);
  const documented = new Map(parameters.map((each) => [each.name, each]));
  return {
    app,
    environment,
    version,
    deployedAt,
    tags: docTags(docParts(fn.doc).tags),
    functions: functions.map(({ name }) => name),
    classes: classes.map(({ name }) => name),
    parameters: [...documented.values()].flatMap(({ name, doc, default: value }) =>
      doc === undefined && value === undefined
        ? []
        : [{ name, doc: doc ?? "", ...(value !== undefined && { default: value }) }],
    ),
    signature: fn.signature,
    ...(fn.source && { source: `${fn.source.file}:${fn.source.line}` }),
    types: reachable(users, declarations).map(typeView),
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
    versions: await versionsOf(registry, ref),
    functions,
    types: types.filter(({ lines }) => lines.some(({ sign }) => sign !== " ")),
  };
}

async function manifestOf(registry: Registry, ref: AppRef): Promise<AppManifest> {
  const { manifest } = await registry.getManifest(ref);
  // Present, since no etag was given.
  return manifest as AppManifest;
}

async function versionsOf(registry: Registry, { app, environment }: AppRef): Promise<VersionView[]> {
  const history = await registry.history({ app, environment });
  return history.map(({ version, deployedAt, rollbackOf, origin }) => ({
    version,
    deployedAt,
    ...(rollbackOf !== undefined && { rollbackOf }),
    ...(origin?.revision !== undefined && { revision: shortRevision(origin.revision) }),
  }));
}

/** With its next run, which only the engine knows. */
async function scheduledSummary(
  registry: Registry,
  { app, environment, version }: AppManifest,
  fn: FunctionSchema,
): Promise<FunctionSummary> {
  if (!fn.options.schedule) return summaryOf(fn);
  const { nextRunAt } = await registry.resolve({ app, environment, version, name: fn.name });
  return { ...summaryOf(fn), ...(nextRunAt !== undefined && { nextRunAt }) };
}

function summaryOf(fn: FunctionSchema): FunctionSummary {
  const { text = "", deprecated } = docParts(fn.doc);
  const schedule = scheduleText(fn);
  return {
    name: fn.name,
    mode: fn.mode,
    doc: text,
    deprecated,
    signatures: signaturesOf(fn),
    ...(schedule !== undefined && { schedule }),
  };
}

function classSummary(of: ClassSchema, manifest: AppManifest): ClassSummary {
  const { text = "", deprecated } = docParts(of.doc);
  return {
    name: of.name,
    doc: text,
    deprecated,
    constructors: constructorCalls(of).map((call) => constructorText(of, call)),
    methods: methodsOf(of.name, manifest).map(summaryOf),
  };
}

function constructorCalls(of: ClassSchema): readonly CallSignature[] {
  const construct = constructorOf(of);
  return construct.overloads ?? [construct];
}

function signaturesOf(fn: FunctionSchema): string[] {
  return (fn.overloads ?? [fn]).map((call) => signatureText(fn, call));
}

function typeView(declaration: Declaration): TypeView {
  return {
    name: declaration.name,
    doc: docParts(declaration.doc).text ?? "",
    tags: docTags(docParts(declaration.doc).tags),
    code: codeOf(declaration),
  };
}

function codeOf(declaration: Declaration): string {
  return printDocumented(comment, () => printDeclaration(declaration)).replace(/^export /, "");
}

function comment(doc: string, indent: string): string {
  const lines = doc.trim().replaceAll("*/", "*\\/").split("\n");
  if (lines.length === 1) return `${indent}/** ${lines[0]} */`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join("\n");
}

/** What is worth saying: the usual is left out. */
function optionsOf(schema: FunctionSchema): [string, string][] {
  const { options } = schema;
  const { retries, concurrency, limit, batch, secrets } = options;
  const rows: [string, string | undefined][] = [
    ["timeout", milliseconds(options.timeoutMs)],
    ["retries", retries.maxRetries > 0 ? String(retries.maxRetries) : undefined],
    ["containers", `${options.minContainers} to ${options.maxContainers === 0 ? "cores" : options.maxContainers}`],
    ["kept warm for", milliseconds(options.scaledownWindowMs)],
    ["spare containers", options.bufferContainers > 0 ? String(options.bufferContainers) : undefined],
    ["inputs at a time", concurrency.maxInputs > 1 ? String(concurrency.maxInputs) : undefined],
    ["batch", batch && `up to ${batch.maxSize}, waiting ${milliseconds(batch.waitMs)}`],
    [
      "inputs of a key at a time",
      concurrency.key && `${concurrency.perKey} of ${keyText(schema.parameters, concurrency.key)}`,
    ],
    [
      "limit",
      limit &&
        `${limit.count} starts in ${milliseconds(limit.perMs)}${limit.key ? ` of each ${keyText(schema.parameters, limit.key)}` : ""}`,
    ],
    ["memory", options.memoryMiB > 0 ? `${options.memoryMiB} MiB` : undefined],
    ["secrets", secrets.length > 0 ? secrets.join(", ") : undefined],
    ["arguments", options.validate ? undefined : "not checked"],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as [string, string]]));
}

function scheduleText({ options: { schedule } }: FunctionSchema): string | undefined {
  if (!schedule) return undefined;
  if (schedule.kind === "cron") return `${schedule.expression} (${schedule.timezone})`;
  return `every ${milliseconds(schedule.everyMs)}`;
}

function milliseconds(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms >= 1_000 && ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

/** A signature a line for each of its parameters, so that a diff shows which of them changed. */
function functionText(manifest: AppManifest, name: string): string[] {
  const fn = manifest.functions.find((each) => each.name === name);
  if (fn) return [...docLines(fn.doc), ...signaturesOf(fn)];
  const of = manifest.classes?.find((each) => each.name === name);
  return of ? [...docLines(of.doc), ...constructorCalls(of).map((call) => constructorText(of, call))] : [];
}

function docLines(doc: string | undefined): string[] {
  return doc ? ["/**", ...doc.split("\n").map((line) => ` * ${line}`.trimEnd()), " */"] : [];
}

function typeText(manifest: AppManifest, name: string): string[] {
  const declaration = manifest.declarations.find((each) => each.name === name);
  return declaration ? codeOf(declaration).split("\n") : [];
}

function diffLines(before: string[], after: string[]): DiffLine[] {
  return diffArrays(before, after).flatMap(({ value, added, removed }) =>
    value.map((text): DiffLine => ({ sign: added ? "+" : removed ? "-" : " ", text })),
  );
}
