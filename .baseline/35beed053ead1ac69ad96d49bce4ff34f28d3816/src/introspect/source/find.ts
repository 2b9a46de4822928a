/**
 * Finds the app and every call that registers a function of it, wherever it is written: directly, or by a helper function
 * that calls `app.function` with what it is given.
 */
import { ts } from "ts-morph";
import { type Environment, type Located, unwrap } from "./expressions.ts";
import type { AppProgram } from "./program.ts";
import { lastName, symbolOf } from "./symbols.ts";

export interface FoundApp {
  node: ts.NewExpression;
}

export interface Registration {
  /** The outermost call: what a binding of the function holds. */
  call: ts.CallExpression;
  method: RegistrationMethod;
  /** The arguments of `app.function`: a function, for `app.class` a class. */
  fn: Located | undefined;
  options: Located | undefined;
}

export interface Found {
  apps: FoundApp[];
  registrations: Registration[];
  /** Calls of `app.function` that cannot be read: why. */
  unreadable: { node: ts.Node; message: string }[];
}

/** A call that registers, and the helper functions between it and `app.function`. */
interface Site {
  call: ts.CallExpression;
  inner: ts.CallExpression;
  environment: Environment | undefined;
}

export function find(app: AppProgram): Found {
  const { checker } = app;
  const found: Found = { apps: [], registrations: [], unreadable: [] };
  let sites: Site[] = [];
  for (const file of app.files) {
    const { text } = file;
    if (!["function", "new ", "web", "class"].some((word) => text.includes(word))) continue;
    visitCalls(file, (node) => {
      if (ts.isNewExpression(node)) {
        if (isAppClass(app, symbolOf(checker, lastName(node.expression)))) found.apps.push({ node });
      } else if (isRegistration(app, node)) sites.push({ call: node, inner: node, environment: undefined });
    });
  }
  // Each round goes one helper outwards; a helper that calls itself must not go on for ever.
  for (let round = 0; sites.length > 0 && round < MAX_HELPERS; round++) sites = outwards(app, sites, found);
  // In the order of the source, which is that of the files and of the places in them.
  const files = new Map(app.files.map((file, index) => [file, index]));
  found.registrations.sort(
    (a, b) =>
      files.get(a.call.getSourceFile())! - files.get(b.call.getSourceFile())! || a.call.getStart() - b.call.getStart(),
  );
  return found;
}

const MAX_HELPERS = 8;

function visitCalls(file: ts.SourceFile, visit: (node: ts.CallExpression | ts.NewExpression) => void): void {
  const walk = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) visit(node);
    // Types have no calls in them.
    if (!ts.isTypeNode(node)) ts.forEachChild(node, walk);
  };
  ts.forEachChild(file, walk);
}

export type RegistrationMethod = (typeof METHODS)[number];

const METHODS = ["function", "web", "class"] as const;

/** `app.function(…)` and the like, for an `app` that is farcall's. */
function isRegistration(app: AppProgram, node: ts.CallExpression): boolean {
  const callee = unwrap(node.expression);
  if (!METHODS.some((method) => method === methodOf(callee))) return false;
  const { expression } = callee as ts.PropertyAccessExpression | ts.ElementAccessExpression;
  return isAppClass(app, app.checker.getNonNullableType(app.checker.getTypeAtLocation(expression)).symbol);
}

function methodOf(callee: ts.Expression): string | undefined {
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text;
  if (!ts.isElementAccessExpression(callee)) return undefined;
  return ts.isStringLiteralLike(callee.argumentExpression) ? callee.argumentExpression.text : undefined;
}

const appClasses = new WeakMap<ts.Symbol, boolean>();

/** farcall's class App, whichever copy of farcall declares it. */
function isAppClass({ isOwn }: AppProgram, symbol: ts.Symbol | undefined): boolean {
  if (symbol?.name !== "App" || !(symbol.flags & ts.SymbolFlags.Class)) return false;
  let result = appClasses.get(symbol);
  if (result === undefined) {
    const file = symbol.declarations?.[0]?.getSourceFile();
    result = file !== undefined && !isOwn(file) && isFarcallFile(file);
    appClasses.set(symbol, result);
  }
  return result;
}

/** Whether a file belongs to farcall or to its client, whichever copy. */
export function isFarcallFile(file: ts.SourceFile): boolean {
  return /^(@farcall\/client|farcall)$/.test(packageNameOf(file.fileName) ?? "");
}

function packageNameOf(file: string): string | undefined {
  const config = ts.findConfigFile(file.slice(0, file.lastIndexOf("/")), ts.sys.fileExists, "package.json");
  return config === undefined ? undefined : (JSON.parse(ts.sys.readFile(config)!) as { name?: string }).name;
}

// ---- helpers ------------------------------------------------------------------------------------------------------

/** Takes up the sites that run when the module loads, and goes on with the calls of the helpers that hold the others. */
function outwards({ checker, files }: AppProgram, sites: readonly Site[], found: Found): Site[] {
  const held = new Map<ts.Symbol, { helper: ts.SignatureDeclaration; sites: Site[] }>();
  for (const site of sites) {
    const around = enclosing(site.call);
    if (around === "loop") {
      found.unreadable.push({
        node: site.call,
        message: "a function is registered in a loop, so the app's functions cannot be determined",
      });
    } else if (around === undefined) found.registrations.push(toRegistration(site));
    else {
      const symbol = helperSymbol(checker, around);
      if (symbol) {
        const entry = held.get(symbol) ?? { helper: around, sites: [] };
        entry.sites.push(site);
        held.set(symbol, entry);
      } else {
        found.unreadable.push({
          node: site.call,
          message: "a function is registered in a callback, so the app's functions cannot be determined",
        });
      }
    }
  }
  const next: Site[] = [];
  if (held.size === 0) return next;
  for (const file of files) {
    visitCalls(file, (call) => {
      if (!ts.isCallExpression(call)) return;
      const callee = unwrap(call.expression);
      const name = lastName(callee);
      if (!ts.isIdentifier(name)) return;
      const entry = held.get(symbolOf(checker, name)!);
      for (const site of entry?.sites ?? []) {
        next.push({
          call,
          inner: site.inner,
          environment: within(site.environment, { helper: entry!.helper, call, outer: undefined }),
        });
      }
    });
  }
  return next;
}

/** Puts the call of an outer helper outside of those that are known. */
function within(inner: Environment | undefined, outermost: Environment): Environment {
  return inner ? { ...inner, outer: inner.outer ? within(inner.outer, outermost) : outermost } : outermost;
}

function toRegistration({ call, inner, environment }: Site): Registration {
  const [fn, options] = inner.arguments;
  return {
    call,
    method: methodOf(unwrap(inner.expression)) as RegistrationMethod, // or it would not be a site
    fn: fn && !ts.isSpreadElement(fn) ? { expression: fn, environment } : undefined,
    options: options && { expression: options, environment },
  };
}

/** The function that a call is in, unless that runs once when the module loads. */
function enclosing(call: ts.Node): ts.SignatureDeclaration | "loop" | undefined {
  for (let at = call.parent; at; at = at.parent) {
    if (ts.isIterationStatement(at, false)) return "loop";
    if (!ts.isFunctionLike(at) || !("body" in at)) continue;
    let callee: ts.Node = at;
    while (ts.isParenthesizedExpression(callee.parent)) callee = callee.parent;
    const isCalledHere = ts.isCallExpression(callee.parent) && callee.parent.expression === callee;
    if (!isCalledHere) return at;
  }
  return undefined;
}

function helperSymbol(checker: ts.TypeChecker, node: ts.SignatureDeclaration): ts.Symbol | undefined {
  if (node.name) return symbolOf(checker, node.name);
  const holder = node.parent;
  if (ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder) || ts.isPropertyDeclaration(holder)) {
    return symbolOf(checker, holder.name);
  }
  return undefined;
}
