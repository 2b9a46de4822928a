/** Deploys an app: prepares it, compares it with what is deployed, registers it. */
import type { DeployRequest, DeployResult, Engine } from "../engine/index.ts";
import type { Problem } from "../introspect/index.ts";
import { NotFoundError } from "../runtime/errors.ts";
import { DEFAULT_ENVIRONMENT, deployerOf } from "../runtime/index.ts";
import { type AppManifest, compareManifests } from "../schema/index.ts";
import { AppBuilder, type BuildSettings, type Built, type OnProgress } from "./build.ts";
import { DeployError } from "./errors.ts";
import { isOthers, takeOverError } from "./owner.ts";
import { findProject } from "./project.ts";
import { type Removal, removalError, removedFunctions } from "./removal.ts";
import { shownError, shownProblem } from "./shown.ts";

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
  /** Stops the deploy unless it is being registered: then what is registered stays, and the deploy resolves. */
  signal?: AbortSignal;
  /** Reject with DeployError instead of deploying what callers of the version before could not call. */
  refuseBreaking?: boolean;
  /** Deploy also when the app is another project's. */
  takeOver?: boolean;
  /** Called before a deploy that removes functions; false stops it. Default: stop it. */
  onRemoval?: (removal: Removal) => boolean | Promise<boolean>;
}

export interface Deployment extends DeployResult {
  warnings: Problem[];
  /** With the version before; absent when there is none. */
  comparison?: Comparison;
}

/**
 * Rejects with IntrospectionError (types), DeployError (bundling, importing, a function on one side only, a breaking
 * change that is refused), InvalidError (no such entry, missing secrets) or what the engine rejects with.
 */
export async function deployApp(options: DeployOptions): Promise<Deployment> {
  // Before a file is read, which may be one of the tool that deploys there.
  deployerOf(options.engine);
  const builder = new AppBuilder(findProject(options.entry, options.root), options);
  try {
    return await buildAndRegister(builder, options);
  } finally {
    await builder.dispose();
  }
}

export async function buildAndRegister(builder: AppBuilder, options: DeployOptions): Promise<Deployment> {
  const { environment = DEFAULT_ENVIRONMENT, onProgress = () => {}, signal } = options;
  const { root } = builder;
  try {
    const built = await builder.build(environment, onProgress, signal);
    return await register({ ...built, warnings: built.warnings.map((one) => shownProblem(root, one)) }, options);
  } catch (error) {
    throw shownError(root, error);
  }
}

async function register({ request, warnings }: Built, options: DeployOptions): Promise<Deployment> {
  const { engine, onProgress, signal } = options;
  const { manifest } = request;
  const deployer = deployerOf(engine);
  await checkAgainstDeployed(request, options);
  signal?.throwIfAborted();
  onProgress?.("register", `${manifest.app} (${manifest.environment})`);
  const result = await deployer.deploy(request);
  const comparison = result.changed && result.previous && compareManifests(result.previous, result.manifest);
  return { ...result, warnings, ...(comparison && { comparison }) };
}

/** Rejects with DeployError when the deploy would take away what somebody else deployed or calls, and nobody has agreed to that. */
async function checkAgainstDeployed({ manifest, origin }: DeployRequest, options: DeployOptions): Promise<void> {
  const { engine, refuseBreaking, takeOver = false, onRemoval } = options;
  const { app, environment } = manifest;
  const summary = (await engine.registry.listApps({ environment })).find((one) => one.app === app);
  if (!summary) return;
  const takesOver = isOthers(summary, origin);
  if (takesOver && !takeOver) throw takeOverError(summary);
  const before = await deployedManifest(engine, manifest);
  if (!before) return;
  if (refuseBreaking) refuseBreakingChanges(before, manifest);
  const functions = removedFunctions(before, manifest);
  if (functions.length === 0) return;
  const removal = { app, environment, functions, takesOver };
  if (!(await onRemoval?.(removal))) throw removalError(removal, origin?.entry, summary.origin);
}

function refuseBreakingChanges(before: AppManifest, manifest: AppManifest): void {
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
    if (error instanceof NotFoundError) return undefined; // It has just been removed.
    throw error;
  }
}
