/** The manifest of a deployed app, from the types that farcall's helper has sent along, or else from what Modal records. */
import type { AppRef } from "../../../engine/index.ts";
import {
  type AppManifest,
  type ClassSchema,
  constructorOf,
  type FunctionSchema,
  type ResolvedFunctionOptions,
  SCHEMA_VERSION,
  signatureOf,
} from "../../../schema/index.ts";
import { isCarrier, type Published, type PublishedFunction, readCarrier } from "./carrier.ts";
import { COARSE_APP, COARSE_FUNCTION, coarseConstructor, coarseFunction } from "./coarse.ts";
import type { Layout } from "./layout.ts";

export interface ManifestParts {
  manifest: AppManifest;
  /** Names of the functions that convert what they get and give, when asked to. */
  typed: ReadonlySet<string>;
}

/** Modal tells nobody the options of a function: these are its own defaults. */
const OPTIONS: ResolvedFunctionOptions = {
  retries: { maxRetries: 0, backoffCoefficient: 1, initialDelayMs: 1000, maxDelayMs: 60_000 },
  timeoutMs: 300_000,
  startupTimeoutMs: 300_000,
  minContainers: 0,
  maxContainers: 0,
  bufferContainers: 0,
  scaledownWindowMs: 60_000,
  concurrency: { maxInputs: 1 },
  secrets: [],
  env: {},
  memoryMiB: 0,
  validate: false,
};

/** @param deployedAt ISO 8601 */
export function buildManifest(ref: AppRef & { version: number }, deployedAt: string, layout: Layout): ManifestParts {
  const { app, environment, version } = ref;
  const published = readCarrier(app, new Map([...layout].map(([tag, { metadata }]) => [tag, metadata])));
  const declarations = published?.declarations ?? [];
  const classes = classesOf(layout, published).map((each): ClassSchema => {
    return { ...each, signature: signatureOf(constructorOf(each), declarations) };
  });
  const typed = new Set<string>();
  const functions = functionsOf(layout, published).map(({ typed: converts, ...fn }): FunctionSchema => {
    if (converts) typed.add(fn.name);
    const owner = classes.find(({ name }) => name === fn.class);
    return { ...fn, options: OPTIONS, signature: signatureOf(fn, declarations, owner) };
  });
  const manifest: AppManifest = {
    schemaVersion: SCHEMA_VERSION,
    app,
    environment,
    version,
    deployedAt,
    language: "python",
    ...docOf(published),
    declarations,
    functions,
    ...(classes.length > 0 && { classes }),
  };
  return { manifest, typed };
}

function docOf(published: Published | undefined): { doc?: string } {
  if (!published) return { doc: COARSE_APP };
  return published.doc === undefined ? {} : { doc: published.doc };
}

function classesOf(layout: Layout, published: Published | undefined): Omit<ClassSchema, "signature">[] {
  return [...layout].flatMap(([tag, { metadata }]) => {
    if (isCarrier(tag) || !tag.endsWith(".*")) return [];
    const name = tag.slice(0, -2);
    const known = published?.classes?.find((each) => each.name === name);
    return [known ?? { name, constructors: [{ parameters: coarseConstructor(metadata) }] }];
  });
}

/** What is deployed, whether the helper has described it or not. */
function functionsOf(layout: Layout, published: Published | undefined): PublishedFunction[] {
  const described = new Map(published?.functions.map((fn) => [fn.name, fn]));
  const coarse = (...given: Parameters<typeof coarseFunction>): PublishedFunction => ({
    ...coarseFunction(...given),
    ...(published && { doc: COARSE_FUNCTION }),
  });
  return [...layout].flatMap(([tag, { metadata }]) => {
    if (isCarrier(tag)) return [];
    if (!tag.endsWith(".*")) return [described.get(tag) ?? coarse(tag, metadata)];
    const methods = Object.entries(metadata.methodHandleMetadata);
    const of = { name: tag.slice(0, -2), methods: methods.length };
    return methods.map(([method, own]) => {
      const name = `${of.name}.${method}`;
      return described.get(name) ?? coarse(name, own, of);
    });
  });
}
