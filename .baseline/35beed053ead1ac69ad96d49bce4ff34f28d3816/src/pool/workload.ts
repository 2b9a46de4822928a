/**
 * What the containers of a pool run: a function, or the instance of a class for one set of constructor arguments, whose
 * methods share it. A workload belongs to a deployed version, of which a pool knows only what is written here, wherever an
 * engine keeps its versions.
 */
import type { AutoscalerSettings } from "../engine/index.ts";
import { encodeInstance } from "../runtime/index.ts";
import type { AppManifest, FunctionMode, FunctionSchema, ResolvedFunctionOptions } from "../schema/index.ts";

/** A deployed version, as its containers need it. */
export interface Version {
  readonly app: string;
  readonly environment: string;
  readonly version: number;
  readonly manifest: AppManifest;
  /** Absolute path of the artifact, on the machine that runs the containers. */
  readonly artifact: string;
  /** Absolute path of the manifest as JSON. */
  readonly manifestFile: string;
  /** Absolute folder of the author's project, the working directory of containers. */
  readonly root: string;
  /** By name, the secrets that functions may ask for. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface DeployedFunction {
  readonly version: Version;
  readonly schema: FunctionSchema;
}

/** Where an engine keeps its versions, and what has been set with updateAutoscaler. */
export interface Versions {
  /** The newest version of every app. */
  newest(): Iterable<Version>;
  isNewest(version: Version): boolean;
  /** Called before a container is started. Throws when the version's files are lost, saying what to do. */
  makeReady?(version: Version): void;
  /** @param workload see workloadKey */
  autoscaler(version: Version, workload: string): AutoscalerSettings;
  setAutoscaler(version: Version, workload: string, settings: AutoscalerSettings): void;
}

export interface Workload {
  readonly version: Version;
  /** The function's or the class's. */
  readonly name: string;
  /** The constructor's arguments, see FunctionRef; "" for a function. */
  readonly instance: string;
  /** Of the function, or those that a class's methods have in common. */
  readonly options: ResolvedFunctionOptions;
  /** Of the function. */
  readonly mode: FunctionMode;
}

export function workloadOf({ version, schema }: DeployedFunction, instance = ""): Workload {
  const { name, class: of, options, mode } = schema;
  return { version, name: of ?? name, instance, options, mode };
}

/** Within an app. */
export function workloadKey({ name, instance }: Pick<Workload, "name" | "instance">): string {
  return instance === "" ? name : `${name}(${instance})`;
}

/** Inputs that one container runs at a time. */
export function capacityOf({ concurrency, batch }: ResolvedFunctionOptions): number {
  return concurrency.maxInputs * (batch?.maxSize ?? 1);
}

/** What runs before anybody calls: a class only when there is just one way to construct it. */
export function* warmWorkloads(version: Version): Iterable<Workload> {
  for (const schema of version.manifest.functions) {
    if (schema.options.minContainers === 0) continue;
    if (schema.class === undefined) yield workloadOf({ version, schema });
    else if (hasNoParameters(version, schema.class)) {
      yield workloadOf({ version, schema }, encodeInstance(schema.class, []));
    }
  }
}

function hasNoParameters({ manifest }: Version, name: string): boolean {
  const of = manifest.classes?.find((one) => one.name === name);
  return of?.constructors.every(({ parameters }) => parameters.length === 0) ?? false;
}

/** Whether `by` names a function: by its own name, or by that of its class. */
export function isNamed(name: string, by: string): boolean {
  return name === by || name.startsWith(`${by}.`);
}
