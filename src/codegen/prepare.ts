/**
 * The first step of an output, and mostly the only one: is what was written still what would be written? This module loads
 * nothing that the answer does not need; the other steps are in output.ts.
 */

import type { FunctionChange } from "../plan/index.ts";
import { type ChosenRef, chooseApps, keyOf, type Source } from "./choose.ts";
import { completeInterrupted, type FileChange, type OutputState, refuseOutside, stillHolds } from "./files/index.ts";
import type { Settings } from "./settings.ts";

export interface OutputRequest {
  settings: Settings;
  /** The config's folder. */
  root: string;
  /** Where manifests come from; absent means the output's own lock. */
  source: Source | undefined;
  /** What the last run of the same config knew. */
  known: OutputState | undefined;
  onProgress: (stage: string) => void;
}

export interface OutputResult {
  folder: string;
  files: FileChange[];
  changes: FunctionChange[];
  warnings: string[];
  notes: string[];
  /** Files that were read or found missing, besides the config and the output's own. */
  inputs: string[];
  apps: { app: string; environment: string; functions: number }[];
  /** What the next run may rely on once the files are written; absent when hooks take part, whose answers nobody can foresee. */
  state: Omit<OutputState, "outputs"> | undefined;
  /** What the last run knew, where it is still so. */
  still?: OutputState;
}

/** What is known once the apps are chosen. */
export interface ChosenOutput extends OutputRequest {
  source: Source;
  refs: readonly ChosenRef[];
  etags: Record<string, string>;
}

/** What is known once all outputs have chosen theirs. */
export interface PlacedOutput extends ChosenOutput {
  /** Apps that another output's index declares: see sharing.ts. */
  declaredElsewhere: readonly string[];
}

export async function chooseOutput(request: OutputRequest): Promise<ChosenOutput> {
  const { settings, root, onProgress } = request;
  if (!settings.allowOutside) refuseOutside(root, settings.output);
  completeInterrupted(settings.output);
  const source = request.source ?? (await (await import("./output.ts")).offlineSource(settings.output));

  onProgress("reading what is deployed");
  const refs = await chooseApps(settings, source);
  const etags = Object.fromEntries(refs.map((ref) => [keyOf(ref), ref.etag]));
  return { ...request, source, refs, etags };
}

/** Works out what has to change. Writes nothing. */
export async function prepareOutput(output: PlacedOutput): Promise<OutputResult> {
  const known = output.known && stillHolds(output.known);
  const isSame = (before: unknown, now: unknown) => JSON.stringify(before) === JSON.stringify(now);
  if (known && isSame(known.etags, output.etags) && isSame(known.declaredElsewhere, output.declaredElsewhere))
    return unchanged(output.settings.output, known);

  const { buildOutput } = await import("./output.ts");
  return buildOutput({ ...output, known });
}

function unchanged(folder: string, still: OutputState): OutputResult {
  const { apps, notes, outputs } = still;
  const files = Object.keys(outputs).map((path): FileChange => ({ path, status: "unchanged", crlf: false }));
  return {
    folder,
    files,
    apps,
    changes: [],
    warnings: [],
    notes,
    inputs: Object.keys(still.inputs),
    state: undefined,
    still,
  };
}
