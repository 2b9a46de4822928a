/**
 * The plan: the stubs to write, as data. Pure: manifests and settings in, plan out. Templates get these
 * objects, plugins may change them.
 */

import { InvalidError } from "../runtime/errors.ts";
import { type FunctionMode, isTypeName, methodsOf, printDocumented } from "../schema/index.ts";
import { thrownText, valueText } from "../text/index.ts";
import { type CamelCased, camelCase, camelCaseParameters } from "./camel-case.ts";
import { type ClassPlan, planClass } from "./class-plan.ts";
import { type DeclarationPlan, planDeclaration } from "./declarations.ts";
import { functionDoc, sourceText } from "./docs.ts";
import { type ErrorPlan, errorDeclarations, planErrors } from "./errors.ts";
import { comment } from "./helpers.ts";
import type { LockedManifest } from "./locked.ts";
import { byName, canDeclare, type Names, Scope, toFileName, toIdentifier } from "./names.ts";
import { qualifyGlobals, renameHiding, typeUses } from "./references.ts";
import { type StubType, stubType } from "./stub-type.ts";
import { markUnusedInside } from "./unused.ts";

export interface Plan {
  apps: AppPlan[];
  index: IndexPlan;
}

/** A file of stubs. */
export interface AppPlan {
  /** Without extension; also what the index calls it: `images`. */
  file: string;
  app: string;
  environment: string;
  /** The engine that stubs remember; if absent, they choose one when they run. */
  engine?: string;
  doc?: string;
  /** The package that the file imports: `farcall`, or `@farcall/client`. */
  runtime: string;
  /** Names from that package that the file needs, with the names that they have in it. */
  imports: ImportPlan[];
  /** Name of the const that makes the stubs. */
  factory: string;
  /** The name of `stubs` in this file. */
  stubs: string;
  /** Functions that call the factory's methods, for those that make most of the stubs. */
  makers: MakerPlan[];
  declarations: DeclarationPlan[];
  /** The classes of declared errors, each after the one that it extends. */
  errors: ErrorPlan[];
  /** The functions, without the methods of classes. */
  functions: StubPlan[];
  classes: ClassPlan[];
}

export interface ImportPlan {
  name: string;
  local: string;
  typeOnly: boolean;
}

/** A function, since the compiler does not check whether it was reassigned: for a const it follows the whole file's flow from each stub. */
export interface MakerPlan {
  name: string;
  /** The factory's method that it calls. */
  make: "function" | "generator";
  /** Whether some of its stubs use argument names that differ from the deployed ones. */
  named?: true;
}

export interface StubPlan extends StubType {
  /** The deployed name. */
  name: string;
  /** The const's name, which differs from `exported` if that is a reserved word. */
  local: string;
  exported: string;
  /** The function that makes it in TypeScript output: the name of a maker, or the factory's method itself. */
  maker: string;
  mode: FunctionMode;
  signature: string;
  /** As code: maps the argument names that the stub shows to the deployed ones, where they differ. */
  names?: string;
  doc?: string;
  /** `src/app.ts:12`, relative to the author's project. */
  source?: string;
}

export interface IndexPlan {
  /** Extension of the specifiers: `.ts`, `.js` or nothing. */
  extension: string;
  exports: IndexExport[];
  /** The package whose `interface Apps` the index extends. */
  runtime: string;
  /** Entries for that package's `interface Apps`, which gives `Function.fromName` its types. */
  apps: {
    app: string;
    file: string /** Present when names were changed: deployed to exported. */;
    functions?: { name: string; exported: string }[];
  }[];
}

export interface IndexExport {
  file: string;
  namespace: string;
  /** The namespace's name in the index, which differs from `namespace` if that is a reserved word. */
  local: string;
  flat: boolean;
}

/** One app that the config chose. */
export interface ChosenApp {
  manifest: LockedManifest;
  as?: string | undefined;
}

export interface PlanSettings {
  engine?: string | undefined;
  exports: "namespaces" | "flat";
  /** Extension of the specifiers by which generated files import each other. */
  importExtension: string;
  /** The package that the files import. Default: `farcall`. */
  runtime?: string;
  /** Apps that the index of another output declares in `interface Apps`. */
  declaredElsewhere?: readonly string[];
  /** The style of Python functions', methods' and parameters' names. */
  names?: "deployed" | "camelCase" | undefined;
  rename?: ((name: string, of: { app: string; environment: string }) => string) | undefined;
}

/** Throws InvalidError if two apps cannot be told apart or a manifest cannot be written as TypeScript. */
export function planFiles(chosen: readonly ChosenApp[], settings: PlanSettings): Plan {
  const named = chosen.map((app) => ({
    app,
    file: toFileName(app.as ?? app.manifest.app),
    namespace: toIdentifier(app.as ?? app.manifest.app),
  }));
  refuseCollisions(named);

  const apps = named.map(({ app, file }) => planApp(app.manifest, file, settings));
  const flat = settings.exports === "flat";
  if (flat) refuseFlatCollisions(apps);
  const seen = new Set<string>(settings.declaredElsewhere);
  const locals = new Scope(named.map(({ namespace }) => namespace).filter(canDeclare));
  return {
    apps,
    index: {
      extension: settings.importExtension,
      exports: named.map(({ file, namespace }) => ({
        file,
        namespace,
        local: canDeclare(namespace) ? namespace : locals.claim(`${namespace}_`),
        flat,
      })),
      runtime: settings.runtime ?? "farcall",
      // For an app in two environments, the first one's functions are declared.
      apps: apps.filter(({ app }) => !seen.has(app) && seen.add(app)).map(planAugmentation),
    },
  };
}

function planApp(manifest: LockedManifest, file: string, settings: PlanSettings): AppPlan {
  try {
    return printDocumented(comment, () => planAppOrThrow(manifest, file, settings));
  } catch (error) {
    // A type that is too deep for the printer is too deep for the compiler.
    const message = error instanceof RangeError ? "a type is nested too deeply" : (error as Error).message;
    throw new InvalidError(`no stubs can be written for ${manifest.app} (${manifest.environment}): ${message}`, {
      cause: error,
      hint:
        (error as { hint?: string }).hint ??
        "Leave the function out with the config's `functions`, or change it and deploy again.",
    });
  }
}

function planAppOrThrow(given: LockedManifest, file: string, settings: PlanSettings): AppPlan {
  const declared = new Set(given.declarations.map(({ name }) => name));
  const uses = [...given.functions, ...(given.classes ?? []), ...given.declarations].map(typeUses);
  const distinct = withoutHiding(given, declared);
  const original = uses.some(({ binds }) => binds) ? withoutUnused(distinct) : distinct;
  // Each class declares an interface.
  const instances = (original.classes ?? []).map(({ name }) => renamed(name, original, settings));
  if (declared.size < original.declarations.length) throw new InvalidError("two declarations have the same name");
  // The file's own names and the classes that it imports hide global ones, and so do type parameters in their scope.
  const parameters = typeParameterNames(original.functions);
  const hidden = new Set([...declared, ...instances, ...parameters, "Function", "GeneratorFunction"]);
  if (hidden.has("globalThis"))
    throw new InvalidError("a type is called globalThis, which the stubs need to refer to global types");
  const isAmbiguous = uses.some(({ globals }) => globals.some((name) => hidden.has(name)));
  const manifest = isAmbiguous ? qualifyGlobals(original, hidden) : original;

  const enums = manifest.declarations.filter(({ kind }) => kind === "enum").map(({ name }) => name);
  const own = manifest.functions.filter((fn) => fn.class === undefined);
  const errors = errorDeclarations(manifest.declarations);
  const values = [...enums, ...errors.map(({ name }) => name)];
  const named = nameExports([...own, ...(manifest.classes ?? [])], manifest, values, settings);
  // Imports and the factory give way to the author's names.
  const scope = new Scope([...declared, ...parameters, ...named.values().map(({ local }) => local)]);

  const imports = new Map<string, ImportPlan>();
  const use = (name: string, typeOnly: boolean): string => {
    let known = imports.get(name);
    if (!known) {
      known = { name, local: scope.claim(name), typeOnly };
      imports.set(name, known);
    }
    return known.local;
  };
  const names: Names = {
    use: (name) => use(name, true),
    claim: (name) => scope.claim(name),
    global: (name) => (hidden.has(name) ? `globalThis.${name}` : name),
  };
  const factory = scope.claim("app");
  const makers = new Map<string, MakerPlan>();
  const makerOf = ({ make }: StubType, names: string | undefined): string => {
    if (make === "web") return `${factory}.web`;
    const known = makers.get(make) ?? { name: scope.claim(make === "function" ? "stub" : "generatorStub"), make };
    if (names !== undefined) known.named = true;
    makers.set(make, known);
    return known.name;
  };
  const isCamelCased = camelCases(manifest, settings);
  const stubs: StubPlan[] = own.map((deployed) => {
    const { local, exported } = named.get(deployed)!;
    const { fn, names: wireNames }: CamelCased = isCamelCased ? camelCaseParameters(deployed) : { fn: deployed };
    const source = sourceText(fn.source);
    const doc = functionDoc(fn, source);
    const type = stubType(fn, exported, names);
    return {
      name: fn.name,
      local,
      exported,
      maker: makerOf(type, wireNames),
      mode: fn.mode,
      signature: fn.signature,
      ...(wireNames !== undefined && { names: wireNames }),
      ...type,
      ...(doc && { doc }),
      ...(source && { source }),
    };
  });
  const classes = (manifest.classes ?? []).map((of) => {
    const { local, exported } = named.get(of)!;
    const instance = declared.has(local) || !isTypeName(local) ? scope.claim(`${local}Instance`) : local;
    return planClass(of, { local, exported, instance, isCamelCased }, methodsOf(of.name, manifest), names);
  });
  const errorPlans = planErrors(errors, names);
  const factoryImport = stubs.length + classes.length > 0 ? use("stubs", false) : "stubs";
  return {
    file,
    app: manifest.app,
    environment: manifest.environment,
    ...(settings.engine !== undefined && { engine: settings.engine }),
    ...(manifest.doc && { doc: manifest.doc }),
    runtime: settings.runtime ?? "farcall",
    imports: [...imports.values()].sort(byName),
    factory,
    stubs: factoryImport,
    makers: [...makers.values()],
    declarations: manifest.declarations
      .filter((item) => !errors.some((error) => error === item))
      .map((item) => planDeclaration(item, settings.runtime ?? "farcall")),
    errors: errorPlans,
    functions: stubs,
    classes,
  };
}

function withoutHiding(manifest: LockedManifest, declared: ReadonlySet<string>): LockedManifest {
  const taken = typeParameterNames(manifest.functions);
  const isHiding = [...taken].some((name) => declared.has(name));
  const hasGenerics = manifest.declarations.some((declaration) => "typeParameters" in declaration);
  if (!isHiding && !hasGenerics) return manifest;
  return {
    ...manifest,
    functions: manifest.functions.map((fn) => ({
      ...renameHiding(fn, declared, taken),
      ...(fn.overloads && { overloads: fn.overloads.map((call) => renameHiding(call, declared, taken)) }),
    })),
    declarations: manifest.declarations.map((declaration) =>
      "typeParameters" in declaration ? renameHiding(declaration, declared, taken) : declaration,
    ),
  };
}

/** Item by item: most have nothing to rename, and are kept as the same objects. */
function withoutUnused(manifest: LockedManifest): LockedManifest {
  return {
    ...manifest,
    functions: manifest.functions.map(markUnusedInside),
    declarations: manifest.declarations.map(markUnusedInside),
  };
}

/** Only the functions' own signatures use helpers of this package. */
function typeParameterNames(functions: LockedManifest["functions"]): Set<string> {
  const calls = functions.flatMap((fn) => fn.overloads ?? [fn]);
  return new Set(calls.flatMap(({ typeParameters = [] }) => typeParameters.map(({ name }) => name)));
}

interface NamedExport {
  local: string;
  exported: string;
}

/**
 * Gives each function and class its names: the deployed one wherever TypeScript allows it.
 * @param values the file's other exports: enums and error classes
 */
function nameExports<T extends { name: string }>(
  items: readonly T[],
  manifest: LockedManifest,
  values: readonly string[],
  settings: PlanSettings,
): Map<T, NamedExport> {
  const wanted = new Map(items.map((item) => [item, renamed(item.name, manifest, settings)]));
  const exports = new Scope(values);
  const exported = new Map<T, string>();
  const converted: [T, string][] = [];
  for (const [fn, name] of wanted) {
    // `await import()` takes a module that exports a function of this name for a promise, and a class's const is a function.
    const isThen = name === "then" && manifest.classes?.some((of) => of.name === fn.name);
    if (isThen || name !== toIdentifier(name)) {
      converted.push([fn, isThen ? `${name}_` : name]);
      continue;
    }
    if (exports.has(name)) {
      throw new InvalidError(
        `two exports would be called ${name}${values.includes(name) ? ", a function and an enum or error class" : ""}`,
        {
          hint: "Tell them apart with the config's `rename`.",
        },
      );
    }
    exported.set(fn, exports.claim(name));
  }
  for (const [fn, name] of converted) exported.set(fn, exports.claim(toIdentifier(name)));

  // A reserved word can be exported, but cannot be a const's name: `export { delete_ as delete }`.
  const locals = new Scope([...values, ...[...exported.values()].filter(canDeclare)]);
  return new Map(
    items.map((item) => {
      const name = exported.get(item)!;
      return [item, { exported: name, local: canDeclare(name) ? name : locals.claim(`${name}_`) }];
    }),
  );
}

function camelCases({ language }: LockedManifest, { names }: PlanSettings): boolean {
  return names === "camelCase" && language === "python";
}

/** The name from the config's `rename`, or else the deployed name in the style of the config's `names`. */
function renamed(deployed: string, manifest: LockedManifest, settings: PlanSettings): string {
  const name = renamedByConfig(deployed, manifest, settings);
  return name === deployed && camelCases(manifest, settings) ? camelCase(name) : name;
}

function renamedByConfig(name: string, { app, environment }: LockedManifest, { rename }: PlanSettings): string {
  if (!rename) return name;
  const hint = "`rename` gets a deployed name and returns the one that the stub is exported by.";
  let result: unknown;
  try {
    result = rename(name, { app, environment }) ?? name;
  } catch (cause) {
    throw new InvalidError(`the config's rename failed for ${name}: ${thrownText(cause)}`, { cause, hint });
  }
  if (typeof result === "string" && result !== "") return result;
  throw new InvalidError(
    `the config's rename returned ${valueText(result)} for ${name}: expected a name, as a string`,
    { hint },
  );
}

/** `Function.fromName` does not know a stub's renamed arguments, so a stub that has some is not declared for it. */
function planAugmentation(app: AppPlan): IndexPlan["apps"][number] {
  const functions = app.functions.filter(({ names }) => names === undefined);
  const classes = app.classes.filter(({ methods }) => methods.every(({ shown }) => shown === undefined));
  const stubs = [...functions, ...classes].map(({ name, exported }) => ({ name, exported }));
  const isPart = stubs.length < app.functions.length + app.classes.length;
  const changed = isPart || stubs.some(({ name, exported }) => name !== exported);
  return { app: app.app, file: app.file, ...(changed && { functions: stubs }) };
}

function refuseCollisions(named: readonly { app: ChosenApp; file: string; namespace: string }[]): void {
  for (const key of ["file", "namespace"] as const) {
    const seen = new Map<string, (typeof named)[number]>();
    for (const item of named) {
      // In lower case: on many file systems `Images.ts` is `images.ts`.
      const folded = key === "file" ? item.file.toLowerCase() : item.namespace;
      const other = seen.get(folded);
      if (other && appText(other.app) === appText(item.app)) {
        throw new InvalidError(`${appText(item.app)} is listed twice in the config's apps`, {
          hint: "Remove one of them, or give one another name with `as`.",
        });
      }
      if (other) {
        throw new InvalidError(
          `${appText(other.app)} and ${appText(item.app)} would both have the ${key} ${item[key]}`,
          {
            hint: `Name one of them: { name: ${JSON.stringify(item.app.manifest.app)}, as: "…" } in the config's apps.`,
          },
        );
      }
      seen.set(folded, item);
    }
  }
}

function refuseFlatCollisions(apps: readonly AppPlan[]): void {
  const seen = new Map<string, AppPlan>();
  for (const app of apps) {
    for (const name of new Set([
      ...app.functions.map(({ exported }) => exported),
      ...app.classes.flatMap(({ exported, instance }) => [exported, instance]),
      ...[...app.declarations, ...app.errors].map((item) => item.name),
    ])) {
      const other = seen.get(name);
      if (other) {
        throw new InvalidError(`${other.app} and ${app.app} both export ${name}`, {
          hint: 'Use exports: "namespaces", or tell them apart with the config\'s `rename`.',
        });
      }
      seen.set(name, app);
    }
  }
}

const appText = ({ manifest }: ChosenApp) => `${JSON.stringify(manifest.app)} (${manifest.environment})`;
