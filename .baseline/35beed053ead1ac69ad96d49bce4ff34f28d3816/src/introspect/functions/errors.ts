/** The error classes that a function declares: by `@throws {TooLarge}` in its documentation, by its option `errors`. */
import { ts } from "ts-morph";
import type { ReferenceType } from "../../schema/index.ts";
import { type Conversion, hasTypeParameters, isErrorClass } from "../convert/index.ts";
import type { Report } from "../problems.ts";
import { follow, type Located, propertyOf, symbolOf, unwrap } from "../source/index.ts";
import type { SignatureOwner } from "./signatures.ts";

interface Sources {
  /** The function's name, for paths. */
  name: string;
  /** Comments, each with the place whose names it may use. */
  docs: readonly { text: string | undefined; at: ts.Node }[];
  options: Located | undefined;
  call: ts.Node;
}

export interface DeclaredErrors {
  references: ReferenceType[];
  owner: SignatureOwner;
}

/** Undefined when it declares none. */
export function declaredErrors(cx: Conversion, sources: Sources, report: Report): DeclaredErrors | undefined {
  const { name, docs, options, call } = sources;
  const classes = new Set<ts.Symbol>();
  for (const { text = "", at } of docs) {
    for (const written of thrownIn(text)) {
      const symbol = resolve(cx.checker, written, at);
      // Documentation may say what it likes, and often names errors that arrive as what they are.
      if (symbol && isErrorClass(cx, symbol) && !hasTypeParameters(symbol)) classes.add(symbol);
    }
  }
  for (const symbol of optionErrors(cx, options, name, report)) classes.add(symbol);
  if (classes.size === 0) return undefined;
  const owner: SignatureOwner = { refusals: [], uses: [], path: (inside) => `${name} throws ${inside.slice(1)}` };
  const references = cx.own(owner, call, new Set(), () =>
    [...classes].map((symbol) => cx.at(`.${symbol.name}`, () => cx.errorClass(symbol))),
  );
  return { references, owner };
}

/** `@throws {TooLarge | errors.NotAnImage}`, `@throws {@link TooLarge}`. */
const THROWS = /^@(?:throws|exception)\s*\{\s*(?:@link\s+)?([^{}]*)\}/gm;

function* thrownIn(text: string): Iterable<string[]> {
  for (const [, types = ""] of text.matchAll(THROWS)) {
    for (const type of types.split("|")) {
      const path = type.trim().replace(/^!/, "").split(".");
      if (path.every((part) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(part))) yield path;
    }
  }
}

/** The checker looks names up for editors, and its types do not say so. */
interface NameResolver {
  resolveName(name: string, at: ts.Node, meaning: ts.SymbolFlags, excludeGlobals: boolean): ts.Symbol | undefined;
}

function resolve(checker: ts.TypeChecker, [first, ...rest]: readonly string[], at: ts.Node): ts.Symbol | undefined {
  const meaning = ts.SymbolFlags.Value | ts.SymbolFlags.Namespace | ts.SymbolFlags.Alias;
  const resolver = checker as unknown as NameResolver;
  let symbol = resolver.resolveName(first!, at, meaning, false);
  for (const name of rest) {
    const holder = symbol && seenThrough(checker, symbol);
    symbol = holder && checker.getExportsOfModule(holder).find((each) => each.name === name);
  }
  return symbol && seenThrough(checker, symbol);
}

function seenThrough(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function optionErrors(cx: Conversion, options: Located | undefined, name: string, report: Report): ts.Symbol[] {
  const given = propertyOf(cx.checker, options, "errors");
  if (!given) return [];
  const list = follow(cx.checker, given)?.expression;
  const hint = "Write the classes out: { errors: [TooLarge] }.";
  if (!list || !ts.isArrayLiteralExpression(list)) {
    if (list?.getText() !== "undefined")
      report(given.expression, `the error classes of ${name} cannot be determined`, hint);
    return [];
  }
  return list.elements.flatMap((element) => {
    const expression = unwrap(element);
    const symbol = symbolOf(cx.checker, ts.isPropertyAccessExpression(expression) ? expression.name : expression);
    if (!symbol || !isErrorClass(cx, symbol)) {
      report(element, `${element.getText()} is not known to be a class of errors`, hint);
      return [];
    }
    if (!hasTypeParameters(symbol)) return [symbol];
    const message = `${symbol.name} has type parameters, which callers could not choose for an error`;
    report(element, message, "Declare a class that extends it with known types.");
    return [];
  });
}
