/**
 * The first step of an output, and mostly the only one: is what was written still what would be written? This module loads
 * nothing that the answer does not need; the other steps are in output.ts.
 */
import { type ChosenRef, chooseApps, keyOf, type Source } from "./choose.ts";
import type { FunctionChange } from "./compare.ts";
import { type FileChange, refuseOutside } from "./files.ts";
import { completeInterrupted } from "./install.ts";
import type { Settings } from "./settings.ts";
import { type OutputState, stillHolds } from "./state.ts";

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

/** Works out what has to change. Writes nothing. */
export async function prepareOutput(request: OutputRequest): Promise<OutputResult> {
  const { settings, root, onProgress } = request;
  if (!settings.allowOutside) refuseOutside(root, settings.output);
  completeInterrupted(settings.output);
  const source = request.source ?? (await (await import("./output.ts")).offlineSource(settings.output));

  onProgress("reading what is deployed");
  const refs = await chooseApps(settings, source);
  const etags = Object.fromEntries(refs.map((ref) => [keyOf(ref), ref.etag]));
  const known = request.known && stillHolds(request.known);
  if (known && JSON.stringify(known.etags) === JSON.stringify(etags)) return unchanged(settings.output, known);

  const { buildOutput } = await import("./output.ts");
  return buildOutput({ ...request, known, source, refs, etags });
}

function unchanged(folder: string, still: OutputState): OutputResult {
  const { apps, outputs } = still;
  const files = Object.keys(outputs).map((path): FileChange => ({ path, status: "unchanged", crlf: false }));
  return { folder, files, apps, changes: [], warnings: [], notes: [], state: undefined, still };
}
