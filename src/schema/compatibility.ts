/**
 * Whether a stub that was generated from one version of a function may call another one. Parameters are contravariant (all
 * that the old version took, the new one must take), results covariant (all that the new one gives back, the old one
 * could have). Whatever cannot be decided counts as breaking: see assignable.ts.
 */
import { Comparison, type Difference, type Side } from "./assignable.ts";
import type { AppManifest, CallSignature, FunctionSchema, ParameterSchema } from "./manifest.ts";
import { declarationsByName, expand, partsOf } from "./resolve.ts";
import { bindNames, canonicalOf, signatureOf } from "./signature.ts";
import type { Declaration, TupleElement, TypeSchema } from "./type-schema.ts";

export interface Compatibility {
  /**
   * `same`: nothing that a caller sees. `docs only`: what a caller reads, not what it may pass or gets (documentation,
   * labels, names of types, order). `compatible`: old stubs go on working. `breaking`: they may not.
   */
  verdict: "compatible" | "breaking" | "docs only" | "same";
  /** One line each: `parameter 'width' became required`. Of a breaking change, only what breaks; empty for `same`. */
  reasons: string[];
}

/** A function and what its references refer to. */
export interface FunctionVersion {
  fn: Omit<FunctionSchema, "signature" | "options">;
  declarations: readonly Declaration[];
}

export interface FunctionComparison extends Compatibility {
  name: string;
}

/** Every function of either manifest, in order of name. One that is new is compatible, one that is gone is breaking. */
export function compareManifests(before: AppManifest, after: AppManifest): FunctionComparison[] {
  const old = new Map(before.functions.map((fn) => [fn.name, fn]));
  const current = new Map(after.functions.map((fn) => [fn.name, fn]));
  return [...new Set([...old.keys(), ...current.keys()])].sort().map((name) => {
    const [was, is] = [old.get(name), current.get(name)];
    if (!was) return { name, verdict: "compatible", reasons: ["function was added"] };
    if (!is) return { name, verdict: "breaking", reasons: ["function was removed"] };
    const versions = [
      { fn: was, declarations: before.declarations },
      { fn: is, declarations: after.declarations },
    ] as const;
    return { name, ...compareFunctions(...versions) };
  });
}

export function compareFunctions(before: FunctionVersion, after: FunctionVersion): Compatibility {
  if (signatureOf(before.fn, before.declarations) === signatureOf(after.fn, after.declarations)) {
    const reasons = readingChanges(before, after);
    return { verdict: reasons.length > 0 ? "docs only" : "same", reasons };
  }
  if (before.fn.mode !== after.fn.mode) {
    return { verdict: "breaking", reasons: [`was a ${before.fn.mode} function, is now a ${after.fn.mode} one`] };
  }
  const breaking = overloadsBreak(before, after) ?? callBreaks(before, after, before.fn, after.fn);
  if (breaking.length > 0) return { verdict: "breaking", reasons: [...new Set(breaking)] };
  // Seen in the other direction, what is compatible is what differs.
  const news = callWidens(before, after);
  return { verdict: "compatible", reasons: news.length > 0 ? [...new Set(news)] : ["types changed, compatibly"] };
}

/**
 * Old calls keep their overload only when the old overloads come first and take exactly what they took; more may follow.
 * `undefined` when neither version is overloaded.
 */
function overloadsBreak(before: FunctionVersion, after: FunctionVersion): string[] | undefined {
  if (!before.fn.overloads && !after.fn.overloads) return undefined;
  const old = before.fn.overloads ?? [before.fn];
  const current = after.fn.overloads ?? [after.fn];
  return old.flatMap((call, at) => {
    const other = current[at];
    if (!other) return [`overload ${at + 1} was removed`];
    const breaking = callBreaks(before, after, call, other).map((reason) => `overload ${at + 1}: ${reason}`);
    if (breaking.length > 0 || takes(before, call) === takes(after, other)) return breaking;
    return [`overload ${at + 1} takes something else, which can change the overload that a call gets`];
  });
}

function takes({ fn, declarations }: FunctionVersion, call: CallSignature): string {
  const alone = { ...call, name: "", mode: fn.mode, returns: { kind: "primitive", name: "void" } as const };
  return signatureOf(fn.keywords ? { ...alone, keywords: true } : alone, declarations);
}

function callBreaks(before: FunctionVersion, after: FunctionVersion, was: CallSignature, is: CallSignature): string[] {
  const [old, current] = [side(before, was), side(after, is)];
  if (
    old.canonical.typeParameters(was.typeParameters, old.names) !==
    current.canonical.typeParameters(is.typeParameters, current.names)
  ) {
    return ["type parameters changed"];
  }
  const reasons = parametersBreak(before, after, was, is, new Comparison("input", old, current));
  const subject = before.fn.mode === "generator" ? "yields" : "returns";
  const output = new Comparison("output", old, current);
  const found =
    mentionsParameter(was.returns, was) || mentionsParameter(is.returns, is)
      ? output.same(is.returns, was.returns)
        ? []
        : [{ path: "", what: "changed, and depends on type parameters" }]
      : output.differences(is.returns, was.returns);
  return [...reasons, ...found.map((difference) => `${subject}: ${say(difference)}`)];
}

function parametersBreak(
  before: FunctionVersion,
  after: FunctionVersion,
  was: CallSignature,
  is: CallSignature,
  comparison: Comparison,
): string[] {
  const reasons: string[] = [];
  const old = byPosition(was.parameters);
  const current = byPosition(is.parameters);
  const generic = [...was.parameters, ...is.parameters].some(
    ({ type }) => mentionsParameter(type, was) || mentionsParameter(type, is),
  );
  if (generic) {
    // Inference looks at all parameters at once: those that are there must stay as they are.
    for (const [at, parameter] of was.parameters.entries()) {
      const other = is.parameters[at];
      const name = subjectOf(parameter.name);
      if (!other) reasons.push(`${name} was removed`);
      else if (!comparison.same(asElement(parameter), asElement(other))) {
        reasons.push(`${name} changed, in a generic function`);
      }
    }
    for (const parameter of is.parameters.slice(was.parameters.length)) {
      const free = isOptional(parameter) && !mentionsParameter(parameter.type, is);
      if (!free) reasons.push(`${subjectOf(parameter.name)} was added, in a generic function`);
    }
  } else {
    const elements = comparison.elements(asElements(old, before), asElements(current, after));
    for (const [at, differences] of elements) {
      const name = (old[Math.min(at, old.length - 1)] ?? current[Math.min(at, current.length - 1)])?.name ?? "";
      const added = at >= old.length ? current[at]?.name : undefined;
      reasons.push(...differences.map((difference) => sayParameter(added ?? name, difference)));
    }
  }
  reasons.push(...keywordsBreak(before, after, was, is, comparison, generic));
  return reasons;
}

/** Where callers pass by name, names must stay, with all that they took. */
function keywordsBreak(
  before: FunctionVersion,
  after: FunctionVersion,
  was: CallSignature,
  is: CallSignature,
  comparison: Comparison,
  generic: boolean,
): string[] {
  const reasons: string[] = [];
  if (before.fn.keywords && !after.fn.keywords) return ["arguments can no longer be passed by name"];
  const known = new Map(is.parameters.map((parameter) => [parameter.name, parameter]));
  const oldNames = new Set(was.parameters.map((parameter) => parameter.name));
  for (const parameter of was.parameters) {
    if (parameter.rest || (!before.fn.keywords && !parameter.keywordOnly)) continue;
    const other = known.get(parameter.name);
    const name = subjectOf(parameter.name);
    if (!other || other.rest) reasons.push(`${name} was removed or renamed`);
    else if (isOptional(parameter) && !isOptional(other)) reasons.push(`${name} became required`);
    else if (other.keywordOnly && !parameter.keywordOnly) reasons.push(`${name} can be passed by name only`);
    else if (!generic) {
      const [given, wanted] = [elementOf(parameter, true), elementOf(other, true)];
      reasons.push(
        ...comparison.differences(given.type, wanted.type).map((item) => sayParameter(parameter.name, item)),
      );
    }
  }
  for (const parameter of is.parameters) {
    const isNew = before.fn.keywords
      ? !oldNames.has(parameter.name)
      : parameter.keywordOnly && !oldNames.has(parameter.name);
    if (isNew && !parameter.rest && !isOptional(parameter)) {
      reasons.push(`${subjectOf(parameter.name)} was added and is required`);
    }
  }
  return reasons;
}

/** What a compatible change has made wider on the way in or narrower on the way out. */
function callWidens(before: FunctionVersion, after: FunctionVersion): string[] {
  const reasons: string[] = [];
  const [was, is] = [before.fn, after.fn];
  if (!was.keywords && is.keywords) reasons.push("arguments can be passed by name");
  for (let at = was.overloads?.length ?? 1; at < (is.overloads?.length ?? 1); at++) {
    reasons.push(`overload ${at + 1} was added`);
  }
  const [old, current] = [side(before, was), side(after, is)];
  const input = new Comparison("output", old, current);
  const elements = input.elements(
    asElements(byPosition(is.parameters), after),
    asElements(byPosition(was.parameters), before),
  );
  const [oldNames, names] = [byPosition(was.parameters), byPosition(is.parameters)];
  for (const [at, differences] of elements) {
    const name = (names[Math.min(at, names.length - 1)] ?? oldNames[at])?.name ?? "";
    reasons.push(...differences.map((difference) => sayParameter(name, difference)));
  }
  const subject = was.mode === "generator" ? "yields" : "returns";
  const output = new Comparison("input", old, current);
  reasons.push(...output.differences(was.returns, is.returns).map((item) => `${subject}: ${say(item)}`));
  return reasons;
}

// ---- parameters -----------------------------------------------------------------------------------------------

function side({ declarations }: FunctionVersion, call: CallSignature): Side {
  const names = bindNames(call.typeParameters, "f", new Map());
  return { declarations: declarationsByName(declarations), canonical: canonicalOf(declarations), names };
}

function byPosition(parameters: readonly ParameterSchema[]): readonly ParameterSchema[] {
  return parameters.filter((parameter) => !parameter.keywordOnly);
}

/** A list of parameters as the elements of a tuple; a rest parameter that is a tuple gives its elements. */
function asElements(parameters: readonly ParameterSchema[], { declarations }: FunctionVersion): TupleElement[] {
  const required = parameters.findLastIndex((parameter) => !parameter.rest && !isOptional(parameter));
  return parameters.flatMap((parameter, at) => {
    if (!parameter.rest) return [elementOf(parameter, at > required)];
    let { type } = parameter;
    const names = declarationsByName(declarations);
    for (let depth = 0; type.kind === "reference" && depth < 20; depth++) type = expand(type, names) ?? type;
    return type.kind === "tuple" ? type.elements : [{ type, rest: true }];
  });
}

/** `undefined` can be passed for what is optional, and must be for what is so before something required. */
function elementOf(parameter: ParameterSchema, canBeLeftOut: boolean): TupleElement {
  if (!isOptional(parameter)) return { type: parameter.type };
  const type: TypeSchema = { kind: "union", members: [parameter.type, { kind: "primitive", name: "undefined" }] };
  return canBeLeftOut ? { type, optional: true } : { type };
}

function asElement(parameter: ParameterSchema): TypeSchema {
  const element: TupleElement = parameter.rest ? { type: parameter.type, rest: true } : elementOf(parameter, true);
  return { kind: "tuple", elements: [element] };
}

function isOptional(parameter: ParameterSchema): boolean {
  return parameter.optional === true || parameter.default !== undefined;
}

function mentionsParameter(type: TypeSchema, call: CallSignature): boolean {
  if (!call.typeParameters?.length) return false;
  if (type.kind === "typeParameter") return call.typeParameters.some(({ name }) => name === type.name);
  return partsOf(type).some((part) => mentionsParameter(part, call));
}

// ---- words ----------------------------------------------------------------------------------------------------

function subjectOf(name: string): string {
  return `parameter '${name}'`;
}

function sayParameter(name: string, difference: Difference): string {
  return difference.path === "" ? `${subjectOf(name)} ${difference.what}` : `${subjectOf(name)}: ${say(difference)}`;
}

function say({ path, what }: Difference): string {
  if (path === "") return what;
  return `${path.endsWith("]") ? "element" : "property"} '${path}' ${what}`;
}

/** What a reader sees change although nothing changes for the program. */
function readingChanges(before: FunctionVersion, after: FunctionVersion): string[] {
  const reasons: string[] = [];
  for (const [at, parameter] of before.fn.parameters.entries()) {
    const name = after.fn.parameters[at]?.name;
    if (name !== undefined && name !== parameter.name)
      reasons.push(`${subjectOf(parameter.name)} is called '${name}' now`);
  }
  const [old, current] = [visible(before), visible(after)];
  if (docs(old) !== docs(current)) reasons.push("documentation changed");
  if (reasons.length === 0 && JSON.stringify(old) !== JSON.stringify(current)) reasons.push("names or order changed");
  return reasons;
}

/** The parts of a version that show in its stub: the function's own and the declarations that it reaches. */
function visible({ fn, declarations }: FunctionVersion): unknown[] {
  const { source: _, ...own } = fn as FunctionSchema;
  const known = declarationsByName(declarations);
  const shown: unknown[] = [{ ...own, options: undefined, signature: undefined }];
  const seen = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { kind, name } = value as { kind?: unknown; name?: unknown };
    if (kind === "reference" && typeof name === "string" && !seen.has(name)) {
      seen.add(name);
      shown.push(known.get(name));
      visit(known.get(name));
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(shown[0]);
  return shown;
}

function docs(value: unknown): string {
  const found: unknown[] = [];
  JSON.stringify(value, (key, item) => {
    if (key === "doc" || key === "default") found.push(item);
    return item;
  });
  return JSON.stringify(found.sort());
}
