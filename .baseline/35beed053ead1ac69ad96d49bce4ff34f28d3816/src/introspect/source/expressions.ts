/** What expressions of the app's source stand for, as far as that can be read without running them. */
import { ts } from "ts-morph";
import { symbolOf } from "./symbols.ts";

/** The call of a helper function, for its parameters; `outer` is what the call's own arguments may refer to. */
export interface Environment {
  helper: ts.SignatureDeclaration;
  call: ts.CallExpression;
  outer: Environment | undefined;
}

/** An expression, with the helpers' calls that its names refer to. */
export interface Located {
  expression: ts.Expression;
  environment: Environment | undefined;
}

export function unwrap(expression: ts.Expression): ts.Expression {
  let at = expression;
  while (
    ts.isParenthesizedExpression(at) ||
    ts.isAsExpression(at) ||
    ts.isSatisfiesExpression(at) ||
    ts.isNonNullExpression(at) ||
    ts.isTypeAssertionExpression(at)
  ) {
    at = at.expression;
  }
  return at;
}

/** Whether it is given a type by its author: `fn as (a: string) => void`. */
function isAsserted(expression: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(expression) || ts.isNonNullExpression(expression))
    return isAsserted(expression.expression);
  return ts.isAsExpression(expression) || ts.isTypeAssertionExpression(expression);
}

/** Follows names: a helper's parameter to the argument, a constant to its value. Undefined for an argument that is left out. */
export function follow(checker: ts.TypeChecker, located: Located): Located | undefined {
  return followNames(checker, located, true);
}

/** Follows only the parameters of helpers, to what is registered as it is written there, with its type assertions. */
export function atRegistration(checker: ts.TypeChecker, located: Located): Located | undefined {
  return followNames(checker, located, false);
}

function followNames(
  checker: ts.TypeChecker,
  { expression, environment }: Located,
  constants: boolean,
): Located | undefined {
  const on = (next: Located): Located | undefined => followNames(checker, next, constants);
  const inner = constants || !isAsserted(expression) ? unwrap(expression) : expression;
  const symbol = ts.isIdentifier(inner)
    ? inner.parent && ts.isShorthandPropertyAssignment(inner.parent)
      ? checker.getShorthandAssignmentValueSymbol(inner.parent)
      : symbolOf(checker, inner)
    : ts.isPropertyAccessExpression(inner)
      ? symbolOf(checker, inner.name)
      : undefined;
  const declaration = symbol?.valueDeclaration;
  if (!declaration) return { expression: inner, environment };
  if (ts.isParameter(declaration)) {
    for (let at = environment; at; at = at.outer) {
      if (at.helper !== declaration.parent) continue;
      const index = at.helper.parameters.indexOf(declaration);
      const before = at.call.arguments.slice(0, index + 1);
      if (declaration.dotDotDotToken || before.some(ts.isSpreadElement)) return { expression: inner, environment };
      const argument = at.call.arguments[index] ?? declaration.initializer;
      return argument && on({ expression: argument, environment: at.outer });
    }
  }
  if (!constants) return { expression: inner, environment };
  if (ts.isVariableDeclaration(declaration) && declaration.initializer && isConst(declaration)) {
    return on({ expression: declaration.initializer, environment });
  }
  if (ts.isPropertyAssignment(declaration)) return on({ expression: declaration.initializer, environment });
  if (ts.isShorthandPropertyAssignment(declaration)) return on({ expression: declaration.name, environment });
  return { expression: inner, environment };
}

function isConst(declaration: ts.VariableDeclaration): boolean {
  return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
}

/** A value that is known, known to be left out, or unknown. */
export type Known = { value: string } | "absent" | { unknown: ts.Node };

/** A property of an object, such as `name` of options. */
export function stringProperty(checker: ts.TypeChecker, of: Located | undefined, name: string): Known {
  const located = of && follow(checker, of);
  if (!located) return "absent";
  const { expression, environment } = located;
  if (ts.isObjectLiteralExpression(expression)) {
    for (const property of [...expression.properties].reverse()) {
      if (ts.isSpreadAssignment(property)) {
        const known = stringProperty(checker, { expression: property.expression, environment }, name);
        if (known !== "absent") return known;
      } else if (
        property.name &&
        ts.isComputedPropertyName(property.name) &&
        !ts.isStringLiteralLike(property.name.expression)
      ) {
        return { unknown: property };
      } else if (property.name && textOf(property.name) === name) {
        if (ts.isPropertyAssignment(property))
          return stringValue(checker, { expression: property.initializer, environment });
        if (ts.isShorthandPropertyAssignment(property))
          return stringValue(checker, { expression: property.name, environment });
        return { unknown: property };
      }
    }
    return "absent";
  }
  const type = checker.getTypeAtLocation(expression);
  const property = checker.getPropertyOfType(checker.getNonNullableType(type), name);
  if (!property) return "absent";
  const valueType = checker.getTypeOfSymbol(property);
  return valueType.isStringLiteral() ? { value: valueType.value } : { unknown: expression };
}

/** The value of a property of an object that is written out; undefined when it has none. */
export function propertyOf(checker: ts.TypeChecker, of: Located | undefined, name: string): Located | undefined {
  const located = of && follow(checker, of);
  if (!located || !ts.isObjectLiteralExpression(located.expression)) return undefined;
  const { environment } = located;
  for (const property of [...located.expression.properties].reverse()) {
    if (ts.isSpreadAssignment(property)) {
      const found = propertyOf(checker, { expression: property.expression, environment }, name);
      if (found) return found;
    } else if (property.name && textOf(property.name) === name) {
      if (ts.isPropertyAssignment(property)) return { expression: property.initializer, environment };
      if (ts.isShorthandPropertyAssignment(property)) return { expression: property.name, environment };
    }
  }
  return undefined;
}

function stringValue(checker: ts.TypeChecker, of: Located): Known {
  const located = follow(checker, of);
  if (!located) return "absent";
  const { expression } = located;
  if (ts.isStringLiteralLike(expression)) return { value: expression.text };
  if (ts.isIdentifier(expression) && expression.text === "undefined") return "absent";
  const type = checker.getTypeAtLocation(expression);
  return type.isStringLiteral() ? { value: type.value } : { unknown: of.expression };
}

function textOf(name: ts.PropertyName): string | undefined {
  if (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) return name.text;
  return ts.isComputedPropertyName(name) && ts.isStringLiteralLike(name.expression) ? name.expression.text : undefined;
}

/** The function behind an expression, when it is in the source or declared: with its body, if that is there. */
export function functionBehind(checker: ts.TypeChecker, of: Located): ts.SignatureDeclaration | undefined {
  const expression = follow(checker, of)?.expression;
  if (!expression) return undefined;
  if (ts.isFunctionExpression(expression) || ts.isArrowFunction(expression)) return expression;
  const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
  if (!ts.isIdentifier(name)) return undefined;
  const found = symbolOf(checker, name)?.declarations?.filter(isFunctionDeclaration) ?? [];
  return found.find((node) => "body" in node && node.body !== undefined) ?? found[0];
}

function isFunctionDeclaration(
  node: ts.Node,
): node is ts.FunctionDeclaration | ts.MethodDeclaration | ts.MethodSignature {
  return ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isMethodSignature(node);
}

/** The class behind an expression, when it is in the source. */
export function classBehind(checker: ts.TypeChecker, of: Located): ts.ClassLikeDeclaration | undefined {
  const expression = follow(checker, of)?.expression;
  if (!expression || ts.isClassExpression(expression)) return expression;
  const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
  return ts.isIdentifier(name) ? symbolOf(checker, name)?.declarations?.find(ts.isClassLike) : undefined;
}

/** What `fn.name` is when the program runs; undefined for a function or class without one. */
export function runtimeName(node: ts.SignatureDeclaration | ts.ClassLikeDeclaration): string | undefined {
  if (node.name)
    return ts.isComputedPropertyName(node.name) ? undefined : node.name.getText().replace(/^(["'])(.*)\1$/s, "$2");
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return "default"; // export default function () {}
  let holder: ts.Node = node.parent;
  while (ts.isParenthesizedExpression(holder)) holder = holder.parent;
  // Only a function that stands there directly is named by what it is assigned to; types around it do not matter.
  while (ts.isAsExpression(holder) || ts.isSatisfiesExpression(holder)) holder = holder.parent;
  if (ts.isVariableDeclaration(holder) && ts.isIdentifier(holder.name)) return holder.name.text;
  if (
    (ts.isPropertyAssignment(holder) || ts.isPropertyDeclaration(holder)) &&
    !ts.isComputedPropertyName(holder.name)
  ) {
    return holder.name.getText().replace(/^(["'])(.*)\1$/s, "$2");
  }
  return ts.isExportAssignment(holder) ? "default" : undefined;
}
