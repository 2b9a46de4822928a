/** Deploys an app: prepares it, compares it with what is deployed, registers it. */
import type { DeployResult, Engine } from "../engine/index.ts";
import type { Problem } from "../introspect/index.ts";
import { NotFoundError } from "../runtime/errors.ts";
import { deployerOf } from "../runtime/index.ts";
import { type AppManifest, compareManifests } from "../schema/index.ts";
import { AppBuilder, type BuildSettings, type Built, type OnProgress } from "./build.ts";
import { DeployError } from "./errors.ts";
import { findProject } from "./project.ts";

export type Comparison = ReturnType<typeof compareManifests>;

export interface DeployOptions extends BuildSettings {
  /** The module that exports the app; relative to the working directory. */
  entry: string;
  engine: Engine;
  /** Default: `main`. */
  environment?: string;
  /** The project's folder. Default: that of the nearest package.json. */
  root?: string;
  onProgress?: OnProgress;
  /** Reject with DeployError instead of deploying what callers of the version before could not call. */
  refuseBreaking?: boolean;
}

export interface Deployment extends DeployResult {
  warnings: Problem[];
  /** With the version before; absent when there is none. */
  comparison?: Comparison;
}

const DEFAULT_ENVIRONMENT = "main";

/**
 * Rejects with IntrospectionError (types), DeployError (bundling, importing, a function on one side only, a breaking
 * change that is refused), InvalidError (no such entry, missing secrets) or what the engine rejects with.
 */
export async function deployApp(options: DeployOptions): Promise<Deployment> {
  const builder = new AppBuilder(findProject(options.entry, options.root), options);
  try {
    return await buildAndRegister(builder, options);
  } finally {
    await builder.dispose();
  }
}

export async function buildAndRegister(builder: AppBuilder, options: DeployOptions): Promise<Deployment> {
  const { environment = DEFAULT_ENVIRONMENT, onProgress = () => {} } = options;
  return register(await builder.build(environment, onProgress), options);
}

async function register(
  { request, warnings }: Built,
  { engine, refuseBreaking, onProgress }: DeployOptions,
): Promise<Deployment> {
  const { manifest } = request;
  if (refuseBreaking) await refuseBreakingChanges(engine, manifest);
  onProgress?.("register", `${manifest.app} (${manifest.environment})`);
  const result = await deployerOf(engine).deploy(request);
  const comparison = result.changed && result.previous && compareManifests(result.previous, result.manifest);
  return { ...result, warnings, ...(comparison && { comparison }) };
}

async function refuseBreakingChanges(engine: Engine, manifest: AppManifest): Promise<void> {
  const before = await deployedManifest(engine, manifest);
  if (!before) return;
  const breaking = compareManifests(before, manifest).filter(({ verdict }) => verdict === "breaking");
  if (breaking.length === 0) return;
  const reasons = breaking.map(({ name, reasons }) => `${name}: ${reasons.join("; ")}`);
  throw new DeployError(
    "register",
    [`version ${before.version} of app ${manifest.app} has callers that this would break`, ...reasons].join("\n"),
    [],
    { hint: "Keep what callers use, add a function under a new name, or deploy without --no-breaking." },
  );
}

async function deployedManifest(engine: Engine, { app, environment }: AppManifest): Promise<AppManifest | undefined> {
  try {
    return (await engine.registry.getManifest({ app, environment })).manifest;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined; // The first deploy breaks nobody.
    throw error;
  }
}
