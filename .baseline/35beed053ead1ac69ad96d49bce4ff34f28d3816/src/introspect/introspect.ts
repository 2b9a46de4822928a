/** An app's source to what a deploy registers: its functions, the types that they use, and all that is wrong with them. */
import type { ts } from "ts-morph";
import type { ClassSchema, Declaration, FunctionSchema } from "../schema/index.ts";
import { completeCompared, createConversion } from "./convert/index.ts";
import {
  convertClass,
  convertFunction,
  exportedNames,
  type FoundClass,
  type FoundFunction,
  faultsOf,
  findCodecs,
  shareWhole,
} from "./functions/index.ts";
import { nameDeclarations, reachableFrom } from "./naming.ts";
import { type Fault, IntrospectionError, type Problem, placed, relativePath } from "./problems.ts";
import {
  type AppProgram,
  createProgram,
  docOf,
  docOfHolder,
  type Found,
  type FoundApp,
  find,
  type ProgramOptions,
  typeErrors,
  unwrap,
} from "./source/index.ts";

export type IntrospectOptions = ProgramOptions;
export { Previous } from "./source/index.ts";

export interface IntrospectedApp {
  /** The name given to `new App("…")`. */
  app: string;
  doc?: string;
  declarations: Declaration[];
  /** In the order of the source; the methods of a class where it is registered. */
  functions: Omit<FunctionSchema, "options">[];
  classes: ClassSchema[];
  /** Absolute folder that paths are relative to. */
  root: string;
  /** Absolute paths of the author's files that the app is made of. */
  files: string[];
  /** Warnings; errors are thrown. */
  problems: Problem[];
}

/**
 * Reads the app that a module registers, without running it. Throws IntrospectionError with all problems at once: type errors
 * as tsc reports them, types that cannot cross the wire, functions that cannot be determined.
 */
export function introspect(entry: string, options: IntrospectOptions = {}): IntrospectedApp {
  const app = createProgram(entry, options);
  const problems = typeErrors(app);
  const hasTypeErrors = problems.length > 0;
  const found = find(app);
  if (found.apps.length === 0) problems.push(noApp(app));
  problems.push(...looseNulls(app));
  const faults: Fault[] = [];
  const name = checkApps(app, found, faults);
  const { program, checker } = app;
  const cx = createConversion({ program, checker, codecs: findCodecs(app, found.apps, faults) });
  const names = exportedNames(app);
  const functions: FoundFunction[] = [];
  const classes: FoundClass[] = [];
  for (const registration of found.registrations) {
    if (registration.method === "class") {
      const converted = convertClass(cx, app, registration, names, faults);
      if (!converted) continue;
      classes.push(converted.of);
      functions.push(...converted.methods);
      continue;
    }
    const fn = convertFunction(cx, app, registration, names, faults);
    if (fn) functions.push(fn);
  }
  const all = [...classes, ...functions];
  checkDuplicates(found.registrations, all, faults);
  for (const { owners } of all) owners.forEach(completeCompared);
  faults.push(...faultsOf(app, all));
  problems.push(...faults.map((fault) => placed(app.root, fault)));
  // Types that the compiler could not understand look like `any`.
  const reported = hasTypeErrors ? problems.filter(({ severity }) => severity === "error") : problems;
  if (reported.some(({ severity }) => severity === "error")) throw new IntrospectionError(reported);
  shareWhole(
    cx,
    all.flatMap(({ owners }) => owners),
  );
  const declarations = nameDeclarations(app, reachableFrom(all));
  const doc = docOfApp(found.apps[0]!);
  return {
    app: name,
    ...(doc === undefined ? {} : { doc }),
    declarations,
    functions: functions.map(({ finish }) => finish(declarations)),
    classes: classes.map(({ finish }) => finish(declarations)),
    root: app.root,
    files: app.files.map(({ fileName }) => fileName),
    problems: reported,
  };
}

/** Types are read as the app's own tsconfig.json has them: without strictNullChecks, null and undefined are in all and none. */
function looseNulls({ program, root, entry }: AppProgram): Problem[] {
  const { strict, strictNullChecks = strict ?? true, configFilePath } = program.getCompilerOptions();
  if (strictNullChecks) return [];
  return [
    {
      severity: "warning",
      file: relativePath(root, typeof configFilePath === "string" ? configFilePath : entry.fileName),
      line: 1,
      column: 1,
      message: "strictNullChecks is off, so that callers' types do not show where null and undefined can occur",
      hint: 'Set "strict": true in tsconfig.json.',
    },
  ];
}

function noApp({ root, entry }: AppProgram): Problem {
  return {
    severity: "error",
    file: relativePath(root, entry.fileName),
    line: 1,
    column: 1,
    message: "neither this module nor the modules that it imports define an app",
    hint: 'Make one: `import { App } from "farcall"; export const app = new App("name");`.',
  };
}

function checkApps({ checker }: AppProgram, { apps, unreadable }: Found, faults: Fault[]): string {
  const report = (node: ts.Node, message: string, hint: string, other?: ts.Node): void => {
    faults.push({ severity: "error", node, message, hint, ...(other && { other }) });
  };
  for (const { node, message } of unreadable) {
    report(
      node,
      message,
      "Call app.function once for each function, at the top level of a module or in a helper function.",
    );
  }
  const [first, ...others] = apps;
  if (!first) return "";
  for (const { node } of others) {
    report(
      node,
      "this is a second app; the first is in",
      "Deploy each app from an entry module of its own.",
      first.node,
    );
  }
  const argument = first.node.arguments?.[0];
  const type = argument && checker.getTypeAtLocation(unwrap(argument));
  if (type?.isStringLiteral()) return type.value;
  if (argument) report(argument, "the app's name is not a literal", 'Write it out: `new App("name")`.');
  return "";
}

function docOfApp({ node }: FoundApp): string | undefined {
  return docOf(node) ?? docOfHolder(node.parent);
}

type Registered = Pick<FoundFunction, "name" | "call">;

function checkDuplicates(registrations: Found["registrations"], all: readonly Registered[], faults: Fault[]): void {
  const methods = new Map(registrations.map(({ call, method }) => [call, method]));
  const first = new Map<string, Registered>();
  for (const fn of all) {
    const known = first.get(fn.name);
    if (!known) {
      first.set(fn.name, fn);
      continue;
    }
    const noun = methods.get(fn.call) === "class" ? "class" : "function";
    // The methods of two classes of one name: the classes are reported.
    if (noun === "class" && fn.name.includes(".")) continue;
    faults.push({
      severity: "error",
      node: fn.call,
      message: `${noun} ${fn.name} is already registered in`,
      other: known.call,
      hint: `Give one of them another name: app.${noun}(…, { name: "…" }).`,
    });
  }
}
