/** A manifest as an API reference for people, in Markdown. */
import { constructorOf, methodsOf } from "../classes.ts";
import { docParts } from "../docs.ts";
import { functionsOf } from "../functions.ts";
import type {
  AppManifest,
  CallSignature,
  ClassSchema,
  ConstructorSchema,
  FunctionSchema,
  ParameterSchema,
  ResolvedFunctionOptions,
} from "../manifest.ts";
import { declarationsByName, ownMembers, partsOf } from "../resolve.ts";
import type { Declaration, TypeSchema } from "../type-schema.ts";
import { printCallParameters, printParameters } from "./parameters.ts";
import { printDeclaration, printType, printTypeParameters } from "./print.ts";

/**
 * All functions and classes, or the one that is named, then the types that they use. Throws SchemaError for a name that the manifest
 * does not have.
 */
export function exportMarkdown(manifest: AppManifest, functionName?: string): string {
  const functions = functionsOf(manifest, functionName);
  const sections: string[] = [];
  if (functionName === undefined) {
    sections.push(`# ${manifest.app}`);
    sections.push(...paragraphs(manifest.doc));
    sections.push(`Environment \`${manifest.environment}\`, version ${manifest.version}.`);
  }
  const owners = new Set(functions.map((fn) => fn.class));
  const classes = (manifest.classes ?? []).filter(({ name }) => owners.has(name));
  for (const fn of functions) if (fn.class === undefined) sections.push(...functionSections(fn));
  for (const of of classes) {
    sections.push(...classSections(of));
    for (const fn of methodsOf(of.name, { functions })) sections.push(...functionSections(fn));
  }
  const types = reachable([...functions, ...classes.map(constructorOf)], manifest.declarations);
  if (types.length > 0) sections.push("## Types");
  for (const declaration of types) {
    sections.push(
      `### ${code(declaration.name)}`,
      ...paragraphs(declaration.doc),
      fence(printDeclaration(declaration)),
    );
    sections.push(...table(["name", "description"], memberDocs(declaration)));
  }
  return `${sections.join("\n\n")}\n`;
}

/** A constructor as callers see it: `new Model(size: "s" | "l")`. */
export function constructorText({ name }: ClassSchema, { parameters }: ConstructorSchema): string {
  return `new ${name}(${printParameters(parameters)})`;
}

function classSections(of: ClassSchema): string[] {
  const { name, doc, constructors } = of;
  const text = constructors.map((each) => constructorText(of, each)).join("\n");
  return [
    `## ${code(name)}`,
    fence(text),
    ...paragraphs(doc),
    ...constructors.flatMap((each) => paragraphs(each.doc)),
    ...parameterTable(constructors),
  ];
}

function parameterTable(calls: readonly Pick<CallSignature, "parameters">[]): string[] {
  const documented = calls.flatMap((call) => call.parameters).filter(({ doc, default: value }) => doc ?? value);
  const rows = [...new Map(documented.map((parameter) => [parameter.name, parameter])).values()].map(parameterRow);
  return table(["parameter", "default", "description"], rows);
}

function functionSections(fn: FunctionSchema): string[] {
  const calls: readonly CallSignature[] = fn.overloads ?? [fn];
  const sections = [`## ${code(fn.name)}`, fence(calls.map((call) => signatureText(fn, call)).join("\n"))];
  sections.push(...paragraphs(fn.doc), ...parameterTable(calls));
  const options = optionsText(fn.options);
  if (options !== "") sections.push(`Options: ${options}.`);
  if (fn.source) sections.push(`Source: ${code(`${fn.source.file}:${fn.source.line}`)}`);
  return sections;
}

/** A function as callers see it: `resize(image: Uint8Array): Promise<Uint8Array>`. */
export function signatureText(fn: FunctionSchema, call: CallSignature): string {
  if (fn.mode === "web") return `${fn.name}(request: Request): Promise<Response>`;
  const result = printType(call.returns);
  const returns = fn.mode === "generator" ? `AsyncGenerator<${result}>` : `Promise<${result}>`;
  return `${fn.name}${printTypeParameters(call.typeParameters)}(${printCallParameters(call.parameters)}): ${returns}`;
}

function parameterRow(parameter: ParameterSchema): string[] {
  const value = parameter.default === undefined ? "" : code(parameter.default);
  return [code(parameter.name), value, parameter.doc ?? ""];
}

function memberDocs(declaration: Declaration): string[][] {
  const members =
    declaration.kind === "alias"
      ? declaration.type.kind === "object"
        ? declaration.type.properties
        : []
      : declaration.kind === "enum"
        ? declaration.members
        : declaration.properties;
  return members.flatMap(({ name, doc }) => (doc === undefined ? [] : [[code(name), doc]]));
}

function optionsText(options: ResolvedFunctionOptions): string {
  const parts = [`timeout ${options.timeoutMs / 1000} s`];
  if (options.retries.maxRetries > 0) parts.push(`${options.retries.maxRetries} retries`);
  if (options.minContainers > 0) parts.push(`at least ${options.minContainers} containers`);
  if (options.maxContainers > 0) parts.push(`at most ${options.maxContainers} containers`);
  if (options.concurrency.maxInputs > 1) parts.push(`${options.concurrency.maxInputs} inputs at a time`);
  if (options.concurrency.perKey !== undefined) parts.push(`${options.concurrency.perKey} of a key at a time`);
  if (options.limit) {
    const { count, perMs, key } = options.limit;
    parts.push(`at most ${count} starts in ${perMs / 1000} s${key ? " of a key" : ""}`);
  }
  if (options.memoryMiB > 0) parts.push(`${options.memoryMiB} MiB`);
  return parts.join(", ");
}

/** The declarations that functions use, in the manifest's order. */
export function reachable(
  functions: readonly Omit<FunctionSchema, "signature" | "options">[],
  all: readonly Declaration[],
): Declaration[] {
  const known = declarationsByName(all);
  const found = new Set<string>();
  const visit = (type: TypeSchema | undefined): void => {
    if (!type) return;
    partsOf(type).forEach(visit);
    if (type.kind !== "reference" || found.has(type.name)) return;
    found.add(type.name);
    const declaration = known.get(type.name);
    if (declaration?.kind === "alias") visit(declaration.type);
    if (declaration?.kind === "interface") {
      visit(ownMembers(declaration));
      declaration.extends?.forEach(visit);
    }
    if (declaration && declaration.kind !== "enum") visitParameters(declaration.typeParameters);
  };
  const visitParameters = (parameters: CallSignature["typeParameters"]): void => {
    for (const parameter of parameters ?? []) {
      visit(parameter.constraint);
      visit(parameter.default);
    }
  };
  for (const call of functions.flatMap((fn): readonly CallSignature[] => [fn, ...(fn.overloads ?? [])])) {
    visitParameters(call.typeParameters);
    for (const parameter of call.parameters) visit(parameter.type);
    visit(call.returns);
  }
  return all.filter(({ name }) => found.has(name));
}

// ---- text -----------------------------------------------------------------------------------------------------

/** The text of a comment, and its tags as a list. */
function paragraphs(doc: string | undefined): string[] {
  const { text, tags } = docParts(doc);
  const list = tags?.replaceAll(/^@(\w+)[ \t]*/gm, "- **$1** ");
  return [text, list].filter((part) => part !== undefined);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [[line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)].join("\n")];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

/** In more backticks than there are in a row in the text. */
function code(text: string): string {
  const ticks = "`".repeat(longestRun(text) + 1);
  return ticks.length > 1 ? `${ticks} ${text} ${ticks}` : `\`${text}\``;
}

function fence(text: string): string {
  const ticks = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${ticks}ts\n${text}\n${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
