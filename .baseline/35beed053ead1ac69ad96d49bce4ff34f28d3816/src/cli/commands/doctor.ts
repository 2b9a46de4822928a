/** `farcall doctor`: looks for the usual causes of trouble and says what to do about each. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { generate } from "../../codegen/index.ts";
import { checkConfig as checkKeys, loadConfig } from "../../config/index.ts";
import { hostOf } from "../../engines/index.ts";
import { count, packageVersion } from "../../text/index.ts";
import type { Context, EngineOptions } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import { detectProject } from "../project/project.ts";
import { Exit } from "../terminal/report.ts";

interface Finding {
  check: string;
  status: "ok" | "warning" | "failed";
  detail: string;
  hint?: string;
}

interface DoctorOptions extends EngineOptions {
  repair?: boolean;
}

export function define(command: Command, context: Context): void {
  engineOptions(command);
  command.option("--repair", "first stop the engine's host and repair its files");
  examples(command, [["farcall doctor", "exit code 1 when a problem was found"]]);
  command.action(async (options: DoctorOptions) => {
    const { output } = context;
    const findings: Finding[] = [];
    const checks = [checkNode, checkProject, checkInstallation, checkConfig, checkEngine, checkStubs];
    for (const check of options.repair ? [repair, ...checks] : checks) {
      const finding = await check(context, options);
      if (!finding) continue;
      findings.push(finding);
      const mark = {
        ok: output.style("green", "ok     "),
        warning: output.style("yellow", "warning"),
        failed: output.style("red", "failed "),
      };
      output.line(
        `${mark[finding.status]} ${finding.check.padEnd(8)} ${finding.detail.split("\n").join("\n                 ")}`,
      );
      if (finding.hint) output.line(`                 ${output.style("cyan", "hint")}: ${finding.hint}`);
      // The config says where the engine is and which stubs there should be.
      if (check === checkConfig && finding.status === "failed") break;
    }
    output.document(findings);
    if (findings.some(({ status }) => status === "failed")) throw new Exit(1);
  });
}

/** Reports losses, and keeps a copy of replaced files. */
async function repair(context: Context, options: EngineOptions): Promise<Finding> {
  try {
    const host = await hostOf(await context.engineUrl(options));
    if (!host) return { check: "repair", status: "ok", detail: "this engine keeps no files on this machine" };
    const { lostTransactions = 0, problem, aside, kept, lost, repairedVersions, lostVersions } = await host.repair();
    const done: string[] = [];
    const bad: string[] = [];
    if (lostTransactions > 0) bad.push(`${count(lostTransactions, "transaction")} could not be recovered`);
    if (problem !== undefined) {
      const rows = Object.entries(kept ?? {}).map(([table, number]) => `${table} ${number}`);
      bad.push(`the database was damaged (${problem}) and has been rewritten; rows kept: ${rows.join(", ") || "none"}`);
      bad.push(`the old database is ${aside}`);
    }
    if (lost && lost.length > 0) bad.push(`could not be read to the end: ${lost.join(", ")}`);
    if (repairedVersions && repairedVersions.length > 0) {
      done.push(`wrote the missing files of ${repairedVersions.join(", ")}`);
    }
    if (lostVersions && lostVersions.length > 0) bad.push(`the code of ${lostVersions.join(", ")} is lost`);
    const detail = [...done, ...bad].join("\n") || "the engine's files are in order";
    if (bad.length === 0) return { check: "repair", status: "ok", detail };
    return { check: "repair", status: "warning", detail, hint: "Deploy the apps that are missing below again." };
  } catch (error) {
    return failed("repair", error);
  }
}

/** The bin has already refused versions that are too old, so this is for the report. */
function checkNode(): Finding {
  return { check: "node", status: "ok", detail: `${process.versions.node} at ${process.execPath}` };
}

function checkProject(): Finding {
  const { root, packageJson, esm, packageManager } = detectProject(process.cwd());
  if (!packageJson) {
    return {
      check: "project",
      status: "warning",
      detail: `${root} has no package.json`,
      hint: "Run this in your project's folder, or set one up with `farcall init`.",
    };
  }
  if (!esm) {
    const hint = 'Set "type": "module", or name your files .mts.';
    return { check: "project", status: "warning", detail: `${root} is a CommonJS package (${packageManager})`, hint };
  }
  return { check: "project", status: "ok", detail: `${root} (ES modules, ${packageManager})` };
}

/** Two copies, or a version other than the project's, lead to errors that are hard to understand. */
function checkInstallation(): Finding {
  const own = resolve(fileURLToPath(new URL("../../..", import.meta.url)));
  const version = packageVersion();
  const installed = installedAt(process.cwd());
  const detail = `${version} at ${own}`;
  if (!installed) {
    const hint = `Run \`${detectProject(process.cwd()).packageManager} install farcall\`: stubs and apps import it.`;
    return { check: "farcall", status: "warning", detail: `${detail}; this project does not have it installed`, hint };
  }
  if (installed.root === own) return { check: "farcall", status: "ok", detail };
  return {
    check: "farcall",
    status: installed.version === version ? "warning" : "failed",
    detail: `this is ${detail}, the project has ${installed.version} at ${installed.root}`,
    hint: "Run the project's own farcall: `npx farcall`.",
  };
}

function installedAt(folder: string): { root: string; version: string } | undefined {
  try {
    const file = createRequire(join(folder, "package.json")).resolve("farcall/package.json");
    return { root: dirname(file), version: JSON.parse(readFileSync(file, "utf8")).version };
  } catch {
    return undefined;
  }
}

async function checkConfig(): Promise<Finding> {
  try {
    const config = await loadConfig();
    if (config) {
      await checkKeys(config.value, config.file);
      return { check: "config", status: "ok", detail: config.file };
    }
    return {
      check: "config",
      status: "warning",
      detail: "no config in this folder or above",
      hint: "Run `farcall init` to write one.",
    };
  } catch (error) {
    return failed("config", error);
  }
}

async function checkEngine(context: Context, options: EngineOptions): Promise<Finding> {
  try {
    const engine = await context.engine(options);
    // Before the first request, which may start a host that was not running.
    const { facts, warnings } = (await engine.status?.()) ?? { facts: [], warnings: [] };
    const apps = await engine.registry.listApps();
    const lines = [
      `${engine.url.replace(/:$/, "")}: ${count(apps.length, "app")} deployed`,
      ...facts.map(({ name, value }) => `${name}: ${value}`),
    ];
    const detail = lines.join("\n");
    if (warnings.length === 0) return { check: "engine", status: "ok", detail };
    return { check: "engine", status: "warning", detail, hint: warnings.join(" ") };
  } catch (error) {
    return failed("engine", error);
  }
}

async function checkStubs(context: Context, options: EngineOptions): Promise<Finding | undefined> {
  try {
    const config = await loadConfig();
    if (!config) return undefined;
    await context.registerEngines();
    const { upToDate, files } = await generate(config, { engine: options.engine, dryRun: true });
    if (upToDate) return { check: "stubs", status: "ok", detail: `${files.length} files, up to date` };
    return {
      check: "stubs",
      status: "warning",
      detail: "out of date with what is deployed",
      hint: "Run `farcall codegen`.",
    };
  } catch (error) {
    return failed("stubs", error);
  }
}

function failed(check: string, error: unknown): Finding {
  const { message, hint } = error as { message: string; hint?: string };
  return { check, status: "failed", detail: message, ...(hint ? { hint } : {}) };
}
