/** Makes the plan: the stubs to write, as data. Pure: manifests and settings in, plan out. */
import { InvalidError } from "../runtime/errors.ts";
import { isTypeName, methodsOf, printDocumented } from "../schema/index.ts";
import { type CamelCased, camelCaseParameters } from "./camel-case.ts";
import { planClass } from "./class-plan.ts";
import { refuseCollisions, refuseFlatCollisions } from "./collisions.ts";
import { planDeclaration } from "./declarations.ts";
import { functionDoc, sourceText } from "./docs.ts";
import { errorDeclarations, planErrors } from "./errors.ts";
import { camelCases, nameExports, renamed } from "./exports.ts";
import { comment } from "./helpers.ts";
import type { LockedManifest } from "./locked.ts";
import type { AppPlan, ImportPlan, IndexPlan, MakerPlan, Plan, StubPlan } from "./model.ts";
import { byName, canDeclare, type Names, Scope, toFileName, toIdentifier } from "./names.ts";
import type { ChosenApp, PlanSettings } from "./plan-settings.ts";
import { qualifyGlobals, renameHiding, typeUses } from "./references.ts";
import { type StubType, stubType } from "./stub-type.ts";
import { markUnusedInside } from "./unused.ts";

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

/** `Function.fromName` does not know a stub's renamed arguments, so a stub that has some is not declared for it. */
function planAugmentation(app: AppPlan): IndexPlan["apps"][number] {
  const functions = app.functions.filter(({ names }) => names === undefined);
  const classes = app.classes.filter(({ methods }) => methods.every(({ shown }) => shown === undefined));
  const stubs = [...functions, ...classes].map(({ name, exported }) => ({ name, exported }));
  const isPart = stubs.length < app.functions.length + app.classes.length;
  const changed = isPart || stubs.some(({ name, exported }) => name !== exported);
  return { app: app.app, file: app.file, ...(changed && { functions: stubs }) };
}
