/** An output's data after each step: requested, apps chosen, compared with the other outputs, and complete. */
import type { FunctionChange } from "../plan/index.ts";
import type { ChosenRef, Source } from "./choose.ts";
import type { FileChange, OutputState } from "./files/index.ts";
import type { Settings } from "./settings.ts";

export interface OutputRequest {
  settings: Settings;
  /** The config's folder. */
  root: string;
  /** Where manifests come from; absent means the output's own lock. */
  source: Source | undefined;
  /** The state from the last run of the same config. */
  known: OutputState | undefined;
  onProgress: (stage: string) => void;
}

export interface OutputResult {
  folder: string;
  files: FileChange[];
  changes: FunctionChange[];
  warnings: string[];
  notes: string[];
  /** Files that were read or found missing, other than the config and the output's own. */
  inputs: string[];
  apps: { app: string; environment: string; functions: number }[];
  /** What the next run may rely on once the files are written; absent if there are hooks, whose results cannot be predicted. */
  state: Omit<OutputState, "outputs"> | undefined;
  /** The last run's state, if it still holds. */
  still?: OutputState;
}

/** The data once the apps are chosen. */
export interface ChosenOutput extends OutputRequest {
  source: Source;
  refs: readonly ChosenRef[];
  etags: Record<string, string>;
}

/** The data once all outputs have chosen their apps. */
export interface PlacedOutput extends ChosenOutput {
  /** Apps that another output's index declares: see sharing.ts. */
  declaredElsewhere: readonly string[];
}
