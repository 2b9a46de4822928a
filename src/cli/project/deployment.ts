/** What a deploy did, in words and as JSON: shared by `deploy` and `dev`. */
import type { Deployment } from "../../deploy/index.ts";
import { count, duration } from "../../text/index.ts";
import type { Output } from "../terminal/output.ts";
import { placeLines } from "../terminal/report.ts";

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
  for (const warning of warnings) {
    for (const line of placeLines(warning, output)) output.note(line);
  }
  const name = `${output.style("bold", manifest.app)} version ${manifest.version} (${manifest.environment})`;
  const took = output.style("dim", `in ${duration(ms)}`);
  if (!changed) {
    output.line(`Nothing changed: ${name} is what is deployed ${took}`);
    return;
  }
  output.line(`${output.style("green", "Deployed")} ${name}: ${count(manifest.functions.length, "function")} ${took}`);
  for (const { name: fn, verdict, reasons } of comparison) {
    if (verdict === "same") continue;
    const mark = verdict === "breaking" ? output.style("red", verdict) : output.style("cyan", verdict);
    output.line(`  ${fn}: ${mark}${reasons.length > 0 ? `, ${reasons.join("; ")}` : ""}`);
  }
}
