/** `farcall describe APP[/FUNCTION]`: signatures and documentation of what is deployed, for people and for other tools. */
import { type Command, Option } from "commander";
import type { AppManifest, FunctionSchema, Schedule } from "../schema/index.ts";
import {
  exportJsonSchema,
  exportMarkdown,
  exportOpenApi,
  printDeclaration,
  printParameters,
  printType,
  printTypeParameters,
} from "../schema/index.ts";
import type { AppOptions, Context } from "./context.ts";
import { engineOptions, examples } from "./context.ts";
import { parseTarget } from "./target.ts";
import type { Output } from "./terminal/output.ts";
import { ago, duration } from "./terminal/output.ts";

interface DescribeOptions extends AppOptions {
  format: "text" | "json-schema" | "openapi" | "markdown";
  version?: number;
}

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("<target>", "APP or APP/FUNCTION")).addOption(
    new Option("--format <format>", "how to write it")
      .choices(["text", "json-schema", "openapi", "markdown"])
      .default("text"),
  );
  examples(command, [
    ["farcall describe images", "its functions"],
    ["farcall describe images/resize", "one function, with its types, options and source"],
    ["farcall describe images --format openapi > images.json", "for tools"],
    ["farcall describe images --json", "the manifest itself"],
  ]);
  command.action(async (text: string, options: DescribeOptions) => {
    const { output } = context;
    const target = parseTarget(text);
    const manifest = await context.manifest(target, options);
    if (options.format === "markdown") return output.raw(`${exportMarkdown(manifest, target.function)}\n`);
    if (options.format === "openapi") return printJson(exportOpenApi(manifest, target.function));
    if (options.format === "json-schema") return printJson(exportJsonSchema(manifest, target.function));
    const fn = manifest.functions.find(({ name }) => name === target.function);
    output.document(fn ?? manifest);
    if (!fn) return describeApp(manifest, output);
    describeFunction(fn, manifest, output);
    if (fn.mode !== "web" && !fn.options.web) return;
    const { registry } = await context.engine(options);
    const { app, environment, version } = manifest;
    const { webUrl = "none: see host.log" } = await registry.resolve({ app, environment, version, name: fn.name });
    output.line(`  URL        ${webUrl}`);

    function printJson(value: unknown): void {
      output.raw(`${JSON.stringify(value, undefined, 2)}\n`);
    }
  });
}

function describeApp(manifest: AppManifest, output: Output): void {
  output.line(headline(manifest, output));
  if (manifest.doc) output.line(indent(manifest.doc));
  for (const fn of manifest.functions) {
    output.line();
    for (const signature of signatures(fn, output)) output.line(`  ${signature}`);
    const [summary] = (fn.doc ?? "").split("\n");
    if (summary) output.line(output.style("dim", `      ${summary}`));
  }
}

function describeFunction(fn: FunctionSchema, manifest: AppManifest, output: Output): void {
  const title = (text: string) => output.line(`\n${output.style("bold", text)}`);
  for (const signature of signatures(fn, output)) output.line(signature);
  if (fn.doc) output.line(`\n${indent(fn.doc)}`);

  const documented = fn.parameters.filter((parameter) => parameter.doc || parameter.default !== undefined);
  if (documented.length > 0) title("Parameters");
  for (const { name, doc = "", default: value } of documented) {
    output.line(
      `  ${name}${value === undefined ? "" : output.style("dim", ` = ${value}`)}  ${doc.split("\n").join(" ")}`,
    );
  }
  const used = declarationsOf(fn, manifest);
  if (used.length > 0) title("Types");
  for (const declaration of used) output.line(indent(printDeclaration(declaration)));

  title("Deployed");
  output.line(`  ${headline(manifest, output)}`);
  if (fn.source) output.line(`  source     ${fn.source.file}:${fn.source.line}`);
  output.line(`  signature  ${fn.signature}`);
  const { retries, timeoutMs, minContainers, maxContainers, concurrency, batch, schedule } = fn.options;
  output.line(
    `  options    timeout ${timeoutMs} ms, retries ${retries.maxRetries}, ` +
      `containers ${minContainers} to ${maxContainers === 0 ? "cores" : maxContainers}, inputs at a time ${concurrency.maxInputs}`,
  );
  if (schedule) output.line(`  schedule   ${scheduleText(schedule)}`);
  if (batch) output.line(`  batch      up to ${batch.maxSize} inputs, waiting ${batch.waitMs} ms for each other`);
}

function scheduleText(schedule: Schedule): string {
  return schedule.kind === "cron"
    ? `cron ${schedule.expression} (${schedule.timezone})`
    : `every ${duration(schedule.everyMs)}`;
}

function headline(manifest: AppManifest, output: Output): string {
  const { app, environment, version, deployedAt } = manifest;
  return `${output.style("bold", app)} ${output.style("dim", `${environment}, version ${version}, deployed ${ago(deployedAt)}`)}`;
}

/** One line for each overload, as TypeScript writes a declaration. */
function signatures(fn: FunctionSchema, output: Output): string[] {
  const star = fn.mode === "generator" ? "*" : "";
  if (fn.mode === "web") return [`${output.style("cyan", fn.name)}  web function`];
  return (fn.overloads ?? [fn]).map(({ typeParameters, parameters, returns }) => {
    const head = `${star}${output.style("cyan", fn.name)}${printTypeParameters(typeParameters)}`;
    return `${head}(${printParameters(parameters)}): ${printType(returns)}`;
  });
}

/** The declarations that a function's types name, and those that they name in turn. */
function declarationsOf(fn: FunctionSchema, manifest: AppManifest): AppManifest["declarations"] {
  const wanted = new Set<string>();
  const pending: unknown[] = [fn.parameters, fn.returns, fn.overloads, fn.typeParameters];
  while (pending.length > 0) {
    const part = pending.pop();
    if (typeof part !== "object" || part === null) continue;
    const { kind, name } = part as { kind?: unknown; name?: unknown };
    if (kind === "reference" && typeof name === "string" && !wanted.has(name)) {
      wanted.add(name);
      pending.push(manifest.declarations.find((declaration) => declaration.name === name));
    }
    pending.push(...Object.values(part));
  }
  return manifest.declarations.filter(({ name }) => wanted.has(name));
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
