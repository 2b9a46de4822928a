/**
 * Decides whether a stub that was generated from one version of a function may call another one. Parameters are contravariant (the
 * new version must accept everything that the old one accepted), results covariant (the old version could have returned everything
 * that the new one returns). A difference that cannot be decided counts as breaking: see assignable.ts.
 */

import { constructorOf } from "../classes.ts";
import type { AppManifest, CallSignature, FunctionSchema, ParameterSchema } from "../manifest.ts";
import { isNamed, isOptional, isPositional, isRequired } from "../parameters.ts";
import { expand, partsOf } from "../resolve.ts";
import { bindNames, canonicalOf, signatureOf, thrownAs } from "../signature.ts";
import type { Declaration, TupleElement, TypeSchema } from "../type-schema.ts";
import { Comparison, type Difference, type Side, TOO_DEEP } from "./assignable.ts";
import { readingChanges } from "./reading.ts";
import type { ClassVersion, Compatibility, FunctionVersion } from "./versions.ts";

export interface FunctionComparison extends Compatibility {
  name: string;
}

/**
 * Compares every function of either manifest, including methods, and every class by its constructor, in order of name. A new one is
 * compatible, a removed one is breaking.
 */
export function compareManifests(
  before: Pick<AppManifest, "functions" | "classes" | "declarations">,
  after: Pick<AppManifest, "functions" | "classes" | "declarations">,
): FunctionComparison[] {
  const functions = compareNamed("function", before.functions, after.functions, (was, is) =>
    compareFunctions({ fn: was, declarations: before.declarations }, { fn: is, declarations: after.declarations }),
  );
  const classes = compareNamed("class", before.classes ?? [], after.classes ?? [], (was, is) =>
    compareClasses({ of: was, declarations: before.declarations }, { of: is, declarations: after.declarations }),
  );
  return [...functions, ...classes].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function compareNamed<T extends { name: string }>(
  noun: string,
  before: readonly T[],
  after: readonly T[],
  compare: (was: T, is: T) => Compatibility,
): FunctionComparison[] {
  const old = new Map(before.map((each) => [each.name, each]));
  const current = new Map(after.map((each) => [each.name, each]));
  return [...new Set([...old.keys(), ...current.keys()])].map((name) => {
    const [was, is] = [old.get(name), current.get(name)];
    if (!was) return { name, verdict: "compatible", reasons: [`${noun} was added`] };
    if (!is) return { name, verdict: "breaking", reasons: [`${noun} was removed`] };
    return { name, ...compare(was, is) };
  });
}

/** Compares constructors: callers who could construct an instance before must still be able to. */
export function compareClasses(before: ClassVersion, after: ClassVersion): Compatibility {
  const [was, is] = [before, after].map(({ of, declarations }) => ({ fn: constructorOf(of), declarations }));
  const result = compareFunctions(was!, is!);
  if (result.verdict !== "same" || before.of.doc === after.of.doc) return result;
  return { verdict: "docs only", reasons: ["documentation changed"] };
}

export function compareFunctions(before: FunctionVersion, after: FunctionVersion): Compatibility {
  if (signatureOf(before.fn, before.declarations) === signatureOf(after.fn, after.declarations)) {
    const reasons = readingChanges(before, after);
    return { verdict: reasons.length > 0 ? "docs only" : "same", reasons };
  }
  const breaking = new Set([
    ...(before.fn.mode === after.fn.mode ? overloadsBreak(before, after) : modeBreaks(before, after)),
    ...errorsBreak(before, after),
  ]);
  const news = new Set([
    ...widened(before, after).filter((reason) => before.fn.mode === after.fn.mode || !isOfResult(reason)),
    ...errorNews(before, after),
  ]);
  if (breaking.size > 0) return { verdict: "breaking", reasons: [...breaking, ...besides(news, breaking)] };
  return { verdict: "compatible", reasons: news.size > 0 ? [...news] : ["types changed, compatibly"] };
}

/** A generator's yields are not compared with a function's result. */
function modeBreaks(before: FunctionVersion, after: FunctionVersion): string[] {
  const reasons = overloadsBreak(before, after).filter((reason) => !isOfResult(reason));
  return [`was a ${before.fn.mode} function, is now a ${after.fn.mode} one`, ...reasons];
}

function isOfResult(reason: string): boolean {
  return /^(?:overload \d+: )?(?:returns|yields)\b/.test(reason);
}

/** The compatible changes of a function that also has breaking ones: to other parameters, or to other parts of them. */
function besides(news: ReadonlySet<string>, breaking: ReadonlySet<string>): string[] {
  const subjects = [...breaking].map(subjectIn);
  return [...news].filter((reason) => {
    const own = subjectIn(reason);
    return !subjects.some((subject) => own.startsWith(subject) || subject.startsWith(own));
  });
}

/** What a reason is about: `parameter 'options': property 'width'`. */
function subjectIn(reason: string): string {
  const plain = reason.replace(/^overload \d+: /, "");
  // A change of the whole is not more specific than that.
  if (plain.endsWith(TOO_DEEP)) return plain.slice(0, plain.indexOf(": "));
  return (
    /^(?:parameter '[^']*'|the error [^: ]+|returns|yields)(?:: (?:property|element) '[^']*')?/.exec(plain)?.[0] ??
    plain
  );
}

/** One way to call one version. */
interface Call extends Side, CallSignature {
  keywords: boolean;
  mode: FunctionSchema["mode"];
  all: readonly Declaration[];
}

function callsOf({ fn, declarations }: FunctionVersion): Call[] {
  const canonical = canonicalOf(declarations);
  return (fn.overloads ?? [fn]).map((call) => ({
    ...call,
    keywords: fn.keywords === true,
    mode: fn.mode,
    all: declarations,
    declarations: canonical.declarations,
    canonical,
    names: bindNames(call.typeParameters, "f", new Map()),
  }));
}

/** Old calls keep their overload only if the old overloads come first and accept exactly what they did; more may follow. */
function overloadsBreak(before: FunctionVersion, after: FunctionVersion): string[] {
  const [old, current] = [callsOf(before), callsOf(after)];
  if (old.length === 1 && current.length === 1) return callBreaks(old[0]!, current[0]!);
  return old.flatMap((was, at) => {
    const is = current[at];
    if (!is) return [`overload ${at + 1} was removed`];
    const breaking = callBreaks(was, is).map((reason) => `overload ${at + 1}: ${reason}`);
    if (breaking.length > 0 || takes(was) === takes(is)) return breaking;
    return [`overload ${at + 1} takes something else, which can change the overload that a call gets`];
  });
}

function takes({ parameters, typeParameters, mode, keywords, all }: Call): string {
  const alone: FunctionVersion["fn"] = { name: "", mode, parameters, returns: { kind: "primitive", name: "void" } };
  if (typeParameters) alone.typeParameters = typeParameters;
  if (keywords) alone.keywords = true;
  return signatureOf(alone, all);
}

// ---- errors ---------------------------------------------------------------------------------------------------

/**
 * Adding or removing a class does not break a stub: for an unknown class callers get a RemoteError, as they did before it was declared.
 * Instances' properties are compared like results.
 */
function errorsBreak(before: FunctionVersion, after: FunctionVersion): string[] {
  const [was, is] = [callsOf(before)[0]!, callsOf(after)[0]!];
  const [old, current] = [errorsOf(before), errorsOf(after)];
  const output = new Comparison("output", was, is);
  return [...old].flatMap(([name, type]) => {
    const now = current.get(name);
    return now ? output.differences(now, type).map((found) => sayError(name, found)) : [];
  });
}

function errorNews(before: FunctionVersion, after: FunctionVersion): string[] {
  const [was, is] = [callsOf(before)[0]!, callsOf(after)[0]!];
  const [old, current] = [errorsOf(before), errorsOf(after)];
  const input = new Comparison("input", was, is);
  return [
    ...[...current.keys()].filter((name) => !old.has(name)).map((name) => `the error ${name} was added`),
    ...[...old].flatMap(([name, type]) => {
      const now = current.get(name);
      if (!now) return [`the error ${name} is no longer declared`];
      const differences = input.differences(type, now);
      const said = new Set(differences.map(({ path }) => path));
      const others = propertyChanges([type, was], [now, is]).filter(({ path }) => !said.has(path));
      return [...differences, ...others].map((found) => sayError(name, found));
    }),
  ];
}

/** By the names that their instances have. */
function errorsOf({ fn, declarations }: FunctionVersion): Map<string, TypeSchema> {
  return new Map((fn.errors ?? []).map((error) => [thrownAs(error, declarations), error]));
}

function sayError(name: string, { path, what }: Difference): string {
  return path === "" ? `the error ${name} ${what}` : `the error ${name}: ${sayPart(path)} ${what}`;
}

function callBreaks(was: Call, is: Call): string[] {
  const [old, current] = [was, is].map((call) => call.canonical.typeParameters(call.typeParameters, call.names));
  if (old !== current) return ["type parameters changed"];
  const input = new Comparison("input", was, is);
  const generic = [...was.parameters, ...is.parameters].some(({ type }) => isGeneric(type, was) || isGeneric(type, is));
  const reasons = generic ? genericParametersBreak(was, is, input) : positionsBreak(was, is, input);
  reasons.push(...namesBreak(was, is, input));
  const output = new Comparison("output", was, is);
  if (!isGeneric(was.returns, was) && !isGeneric(is.returns, is)) {
    reasons.push(...output.differences(is.returns, was.returns).map((found) => sayResult(was, found)));
  } else if (!output.same(is.returns, was.returns)) {
    reasons.push(sayResult(was, { path: "", what: "changed, and depends on type parameters" }));
  }
  return reasons;
}

/** What a compatible change accepts in addition or no longer returns: the differences in the other direction. */
function widened(before: FunctionVersion, after: FunctionVersion): string[] {
  const [old, current] = [callsOf(before), callsOf(after)];
  const reasons = current.slice(old.length).map((_, at) => `overload ${old.length + at + 1} was added`);
  if (!before.fn.keywords && after.fn.keywords) reasons.push("arguments can be passed by name");
  const takesAnyName = ({ fn }: FunctionVersion) => fn.parameters.some(({ keywordRest }) => keywordRest);
  if (!takesAnyName(before) && takesAnyName(after)) reasons.push("arguments of any other name can be passed");
  const [was, is] = [old[0]!, current[0]!];
  reasons.push(...positionsBreak(is, was, new Comparison("output", was, is)));
  const results = new Comparison("input", was, is).differences(was.returns, is.returns);
  reasons.push(...results.map((found) => sayResult(was, found)));
  const said = new Set(reasons.map(subjectIn));
  const properties = [...was.parameters.keys()].flatMap((at) => {
    const { name, type } = was.parameters[at]!;
    const other = is.parameters[at];
    return other ? propertyChanges([type, was], [other.type, is]).map((found) => sayParameter(name, found)) : [];
  });
  const ofResult = propertyChanges([was.returns, was], [is.returns, is]).map((found) => sayResult(was, found));
  return [...reasons, ...[...properties, ...ofResult].filter((reason) => !said.has(subjectIn(reason)))];
}

type Typed = readonly [type: TypeSchema, of: Side];

/** Properties that were added or removed without affecting what can be passed. */
function propertyChanges(before: Typed, after: Typed, path = "", depth = 0): Difference[] {
  const [was, is] = [propertiesOf(before), propertiesOf(after)];
  if (!was || !is || depth > MAX_PROPERTY_DEPTH) return [];
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const added = [...is.keys()].filter((name) => !was.has(name)).map((name) => ({ path: at(name), what: "was added" }));
  const rest = [...was].flatMap(([name, type]): Difference[] => {
    const now = is.get(name);
    if (!now) return [{ path: at(name), what: "was removed" }];
    return propertyChanges([type, before[1]], [now, after[1]], at(name), depth + 1);
  });
  return [...added, ...rest];
}

/** Readers of a change are not interested in deeper ones. */
const MAX_PROPERTY_DEPTH = 3;

function propertiesOf([type, { declarations }]: Typed): Map<string, TypeSchema> | undefined {
  let at: TypeSchema | undefined = type;
  for (let depth = 0; at?.kind === "reference" && depth < 20; depth++) at = expand(at, declarations);
  return at?.kind === "object" ? new Map(at.properties.map((property) => [property.name, property.type])) : undefined;
}

// ---- parameters -----------------------------------------------------------------------------------------------

function positionsBreak(source: Call, target: Call, comparison: Comparison): string[] {
  const [from, to] = [byPosition(source), byPosition(target)];
  return [...comparison.elements(asElements(from, source), asElements(to, target))].flatMap(([at, differences]) => {
    const { name } = (from[at] ?? to[at] ?? from.at(-1) ?? to.at(-1))!;
    return differences.map((found) => sayParameter(name, found));
  });
}

/** Inference looks at all parameters at once, so existing ones must not change. */
function genericParametersBreak(was: Call, is: Call, comparison: Comparison): string[] {
  const [old, current] = [byPosition(was), byPosition(is)];
  const reasons: string[] = [];
  for (const [at, parameter] of old.entries()) {
    const other = current[at];
    if (!other) reasons.push(`${subjectOf(parameter)} was removed`);
    else if (!comparison.same(asTuple(parameter), asTuple(other))) {
      reasons.push(`${subjectOf(parameter)} changed, in a generic function`);
    }
  }
  for (const parameter of current.slice(old.length)) {
    if (!isOptional(parameter) || isGeneric(parameter.type, is)) {
      reasons.push(`${subjectOf(parameter)} was added, in a generic function`);
    }
  }
  return reasons;
}

/** Where callers pass arguments by name, names must stay and accept what they did. */
function namesBreak(was: Call, is: Call, comparison: Comparison): string[] {
  if (was.keywords && !is.keywords) return ["arguments can no longer be passed by name"];
  const reasons: string[] = [];
  const known = new Map(is.parameters.map((parameter) => [parameter.name, parameter]));
  const [oldRest, newRest] = [was, is].map(({ parameters }) => parameters.find(({ keywordRest }) => keywordRest));
  for (const parameter of was.parameters.filter((each) => isNamed(each, was.keywords))) {
    const other = known.get(parameter.name);
    if (other?.positionalOnly) reasons.push(`${subjectOf(parameter)} can be passed by position only`);
    else if (!other || other.rest || other.keywordRest) {
      // The comparison by position covers it.
      if (newRest) reasons.push(...restBreaks(parameter, newRest));
      else reasons.push(`${subjectOf(parameter)} was removed or renamed`);
    } else if (isOptional(parameter) && !isOptional(other)) reasons.push(`${subjectOf(parameter)} became required`);
    else if (other.keywordOnly && !parameter.keywordOnly) {
      reasons.push(`${subjectOf(parameter)} can be passed by name only`);
    } else if (isGeneric(parameter.type, was) || isGeneric(other.type, is)) {
      if (!comparison.same(asTuple(parameter), asTuple(other))) reasons.push(`${subjectOf(parameter)} changed`);
    } else {
      const differences = comparison.differences(asElement(parameter, true).type, asElement(other, true).type);
      reasons.push(...differences.map((found) => sayParameter(parameter.name, found)));
    }
  }
  if (oldRest && newRest) reasons.push(...restBreaks(oldRest, newRest));
  else if (oldRest) reasons.push("arguments of other names can no longer be passed");
  const names = new Set(was.parameters.map(({ name }) => name));
  for (const parameter of is.parameters) {
    const counts = was.keywords || parameter.keywordOnly;
    if (counts && !names.has(parameter.name) && isRequired(parameter)) {
      reasons.push(`${subjectOf(parameter)} was added and is required`);
    } else if (oldRest && !names.has(parameter.name) && isNamed(parameter, is.keywords)) {
      // Before, an argument of this name went to the rest parameter.
      reasons.push(...restBreaks({ ...oldRest, name: parameter.name }, parameter));
    }
  }
  return reasons;

  function restBreaks(parameter: ParameterSchema, taker: ParameterSchema): string[] {
    if (isGeneric(parameter.type, was) || isGeneric(taker.type, is))
      return comparison.same(parameter.type, taker.type) ? [] : [`${subjectOf(parameter)} changed`];
    const differences = comparison.differences(asElement(parameter, true).type, asElement(taker, true).type);
    return differences.map((found) => sayParameter(parameter.name, found));
  }
}

function byPosition({ parameters }: Call): readonly ParameterSchema[] {
  return parameters.filter(isPositional);
}

/** A list of parameters as the elements of a tuple; a rest parameter that is a tuple gives its elements. */
function asElements(parameters: readonly ParameterSchema[], { declarations }: Call): TupleElement[] {
  const required = parameters.findLastIndex(isRequired);
  return parameters.flatMap((parameter, at) => {
    if (!parameter.rest) return [asElement(parameter, at > required)];
    let type: TypeSchema | undefined = parameter.type;
    for (let depth = 0; type?.kind === "reference" && depth < 20; depth++) type = expand(type, declarations);
    return type?.kind === "tuple" ? type.elements : [{ type: type ?? parameter.type, rest: true as const }];
  });
}

/** `undefined` can be passed for an optional parameter, and must be if a required one follows. */
function asElement(parameter: ParameterSchema, canBeLeftOut: boolean): TupleElement {
  if (!isOptional(parameter)) return { type: parameter.type };
  const type: TypeSchema = { kind: "union", members: [parameter.type, { kind: "primitive", name: "undefined" }] };
  return canBeLeftOut ? { type, optional: true } : { type };
}

function asTuple(parameter: ParameterSchema): TypeSchema {
  const element: TupleElement = parameter.rest ? { type: parameter.type, rest: true } : asElement(parameter, true);
  return { kind: "tuple", elements: [element] };
}

/** Whether it depends on a type parameter of the function. */
function isGeneric(type: TypeSchema, call: Call): boolean {
  if (call.names.size === 0) return false;
  return type.kind === "typeParameter"
    ? call.names.has(type.name)
    : partsOf(type).some((part) => isGeneric(part, call));
}

// ---- words ----------------------------------------------------------------------------------------------------

function subjectOf({ name }: { name: string }): string {
  return `parameter '${name}'`;
}

function sayParameter(name: string, { path, what }: Difference): string {
  return path === "" ? `${subjectOf({ name })} ${what}` : `${subjectOf({ name })}: ${sayPart(path)} ${what}`;
}

function sayResult({ mode }: Call, { path, what }: Difference): string {
  const subject = mode === "generator" ? "yields" : "returns";
  return path === "" ? `${subject}: ${what}` : `${subject}: ${sayPart(path)} ${what}`;
}

function sayPart(path: string): string {
  return `${path.endsWith("]") ? "element" : "property"} '${path}'`;
}
