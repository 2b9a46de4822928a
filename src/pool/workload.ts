/**
 * What the containers of a pool run: a function, or the instance of a class for one set of constructor arguments, whose
 * methods share it.
 */

import type { DeployedFunction, Version } from "../engines/local/host/registry/registry.ts";
import { encodeInstance } from "../runtime/index.ts";
import type { FunctionMode, ResolvedFunctionOptions } from "../schema/index.ts";

export interface Workload {
  version: Version;
  /** The function's or the class's. */
  name: string;
  /** The constructor's arguments, see FunctionRef; "" of a function. */
  instance: string;
  /** Of the function, or those that a class's methods have in common. */
  options: ResolvedFunctionOptions;
  /** Of the function. */
  mode: FunctionMode;
}

export function workloadOf({ version, schema }: DeployedFunction, instance = ""): Workload {
  const { name, class: of, options, mode } = schema;
  return { version, name: of ?? name, instance, options, mode };
}

/** Within an app. */
export function workloadKey({ name, instance }: Pick<Workload, "name" | "instance">): string {
  return instance === "" ? name : `${name}(${instance})`;
}

/** What is to run before anybody calls: a class only when there is but one way to construct it. */
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

/** Whether a function is meant by a name: its own, or that of its class. */
export function isNamed(name: string, by: string): boolean {
  return name === by || name.startsWith(`${by}.`);
}
