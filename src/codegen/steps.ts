/** What is known of an output after each step: asked for, its apps chosen, placed among the others, and worked out. */
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
