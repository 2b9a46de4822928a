/** The codecs of an app, from its option `codecs`: for which type each is, what it makes of values, where callers import the type. */
import { ts } from "ts-morph";
import type { FoundCodec } from "../convert/index.ts";
import type { Fault, Report } from "../problems.ts";
import { type AppProgram, type FoundApp, follow, propertyOf } from "../source/index.ts";

export function findCodecs(app: AppProgram, found: readonly FoundApp[], faults: Fault[]): Map<ts.Symbol, FoundCodec> {
  const { checker } = app;
  const codecs = new Map<ts.Symbol, FoundCodec>();
  const report: Report = (node, message, hint) => void faults.push({ severity: "error", node, message, hint });
  const options = found[0]?.node.arguments?.[1];
  const given = options && propertyOf(checker, { expression: options, environment: undefined }, "codecs");
  if (!given) return codecs;
  const list = follow(checker, given)?.expression;
  if (!list || !ts.isArrayLiteralExpression(list) || list.elements.some(ts.isSpreadElement)) {
    report(given.expression, "the app's codecs cannot be determined", "Write them out: { codecs: [decimal] }.");
    return codecs;
  }
  for (const element of list.elements) {
    const type = checker.getTypeAtLocation(element);
    const name = literalOf(checker, type, "name", element);
    const encoded = resultOf(checker, type, "encode", element);
    const decoded = resultOf(checker, type, "decode", element);
    const symbol = decoded?.symbol as ts.Symbol | undefined;
    const isNamed = symbol && symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface);
    if (name === undefined || !encoded || !isNamed) {
      report(
        element,
        "this is not known to be a codec of a class",
        'Pass what codec() returns, with its name written out: codec({ name: "decimal", class: Decimal, … }).',
      );
      continue;
    }
    const from = literalOf(checker, type, "from", element);
    const place = from === undefined ? importOf(app, symbol) : { from, exported: symbol.name };
    if (!place) {
      report(
        element,
        `callers cannot import ${symbol.name}, the type of the codec "${name}", which is declared in this project`,
        `Put it into a package that callers have too, and name that: codec({ …, from: "@scope/package" }).`,
      );
      continue;
    }
    codecs.set(symbol, { name, encoded, ...place, site: element });
  }
  return codecs;
}

function literalOf(checker: ts.TypeChecker, type: ts.Type, name: string, at: ts.Node): string | undefined {
  const property = checker.getPropertyOfType(type, name);
  const found = property && checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(property, at));
  return found?.isStringLiteral() ? found.value : undefined;
}

function resultOf(checker: ts.TypeChecker, type: ts.Type, name: string, at: ts.Node): ts.Type | undefined {
  const property = checker.getPropertyOfType(type, name);
  return property && checker.getTypeOfSymbolAtLocation(property, at).getCallSignatures()[0]?.getReturnType();
}

interface Place {
  from: string;
  exported: string;
}

/** As a module of the app imports it, else from the package that declares it. */
function importOf({ checker, files }: AppProgram, symbol: ts.Symbol): Place | undefined {
  for (const file of files) {
    for (const statement of file.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const from = statement.moduleSpecifier.text;
      const bindings = statement.importClause;
      if (/^[./#]/.test(from) || !bindings) continue;
      const names: [exported: string, node: ts.Node][] = [];
      if (bindings.name) names.push(["default", bindings.name]);
      if (bindings.namedBindings && ts.isNamedImports(bindings.namedBindings)) {
        for (const each of bindings.namedBindings.elements)
          names.push([(each.propertyName ?? each.name).text, each.name]);
      } else if (bindings.namedBindings) names.push(["", bindings.namedBindings.name]);
      for (const [exported, node] of names) {
        const path = pathTo(checker, node, symbol);
        if (path !== undefined) return { from, exported: [exported, ...path].filter(Boolean).join(".") };
      }
    }
  }
  const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? "";
  const [, owner] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(file) ?? [];
  if (owner === undefined) return undefined;
  // `@types/scope__name` declares `@scope/name`.
  const typed = /^@types\/(.*)$/.exec(owner)?.[1]?.replace(/^(.+)__(.+)$/, "@$1/$2");
  return { from: typed ?? owner, exported: symbol.name };
}

/** Names from what is imported to the type: none for the type itself. */
function pathTo(checker: ts.TypeChecker, node: ts.Node, symbol: ts.Symbol): string[] | undefined {
  const local = checker.getSymbolAtLocation(node);
  const imported = local && local.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(local) : local;
  if (!imported) return undefined;
  if (imported === symbol) return [];
  if (!(imported.flags & ts.SymbolFlags.Module)) return undefined;
  const found = checker.getExportsOfModule(imported).find((each) => resolved(checker, each) === symbol);
  return found && [found.name];
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}
