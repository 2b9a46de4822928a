/** Shared by `deploy` and `dev`: their options, the question about removals, and the report of a deploy, in words and as JSON. */
import type { Command } from "commander";
import { type Comparison, type Deployment, type Removal, removalText } from "../../deploy/index.ts";
import { count, duration } from "../../text/index.ts";
import { type AppOptions, type Context, engineOptions, several } from "../context.ts";
import { confirm } from "../terminal/confirm.ts";
import type { Output } from "../terminal/output.ts";
import { placeLines } from "../terminal/report.ts";

export interface DeployingOptions extends AppOptions {
  root?: string;
  envFile: string[];
  takeOver?: boolean;
  allowRemoval?: boolean;
}

export function deployingOptions(command: Command): Command {
  return engineOptions(command.argument("<file>", "the module that exports the app"))
    .option("--root <folder>", "the project's folder (default: that of the nearest package.json)")
    .option("--env-file <file>", "take secrets from this file too; can be repeated", several, [])
    .option("--take-over", "deploy even if another project has deployed an app of this name")
    .option("--allow-removal", "remove deployed functions that the module does not have, without asking");
}

/** Lists what a deploy is about to remove, and asks where a person can answer. @param pause clears what a question would disturb */
export function askAboutRemovals(
  { allowRemoval = false }: DeployingOptions,
  { output, signal }: Context,
  pause: () => void = () => {},
): (removal: Removal) => Promise<boolean> {
  return async (removal) => {
    const text = `This deploy ${removalText(removal)}.`;
    // With --take-over, the user has already agreed.
    const agreed = allowRemoval || removal.takesOver;
    pause();
    if (agreed) output.note(`${output.styleNote("yellow", "removal")}: ${text}`);
    return agreed || confirm(`${text} Remove them? [y/N] `, output, signal);
  };
}

export function summaryOf({ manifest, changed, comparison, warnings }: Deployment, ms: number): object {
  const { app, environment, version, functions } = manifest;
  return {
    app,
    environment,
    version,
    changed,
    functions: functions.map(({ name }) => name),
    ...(comparison ? { comparison } : {}),
    warnings,
    ms: Math.round(ms),
  };
}

export function printDeployment(
  { manifest, changed, comparison = [], warnings }: Deployment,
  ms: number,
  output: Output,
): void {
  for (const line of placeLines(warnings, output)) output.note(line);
  const name = `${output.style("bold", manifest.app)} version ${manifest.version} (${manifest.environment})`;
  const took = output.style("dim", `in ${duration(ms)}`);
  if (!changed) {
    output.line(`Nothing changed: ${name} is what is deployed ${took}`);
    return;
  }
  output.line(`${output.style("green", "Deployed")} ${name}: ${count(manifest.functions.length, "function")} ${took}`);
  printComparison(comparison, output);
}

export function printComparison(comparison: Comparison, output: Output): void {
  for (const { name: fn, verdict, reasons } of comparison) {
    if (verdict === "same") continue;
    const mark = verdict === "breaking" ? output.style("red", verdict) : output.style("cyan", verdict);
    output.line(`  ${fn}: ${mark}${reasons.length > 0 ? `, ${reasons.join("; ")}` : ""}`);
  }
}
