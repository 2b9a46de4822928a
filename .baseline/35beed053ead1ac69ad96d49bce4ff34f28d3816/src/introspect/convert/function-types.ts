/** Functions inside types: no value of theirs crosses, but other types may be compared with them. */
import { ts } from "ts-morph";
import type { FunctionType, TupleElement, TypeSchema } from "../../schema/index.ts";
import { hasModifier } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { refuseFunction, refuseFunctionValue } from "./refusals.ts";
import { convertTypeParameters, typeParameterSymbols } from "./type-parameters.ts";

type FunctionNode =
  | ts.FunctionTypeNode
  | ts.ConstructorTypeNode
  | ts.MethodSignature
  | ts.CallSignatureDeclaration
  | ts.ConstructSignatureDeclaration;

/** A function's type, which only other types can have use for. */
export function convertFunction(cx: Conversion, node: FunctionNode): TypeSchema {
  return refuseFunctionValue(cx, node, convertFunctionType(cx, node));
}

export function convertFunctionType(cx: Conversion, node: FunctionNode): FunctionType {
  const own = typeParameterSymbols(cx.checker, node.typeParameters);
  const type = cx.describe(() =>
    cx.withScope(own, (): FunctionType => {
      const typeParameters = convertTypeParameters(cx, node.typeParameters);
      const parameters = node.parameters.map((each) => convertArgument(cx, each));
      if (node.type && ts.isTypePredicateNode(node.type)) refuseFunction(cx, node);
      const returns: TypeSchema = node.type ? cx.node(node.type) : { kind: "primitive", name: "any" };
      return { kind: "function", ...(typeParameters.length > 0 && { typeParameters }), parameters, returns };
    }),
  );
  if (ts.isConstructorTypeNode(node))
    type.constructs = hasModifier(node, ts.SyntaxKind.AbstractKeyword) ? "abstract" : true;
  if (ts.isConstructSignatureDeclaration(node)) type.constructs = true;
  if (ts.isMethodSignature(node)) type.method = true;
  return type;
}

function convertArgument(
  cx: Conversion,
  { name, type, questionToken, dotDotDotToken }: ts.ParameterDeclaration,
): TupleElement {
  const element: TupleElement = { type: type ? cx.node(type) : { kind: "primitive", name: "any" } };
  if (ts.isIdentifier(name)) element.label = name.text;
  if (questionToken) element.optional = true;
  if (dotDotDotToken) element.rest = true;
  return element;
}

/** Call and construct signatures, which make a function of what has them. */
export function callsOfMembers(cx: Conversion, members: readonly ts.Node[]): FunctionType[] {
  return members.flatMap((member) => {
    if (!ts.isCallSignatureDeclaration(member) && !ts.isConstructSignatureDeclaration(member)) return [];
    const type = convertFunctionType(cx, member);
    refuseFunctionValue(cx, member, type);
    return [type];
  });
}
