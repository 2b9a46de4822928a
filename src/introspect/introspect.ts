/** An app's source to what a deploy registers: its functions, the types that they use, and all that is wrong with them. */
import type { ts } from "ts-morph";
import type { ClassSchema, Declaration, FunctionSchema } from "../schema/index.ts";
import { Conversion, completeCompared } from "./convert/conversion.ts";
import { convertClass, type FoundClass } from "./functions/classes.ts";
import { convertFunction, exportedNames, type FoundFunction } from "./functions/functions.ts";
import { problemsOf } from "./functions/refusals.ts";
import { docOfHolder } from "./functions/signatures.ts";
import { nameDeclarations, reachableFrom } from "./naming.ts";
import { IntrospectionError, type Problem, placeOf } from "./problems.ts";
import { docOf } from "./source/docs.ts";
import { unwrap } from "./source/expressions.ts";
import { type Found, type FoundApp, find } from "./source/find.ts";
import { type AppProgram, createProgram, type ProgramOptions, typeErrors } from "./source/program.ts";

export type IntrospectOptions = ProgramOptions;

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
 * as tsc reports them, types that cannot cross the wire, functions that cannot be told.
 */
export function introspect(entry: string, options: IntrospectOptions = {}): IntrospectedApp {
  const app = createProgram(entry, options);
  const problems = typeErrors(app);
  const hasTypeErrors = problems.length > 0;
  const found = find(app);
  const name = checkApps(app, found, problems);
  const cx = new Conversion(app.program, app.checker);
  const names = exportedNames(app);
  const functions: FoundFunction[] = [];
  const classes: FoundClass[] = [];
  for (const registration of found.registrations) {
    if (registration.method === "class") {
      const converted = convertClass(cx, app, registration, names, problems);
      if (!converted) continue;
      classes.push(converted.of);
      functions.push(...converted.methods);
      continue;
    }
    const fn = convertFunction(cx, app, registration, names, problems);
    if (fn) functions.push(fn);
  }
  const all = [...classes, ...functions];
  checkDuplicates(app, found.registrations, all, problems);
  for (const { owners } of all) owners.forEach(completeCompared);
  problems.push(...problemsOf(app, all));
  // Types that the compiler could not understand look like `any`.
  const told = hasTypeErrors ? problems.filter(({ severity }) => severity === "error") : problems;
  if (told.some(({ severity }) => severity === "error")) throw new IntrospectionError(told);
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
    problems: told,
  };
}

function checkApps(app: AppProgram, { apps, unreadable }: Found, problems: Problem[]): string {
  const report = (node: ts.Node, message: string, hint: string): void => {
    problems.push({ severity: "error", ...placeOf(app.root, node), message, hint });
  };
  for (const { node, message } of unreadable) {
    report(
      node,
      message,
      "call app.function once for each function, or a helper that does, where the module's code can be read",
    );
  }
  const [first, ...others] = apps;
  if (!first) {
    const { file } = placeOf(app.root, app.entry);
    problems.push({
      severity: "error",
      file,
      line: 1,
      column: 1,
      message: "there is no app in this module or what it imports",
      hint: 'make one: `import { App } from "farcall"; export const app = new App("name");`',
    });
    return "";
  }
  const { file, line } = placeOf(app.root, first.node);
  for (const { node } of others) {
    report(
      node,
      `this is a second app; the first is in ${file}:${line}`,
      "deploy each app from an entry module of its own",
    );
  }
  const argument = first.node.arguments?.[0];
  const type = argument && app.checker.getTypeAtLocation(unwrap(argument));
  if (type?.isStringLiteral()) return type.value;
  if (argument) report(argument, "the app's name is not a literal", 'write it out: `new App("name")`');
  return "";
}

function docOfApp({ node }: FoundApp): string | undefined {
  return docOf(node) ?? docOfHolder(node.parent);
}

type Registered = Pick<FoundFunction, "name" | "call">;

function checkDuplicates(
  app: AppProgram,
  registrations: Found["registrations"],
  all: readonly Registered[],
  problems: Problem[],
): void {
  const methods = new Map(registrations.map(({ call, method }) => [call, method]));
  const first = new Map<string, Registered>();
  for (const fn of all) {
    const known = first.get(fn.name);
    if (!known) {
      first.set(fn.name, fn);
      continue;
    }
    const noun = methods.get(fn.call) === "class" ? "class" : "function";
    // The methods of two classes of one name: that is said of the classes.
    if (noun === "class" && fn.name.includes(".")) continue;
    const { file, line } = placeOf(app.root, known.call);
    problems.push({
      severity: "error",
      ...placeOf(app.root, fn.call),
      message: `${noun} ${fn.name} is registered already in ${file}:${line}`,
      hint: `give one of them another name: app.${noun}(…, { name: "…" })`,
    });
  }
}
