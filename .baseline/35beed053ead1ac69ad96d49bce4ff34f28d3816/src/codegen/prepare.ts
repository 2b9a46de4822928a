/**
 * The first step of an output, and usually the only one: checks whether the files on disk are still current. This module loads
 * only what that check needs; the other steps are in output.ts.
 */

import { chooseApps, keyOf } from "./choose.ts";
import { completeInterrupted, type FileChange, type OutputState, refuseOutside, stillHolds } from "./files/index.ts";
import type { ChosenOutput, OutputRequest, OutputResult, PlacedOutput } from "./steps.ts";

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

/** Determines the necessary changes. Writes nothing. */
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
