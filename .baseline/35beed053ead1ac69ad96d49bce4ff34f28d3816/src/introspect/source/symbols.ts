/** What a name in the source stands for. */
import { ts } from "ts-morph";

/** The symbol that an identifier means, seen through imports. */
export function symbolOf(checker: ts.TypeChecker, name: ts.Node): ts.Symbol | undefined {
  // Nodes that the compiler makes carry their symbol; the checker knows those of the source.
  const symbol = name.pos < 0 ? (name as unknown as { symbol?: ts.Symbol }).symbol : checker.getSymbolAtLocation(name);
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The identifier that carries a reference's meaning: `C` of `A.B.C`. */
export function lastName(name: ts.EntityName | ts.Expression): ts.Node {
  if (ts.isQualifiedName(name)) return name.right;
  return ts.isPropertyAccessExpression(name) ? name.name : name;
}

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false);
}

/** The namespace or enum that declares it, which the compiler keeps and its types do not say. */
export function parentOf(symbol: ts.Symbol): ts.Symbol | undefined {
  return (symbol as unknown as { parent?: ts.Symbol }).parent;
}
