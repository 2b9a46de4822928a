/**
 * `farcall codegen`, also the bin `codegen`: writes typed stubs for the deployed apps. It runs often and usually finds that
 * nothing has changed, so it imports only what that check needs; the rest loads when there is work.
 */
import { basename, relative } from "node:path";
import { type Command, Option } from "commander";
import { type GenerateResult, generate, LOCK_FILE } from "../../codegen/index.ts";
import { type LoadedConfig, loadConfig } from "../../config/index.ts";
import { NotFoundError } from "../../runtime/errors.ts";
import { count, duration } from "../../text/index.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples } from "../context.ts";
import type { Output } from "../terminal/output.ts";
import { Progress } from "../terminal/progress.ts";
import { EXIT, EXIT_CODES, Exit, errorAsJson, report } from "../terminal/report.ts";

interface CodegenOptions extends EngineOptions {
  config?: string;
  watch?: boolean;
  check?: boolean;
  offline?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option("-w, --watch", "keep running: regenerate on each deploy and change of the config, until Ctrl-C")
    .addOption(
      new Option("--check", "write nothing; exit 1 and print a diff when stubs are out of date").conflicts("watch"),
    )
    .addOption(new Option("--dry-run", "write nothing, and show what would be written").conflicts("watch"))
    .addOption(new Option("--offline", "work from farcall.lock.json, without an engine").conflicts("watch"))
    .option("-c, --config <file>", "config to use (default: the nearest from here upwards)")
    .option("--engine <url>", "engine to ask (default: FARCALL_ENGINE, the config's, then local:)")
    .option("-q, --quiet", "print warnings and errors only")
    .option("-v, --verbose", "say why files are written the way they are")
    .option("--json", "print JSON, one event per line");
  examples(command, [
    ["codegen", "writes what has changed"],
    ["codegen --watch", "together with farcall dev"],
    ["codegen --check", "in CI"],
    ["codegen --offline", "without a network, from the lock file"],
    ["codegen eject stub", "copies the template for stubs, for you to change"],
  ]);
  command.addHelpText("after", EXIT_CODES);
  command.action(async (options: CodegenOptions) => {
    const config = await requireConfig(options);
    if (options.watch) await watchStubs(config, options, context);
    else await generateOnce(config, options, context);
  });
  command
    .command("eject")
    .summary("copy shipped templates, for you to change")
    .description("Copies shipped templates to the config's folder of templates. Without a name, lists them.")
    .argument("[names...]", "templates and partials")
    .option("-c, --config <file>", "config to use (default: the nearest from here upwards)")
    .option("--json", "print JSON")
    .action(async (names: string[], _options: unknown, subcommand: Command) => {
      const { eject } = await import("./eject.ts");
      await eject(names, await requireConfig(subcommand.optsWithGlobals()), context.output);
    });
}

async function requireConfig(options: CodegenOptions): Promise<LoadedConfig> {
  const config = await loadConfig({ file: options.config });
  if (config) return config;
  throw new NotFoundError(`no farcall config in ${process.cwd()} or above`, {
    hint: "`farcall init` writes one. Use --config for a config elsewhere.",
  });
}

async function generateOnce(config: LoadedConfig, options: CodegenOptions, { output }: Context): Promise<void> {
  using progress = new Progress(output, "generating");
  const result = await generate(config, {
    engine: options.engine,
    offline: options.offline,
    dryRun: options.dryRun || options.check,
    onProgress: (stage) => progress.update(stage),
  });
  progress[Symbol.dispose]();
  output.event(eventOf(result));
  printNotes(result, options, output);
  if (options.check) await printCheck(result, output);
  else if (!options.quiet) printResult(result, options, output);
  if (options.check && !result.upToDate) throw new Exit(EXIT.failed);
}

async function watchStubs(config: LoadedConfig, options: CodegenOptions, { output, signal }: Context): Promise<void> {
  const { watch } = await import("../../codegen/index.ts");
  const file = relative(process.cwd(), config.file);
  if (!options.quiet) output.note(`Generating stubs, then watching deploys and ${file}. Ctrl-C ends.`);
  await watch(config, {
    engine: options.engine,
    signal,
    onEvent(event) {
      const { causes } = event;
      if (event.kind === "failed") {
        if (output.json) output.event({ event: "failed", causes, error: errorAsJson(event.error) });
        else report(event.error, output);
        return;
      }
      output.event({ ...eventOf(event.result), causes });
      printNotes(event.result, options, output);
      if (options.quiet) return;
      if (!event.result.upToDate || options.verbose) output.note(output.styleNote("dim", causes.join(", ")));
      printResult(event.result, options, output);
    },
  });
}

function eventOf({ upToDate, files, changes, warnings, apps, durationMs }: GenerateResult): object {
  return {
    event: "generated",
    upToDate,
    files: files.map(({ path, status }) => ({ path, status })),
    changes,
    warnings,
    apps,
    ms: Math.round(durationMs),
  };
}

function printNotes({ warnings, notes }: GenerateResult, options: CodegenOptions, output: Output): void {
  for (const warning of warnings) output.note(`${output.styleNote("yellow", "warning")}: ${warning}`);
  if (options.verbose) for (const note of notes) output.note(output.styleNote("dim", note));
}

/** A summary on one line, then the changes. */
function printResult(result: GenerateResult, options: CodegenOptions, output: Output): void {
  const { apps, files, durationMs } = result;
  const total = apps.reduce((sum, app) => sum + app.functions, 0);
  const size = `${count(total, "function")} of ${count(apps.length, "app")}`;
  const took = output.style("dim", `in ${duration(durationMs)}`);
  if (result.upToDate) {
    output.line(`Up to date: ${size} ${took}`);
    return;
  }
  const verb = options.dryRun ? "Would write" : "Wrote";
  output.line(`${output.style("green", verb)} ${size} ${took}`);
  for (const { path, status } of files) {
    if (status !== "unchanged") output.line(`  ${status.padEnd(8)} ${relative(process.cwd(), path)}`);
  }
  printChanges(result, output);
}

function printChanges({ changes }: GenerateResult, output: Output): void {
  for (const { app, function: name, change, verdict, reasons } of changes) {
    const mark = verdict === "breaking" ? output.style("red", verdict) : output.style("cyan", verdict);
    output.line(`  ${app}/${name} ${change}: ${mark}${reasons.length > 0 ? `, ${reasons.join("; ")}` : ""}`);
  }
}

async function printCheck(result: GenerateResult, output: Output): Promise<void> {
  if (result.upToDate) {
    output.line("Stubs are up to date.");
    return;
  }
  const [{ createTwoFilesPatch }, { lockChanges }] = await Promise.all([import("diff"), import("./lock-changes.ts")]);
  for (const { path, status, before = "", after = "" } of result.files) {
    if (status === "unchanged") continue;
    const name = relative(process.cwd(), path);
    if (basename(path) === LOCK_FILE) {
      output.line(`${status.padEnd(8)} ${name}`);
      for (const change of lockChanges(before, after)) output.line(`  ${change}`);
      continue;
    }
    output.line(
      createTwoFilesPatch(name, name, before, after, "as it is", "as it should be", { context: 2 }).trimEnd(),
    );
  }
  printChanges(result, output);
  output.note(
    `Stubs are out of date. Run ${output.styleNote("cyan", "npx farcall codegen")} and commit what it writes.`,
  );
}
