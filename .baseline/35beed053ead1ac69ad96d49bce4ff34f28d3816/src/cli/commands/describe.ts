/** `farcall describe APP[/FUNCTION]`: signatures and documentation of deployed functions, for people and for other tools. */
import { type Command, Option } from "commander";
import { type DeploymentOrigin, originText } from "../../engine/index.ts";
import type { AppManifest, ClassSchema, FunctionSchema, ParameterSchema, Schedule } from "../../schema/index.ts";
import {
  constructorOf,
  exportJsonSchema,
  exportMarkdown,
  exportOpenApi,
  keyText,
  methodsOf,
  printCallParameters,
  printDeclaration,
  printParameters,
  printType,
  printTypeParameters,
  reachable,
} from "../../schema/index.ts";
import { ago, duration } from "../../text/index.ts";
import { parseTarget } from "../calling/target.ts";
import type { AppOptions, Context } from "../context.ts";
import { engineOptions, examples } from "../context.ts";
import type { Output } from "../terminal/output.ts";

interface DescribeOptions extends AppOptions {
  format: "text" | "json-schema" | "openapi" | "markdown";
  version?: number;
}

export function define(command: Command, context: Context): void {
  engineOptions(command.argument("<target>", "APP, APP/FUNCTION or APP/CLASS")).addOption(
    new Option("--format <format>", "output format")
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
    const of = manifest.classes?.find(({ name }) => name === target.function);
    const methods = of ? methodsOf(of.name, manifest) : [];
    output.document(of ? { ...of, methods } : (fn ?? manifest));
    if (output.json) return;
    const { registry, deployer } = await context.engine(options);
    const summaries = await registry.listApps({ environment: options.env });
    const from = summaries.find((summary) => summary.app === manifest.app)?.origin;
    if (of) return describeClass(of, methods, { manifest, from }, output);
    if (!fn) return describeApp({ manifest, from }, output);
    describeFunction(fn, { manifest, from }, output);
    // Of what another tool has deployed, its options are not known.
    if (deployer) describeOptions(fn, output);
    if (fn.mode !== "web" && !fn.options.web) return;
    const { app, environment, version } = manifest;
    const { webUrl = "none" } = await registry.resolve({ app, environment, version, name: fn.name });
    output.line(`  URL        ${webUrl}`);

    function printJson(value: unknown): void {
      output.raw(`${JSON.stringify(value, undefined, 2)}\n`);
    }
  });
}

interface Deployed {
  manifest: AppManifest;
  from: DeploymentOrigin | undefined;
}

function describeApp({ manifest, from }: Deployed, output: Output): void {
  output.line(headline(manifest, output));
  if (from) output.line(output.style("dim", `  from ${originText(from)}`));
  if (manifest.doc) output.line(indent(manifest.doc));
  for (const fn of manifest.functions) if (fn.class === undefined) summarize(fn, output);
  for (const of of manifest.classes ?? []) {
    output.line();
    for (const construct of constructions(of, output)) output.line(`  ${construct}`);
    if (of.doc) output.line(output.style("dim", `      ${of.doc.split("\n")[0]}`));
    for (const fn of methodsOf(of.name, manifest)) summarize(fn, output);
  }
}

function summarize(fn: FunctionSchema, output: Output): void {
  output.line();
  for (const signature of signatures(fn, output)) output.line(`  ${signature}`);
  const [summary] = (fn.doc ?? "").split("\n");
  if (summary) output.line(output.style("dim", `      ${summary}`));
}

function describeClass(of: ClassSchema, methods: FunctionSchema[], deployed: Deployed, output: Output): void {
  for (const construct of constructions(of, output)) output.line(construct);
  for (const doc of [of.doc, ...of.constructors.map((each) => each.doc)]) if (doc) output.line(`\n${indent(doc)}`);
  describeParameters(constructorOf(of), output);
  for (const fn of methods) summarize(fn, output);
  describeTypes([constructorOf(of), ...methods], deployed.manifest, output);
  describeDeployed(of, deployed, output);
}

function constructions({ name, constructors }: ClassSchema, output: Output): string[] {
  return constructors.map(({ parameters }) => `new ${output.style("cyan", name)}(${printParameters(parameters)})`);
}

type Callable = Omit<FunctionSchema, "signature" | "options">;

function describeParameters({ parameters }: Callable, output: Output): void {
  const documented = parameters.filter((each) => each.doc || each.default !== undefined || kindOf(each) !== undefined);
  if (documented.length > 0) output.line(`\n${output.style("bold", "Parameters")}`);
  for (const each of documented) {
    const { name, doc, default: value } = each;
    const kind = kindOf(each);
    const words = [kind && output.style("dim", kind), doc?.split("\n").join(" ")].filter(Boolean);
    output.line(`  ${[name + (value === undefined ? "" : output.style("dim", ` = ${value}`)), ...words].join("  ")}`);
  }
}

/** How a parameter is passed, where that is not as usual. */
function kindOf({ positionalOnly, keywordOnly, keywordRest }: ParameterSchema): string | undefined {
  if (keywordRest) return "any name";
  if (keywordOnly) return "by name only";
  return positionalOnly ? "by position only" : undefined;
}

function describeTypes(functions: readonly Callable[], manifest: AppManifest, output: Output): void {
  const used = reachable(functions, manifest.declarations);
  if (used.length > 0) output.line(`\n${output.style("bold", "Types")}`);
  for (const declaration of used) output.line(indent(printDeclaration(declaration)));
}

function describeDeployed(
  { source, signature }: Pick<FunctionSchema, "source" | "signature">,
  { manifest, from }: Deployed,
  output: Output,
): void {
  output.line(`\n${output.style("bold", "Deployed")}`);
  output.line(`  ${headline(manifest, output)}`);
  if (from) output.line(`  from       ${originText(from)}`);
  if (source) output.line(`  source     ${source.file}:${source.line}`);
  output.line(`  signature  ${signature}`);
}

function describeFunction(fn: FunctionSchema, deployed: Deployed, output: Output): void {
  for (const signature of signatures(fn, output)) output.line(signature);
  if (fn.doc) output.line(`\n${indent(fn.doc)}`);

  describeParameters(fn, output);
  describeTypes([fn], deployed.manifest, output);
  describeDeployed(fn, deployed, output);
}

function describeOptions(fn: FunctionSchema, output: Output): void {
  const { retries, timeoutMs, minContainers, maxContainers, concurrency, limit, batch, schedule } = fn.options;
  output.line(
    `  options    timeout ${timeoutMs} ms, retries ${retries.maxRetries}, ` +
      `containers ${minContainers} to ${maxContainers === 0 ? "cores" : maxContainers}, inputs at a time ${concurrency.maxInputs}`,
  );
  if (concurrency.key) {
    output.line(
      `  by key     ${concurrency.perKey} inputs at a time of each ${keyText(fn.parameters, concurrency.key)}`,
    );
  }
  if (limit) {
    const each = limit.key ? ` of each ${keyText(fn.parameters, limit.key)}` : "";
    output.line(`  limit      ${limit.count} inputs start in ${duration(limit.perMs)}${each}`);
  }
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
    return `${head}(${printCallParameters(parameters)}): ${printType(returns)}`;
  });
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
