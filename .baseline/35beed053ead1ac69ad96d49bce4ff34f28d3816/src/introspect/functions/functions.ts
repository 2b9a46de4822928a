/** One registered function: its name, its mode, its signatures. */
import { ts } from "ts-morph";
import {
  type ClassSchema,
  type Declaration,
  type FunctionMode,
  type FunctionSchema,
  signatureOf,
} from "../../schema/index.ts";
import type { Conversion } from "../convert/index.ts";
import { type Fault, placeOf, type Report } from "../problems.ts";
import {
  type AppProgram,
  atRegistration,
  docOf,
  docOfHolder,
  type FunctionDoc,
  functionBehind,
  type Located,
  type Registration,
  runtimeName,
  splitFunctionDoc,
  stringProperty,
  symbolOf,
  unwrap,
} from "../source/index.ts";
import { declaredErrors } from "./errors.ts";
import { conversionFor, noteOmissions, omissionsIn } from "./omit.ts";
import { isGeneratorNode, iteratedResult } from "./results.ts";
import { type ConvertedSignature, convertSignature, type SignatureOwner } from "./signatures.ts";

export interface FoundFunction {
  name: string;
  call: ts.CallExpression;
  owners: SignatureOwner[];
  /** The schema, once declarations have their names. */
  finish(declarations: readonly Declaration[]): Omit<FunctionSchema, "options">;
}

/** What the entry exports, by the expression that an export holds. */
export type ExportedNames = ReadonlyMap<ts.Node, string>;

/** A function without a name of its own gets that of the export; of several, the first by the alphabet, as at run time. */
export function exportedNames({ checker, entry }: AppProgram): ExportedNames {
  const names = new Map<ts.Node, string>();
  const module = checker.getSymbolAtLocation(entry);
  const exported = module ? checker.getExportsOfModule(module) : [];
  for (const symbol of exported.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (symbol.name === "default") continue;
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const value = initializerOf(checker, target);
    if (value && !names.has(value)) names.set(value, symbol.name);
  }
  return names;
}

/** What a constant holds, seen through other constants. */
function initializerOf(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Expression | undefined {
  const node = symbol.valueDeclaration;
  const value =
    node && ts.isVariableDeclaration(node)
      ? node.initializer
      : node && ts.isExportAssignment(node)
        ? node.expression
        : undefined;
  if (!value) return undefined;
  const inner = unwrap(value);
  const next = ts.isIdentifier(inner) ? symbolOf(checker, inner) : undefined;
  return (next && initializerOf(checker, next)) ?? inner;
}

export function convertFunction(
  cx: Conversion,
  app: AppProgram,
  registration: Registration,
  exported: ExportedNames,
  faults: Fault[],
): FoundFunction | undefined {
  const { checker } = app;
  const { call } = registration;
  const report = reporter(app, call, faults);
  const behind = registration.fn && functionBehind(checker, registration.fn);
  const name = nameOf(checker, registration, behind, exported, report);
  if (registration.method === "web")
    return name === undefined ? undefined : webFunction(app, registration, name, behind);
  const signatures = signaturesOf(checker, registration);
  if (signatures.length === 0) {
    if (registration.fn || call.arguments.length > 0) {
      report(call, "the value registered here is not known to be a function", "Pass a function whose type is known.");
    }
    return undefined;
  }
  if (name === undefined) return undefined;
  return convertCallable(cx, app, { name, signatures, behind, call, options: registration.options }, report);
}

/** Reports where something is wrong, or where it is registered when that is in a package. */
export function reporter({ isOwn }: AppProgram, call: ts.Node, faults: Fault[]): Report {
  return (node, message, hint) => {
    faults.push({ severity: "error", node: isOwn(node.getSourceFile()) ? node : call, message, hint });
  };
}

/** A function or a method, once it is known what it is called and how it can be called. */
export interface Callable {
  name: string;
  signatures: readonly ts.Signature[];
  behind: ts.SignatureDeclaration | undefined;
  call: ts.CallExpression;
  options: Located | undefined;
  /** Of a method. */
  owner?: Pick<ClassSchema, "name" | "constructors">;
}

export function convertCallable(
  cx: Conversion,
  { root, isOwn, checker }: Pick<AppProgram, "root" | "isOwn" | "checker">,
  { name, signatures, behind, call, options, owner }: Callable,
  report: Report,
): FoundFunction {
  const types = owner ? cx : conversionFor(cx, options, name, report);
  for (const signature of owner ? [] : signatures)
    refuseThisParameter(checker, signature, name, behind ?? call, report);
  let mode: FunctionMode = behind && isGeneratorNode(behind) ? "generator" : "unary";
  const iterated = mode === "unary" ? signatures.filter((signature) => iteratedResult(types, signature)) : [];
  if (iterated.length === signatures.length && iterated.every(isDeclaredAlone)) mode = "generator";
  else if (iterated.length > 0) {
    report(
      behind ?? call,
      `${name} returns a generator but is not declared as one`,
      `Declare it with a star: async ${owner ? "*" : "function* "}${name.split(".").at(-1)}(…) { yield* … }.`,
    );
    mode = "generator"; // so that what it yields is looked at too
  }
  const comment = owner ? undefined : docOfHolder(call.parent);
  const bindingDoc: FunctionDoc | undefined = comment === undefined ? undefined : splitFunctionDoc(comment);
  const isOverloaded = signatures.length > 1;
  const converted = signatures.map((signature) =>
    convertSignature(types, signature, name, mode, isOverloaded ? undefined : bindingDoc, call),
  );
  const omissions = converted.map(({ signature, owners }) => {
    const found = omissionsIn(owners);
    noteOmissions(signature, found);
    return found;
  });
  const docs = [
    { text: bindingDoc?.text, at: call },
    ...converted.map(({ signature }) => ({ text: signature.doc, at: behind ?? call })),
  ];
  const errors = declaredErrors(cx, { name, docs, options, call }, report);
  const own = behind && isOwn(behind.getSourceFile()) ? behind : call;
  const { file, line } = placeOf(root, own);
  const last = converted.at(-1)!.signature;
  const doc = isOverloaded ? (bindingDoc?.text ?? firstDoc(converted)) : last.doc;
  return {
    name,
    call,
    owners: [
      ...converted.flatMap(({ owners }, at) =>
        isOverloaded ? owners.map((each) => ({ ...each, overload: { at: at + 1, of: converted.length } })) : owners,
      ),
      ...(errors ? [errors.owner] : []),
    ],
    finish(declarations) {
      const schema: Omit<FunctionSchema, "options" | "signature"> = { name, mode, ...last, source: { file, line } };
      if (owner) schema.class = owner.name;
      delete schema.doc;
      if (doc !== undefined) schema.doc = doc;
      if (errors) schema.errors = errors.references;
      const omitted = new Set(omissions.flat().map((each) => each.name));
      if (omitted.size > 0) schema.omitted = [...omitted];
      if (isOverloaded) schema.overloads = converted.map(({ signature }: ConvertedSignature) => signature);
      return { ...schema, signature: signatureOf(schema, declarations, owner) };
    },
  };
}

/** The documentation of an overloaded function as a whole; a deprecated overload does not deprecate the others. */
function firstDoc(overloads: readonly ConvertedSignature[]): string | undefined {
  const isDeprecated = ({ signature }: ConvertedSignature): boolean => /^@deprecated\b/m.test(signature.doc ?? "");
  const current = overloads.every(isDeprecated) ? overloads : overloads.filter((each) => !isDeprecated(each));
  return current.find(({ signature }) => signature.doc !== undefined)?.signature.doc;
}

function refuseThisParameter(
  checker: ts.TypeChecker,
  signature: ts.Signature,
  name: string,
  place: ts.Node,
  report: Report,
): void {
  const { thisParameter } = signature as { thisParameter?: ts.Symbol }; // the compiler keeps it, its types do not say so
  const type = thisParameter && checker.getTypeOfSymbol(thisParameter);
  if (!type || type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Any | ts.TypeFlags.Unknown))
    return;
  report(
    thisParameter.valueDeclaration ?? place,
    `${name} needs a \`this\`, which a remote call does not have`,
    "Take what it needs as an ordinary parameter.",
  );
}

/** In a package's declarations, which have no stars. */
function isDeclaredAlone({ declaration }: ts.Signature): boolean {
  return declaration?.getSourceFile().isDeclarationFile === true;
}

/** Callers depend on no types of it: all requests are alike. */
function webFunction(
  app: AppProgram,
  { call }: Registration,
  name: string,
  behind: ts.SignatureDeclaration | undefined,
): FoundFunction {
  const { file, line } = placeOf(app.root, behind && app.isOwn(behind.getSourceFile()) ? behind : call);
  const own = behind && ts.isFunctionDeclaration(behind) ? docOf(behind) : undefined;
  const comment = own ?? docOfHolder(call.parent);
  const doc = comment === undefined ? undefined : splitFunctionDoc(comment).text;
  return {
    name,
    call,
    owners: [],
    finish(declarations) {
      const schema: Omit<FunctionSchema, "options" | "signature"> = {
        name,
        mode: "web",
        parameters: [],
        returns: { kind: "primitive", name: "unknown" },
        source: { file, line },
      };
      if (doc !== undefined) schema.doc = doc;
      return { ...schema, signature: signatureOf(schema, declarations) };
    },
  };
}

/** The name that the runtime gives it: the option, else the function's own name, else the export's. */
export function nameOf(
  checker: ts.TypeChecker,
  { call, options, method }: Registration,
  behind: ts.SignatureDeclaration | ts.ClassLikeDeclaration | undefined,
  exported: ExportedNames,
  report: Report,
): string | undefined {
  const noun = method === "class" ? "class" : "function";
  const known = stringProperty(checker, options, "name");
  if (known !== "absent") {
    if ("value" in known) return known.value;
    report(
      known.unknown,
      `the ${noun}'s name is not a literal, so it is not known before the program runs`,
      'Write it out: { name: "…" }.',
    );
    return undefined;
  }
  const own = behind && runtimeName(behind);
  const name = own === undefined || own === "default" ? exported.get(call) : own;
  if (name === undefined) {
    report(
      call,
      `this ${noun} has no name`,
      `Name the ${noun}, export what app.${noun}() returns from the entry module, or pass { name: "…" }.`,
    );
  }
  return name;
}

function signaturesOf(checker: ts.TypeChecker, { call, fn }: Registration): readonly ts.Signature[] {
  const located = fn && atRegistration(checker, fn);
  // Inside a helper, types depend on what it is called with: the call's own type has them resolved.
  if (!located || located.environment) {
    const local = checker.getPropertyOfType(checker.getTypeAtLocation(call), "local");
    const type = local && checker.getTypeOfSymbolAtLocation(local, call);
    // The function's own type comes first, see Defined; after it, that of any function with these parameters.
    const own = type?.isIntersection() ? type.types[0] : type;
    if (own && own.getCallSignatures().length > 0) return own.getCallSignatures();
  }
  return located ? checker.getNonNullableType(checker.getTypeAtLocation(located.expression)).getCallSignatures() : [];
}
