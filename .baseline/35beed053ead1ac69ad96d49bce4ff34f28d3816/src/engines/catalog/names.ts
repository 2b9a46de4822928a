/** Finds what a reference names, or makes the error that says what exists instead. */
import type { AppRef } from "../../engine/index.ts";
import { NotFoundError } from "../../runtime/errors.ts";
import { type AppManifest, type FunctionSchema, methodsOf, nearest } from "../../schema/index.ts";
import { list } from "../../text/index.ts";

/** So many versions are listed at most. */
const LISTED_VERSIONS = 5;

/** An app that is deployed in an environment. */
export interface DeployedApp {
  app: string;
  environment: string;
}

/** @param deployHint what to do when nothing is deployed at all, as a sentence */
export function unknownApp(ref: AppRef, deployed: readonly DeployedApp[], deployHint: string): NotFoundError {
  const message = `no app ${ref.app} is deployed in environment ${ref.environment}`;
  const elsewhere = deployed.filter(({ app }) => app === ref.app).map(({ environment }) => environment);
  if (elsewhere.length > 0) return new NotFoundError(message, { hint: `It is deployed in ${elsewhere.join(", ")}.` });
  const here = deployed.filter(({ environment }) => environment === ref.environment).map(({ app }) => app);
  const near = nearest(ref.app, here);
  if (near.length > 0) return new NotFoundError(message, { hint: `Did you mean ${near.join(" or ")}?` });
  const hint = here.length > 0 ? `Deployed there: ${list(here)}.` : `Nothing is deployed there yet. ${deployHint}`;
  return new NotFoundError(message, { hint });
}

/** @param versions those that exist, oldest first */
export function unknownVersion(ref: AppRef, versions: readonly number[]): NotFoundError {
  const newest = versions.slice(-LISTED_VERSIONS).join(", ");
  return new NotFoundError(`app ${ref.app} (${ref.environment}) has no version ${ref.version}`, {
    hint: `It has ${versions.length > LISTED_VERSIONS ? "… " : ""}${newest}.`,
  });
}

/** A function or method of a deployed version. Throws NotFoundError that names the nearest. */
export function functionNamed(
  name: string,
  { manifest, functions }: { manifest: AppManifest; functions: ReadonlyMap<string, FunctionSchema> },
): FunctionSchema {
  const schema = functions.get(name);
  if (schema) return schema;
  const { app, environment, version } = manifest;
  const methods = methodsOf(name, manifest);
  if (methods.length > 0) {
    throw new NotFoundError(`${app}/${name} is a class, not a function`, {
      hint: `Its methods are ${list(methods.map((method) => method.name))}.`,
    });
  }
  const classes = (manifest.classes ?? []).map((each) => each.name);
  const near = nearest(name, [...functions.keys(), ...classes]);
  throw new NotFoundError(`app ${app} (${environment}, version ${version}) has no function ${name}`, {
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `It has ${list([...functions.keys()])}.`,
  });
}
