/** Functions to schema: parameters with labels, defaults and documentation, results awaited, overloads, generators. */
import { ts } from "ts-morph";
import type { CallSignature, FunctionMode, ParameterSchema, TypeSchema } from "../../schema/index.ts";
import {
  type Conversion,
  convertTypeParameters,
  hasUndefined,
  isExact,
  type Owner,
  orUndefined,
  PRINT_FLAGS,
  refuseUnfit,
  unfitParameters,
} from "../convert/index.ts";
import { docOf, docOfFunction, type FunctionDoc, splitFunctionDoc } from "../source/index.ts";
import { convertResult, declarationOf } from "./results.ts";

/** One part of a function: its parameters or its result, whose problems have a path of their own. */
export interface SignatureOwner extends Owner {
  /** Of an overloaded function: which of how many, from 1. */
  overload?: { at: number; of: number };
  /** Makes a path inside the type into one that starts at the function. */
  path(inside: string): string;
}

export interface ConvertedSignature {
  signature: CallSignature;
  owners: SignatureOwner[];
}

/** `site` is where a problem is reported that has no place in the author's files. */
export function convertSignature(
  cx: Conversion,
  signature: ts.Signature,
  name: string,
  mode: FunctionMode | "constructor",
  bindingDoc: FunctionDoc | undefined,
  site: ts.Node,
): ConvertedSignature {
  const owners: SignatureOwner[] = [];
  const declaration = declarationOf(signature);
  // Words stay true of a function whatever has been put into its types.
  const doc = withDoc(splitFunctionDoc(signature.declaration && docOfFunction(signature.declaration)), bindingDoc);
  const scope = new Set(signature.typeParameters?.map(({ symbol }) => symbol));
  const part = <T>(node: ts.Node, path: SignatureOwner["path"], convert: () => T): T => {
    const owner: SignatureOwner = { refusals: [], uses: [], path };
    owners.push(owner);
    return cx.own(owner, node, scope, convert);
  };

  const typeParameters = part(
    site,
    (inside) => `${name}${inside}`,
    () => convertTypeParameters(cx, typeParameterNodes(cx, signature, declaration), doc.typeParameters),
  );
  const labels = labelsOf(signature, doc);
  const required = requiredCount(cx, signature);
  const parameters = signature.parameters.flatMap((symbol, index) => {
    const label = labels[index]!;
    const path = (inside: string): string => `${name}(${label}${inside})`;
    const parameter = part(symbol.valueDeclaration ?? site, path, () =>
      convertParameter(cx, symbol, label, index >= required, declaration, site),
    );
    const text = doc.parameters.get(label) ?? (symbol.valueDeclaration && docOf(symbol.valueDeclaration));
    if (text) parameter.doc = text;
    return declaration || !canSpread(cx, symbol) ? [parameter] : spreadTuple(parameter);
  });
  const returns = part(
    site,
    (inside) => `${name}()${inside === "" ? "" : ` → ${inside.replace(/^\./, "")}`}`,
    () => convertResult(cx, signature, mode, declaration, site),
  );
  const converted: CallSignature = { parameters, returns };
  if (typeParameters.length > 0) converted.typeParameters = typeParameters;
  for (const unfit of unfitParameters(cx, converted)) {
    part(
      site,
      () => `${name}<${unfit}>`,
      () => refuseUnfit(cx, unfit),
    );
  }
  if (doc.text !== undefined) converted.doc = doc.text;
  return { signature: converted, owners };
}

/** As written, else as the checker has them. */
function typeParameterNodes(
  { checker }: Conversion,
  { typeParameters }: ts.Signature,
  declaration: ts.SignatureDeclaration | undefined,
): readonly ts.TypeParameterDeclaration[] | undefined {
  return (
    declaration?.typeParameters ??
    typeParameters?.flatMap((each) => checker.typeParameterToDeclaration(each, undefined, PRINT_FLAGS) ?? [])
  );
}

/** The comment at the registration comes first; the comment at the function fills the gaps. */
function withDoc(own: FunctionDoc, binding: FunctionDoc | undefined): FunctionDoc {
  if (!binding) return own;
  return {
    text: binding.text ?? own.text,
    parameters: new Map([...own.parameters, ...binding.parameters]),
    typeParameters: new Map([...own.typeParameters, ...binding.typeParameters]),
  };
}

// ---- parameters ---------------------------------------------------------------------------------------------------

/** Every parameter's name. A destructured parameter is named by its `@param` tag, else `options` or `items`. */
function labelsOf({ parameters }: ts.Signature, doc: FunctionDoc): string[] {
  const documented = [...doc.parameters.keys()];
  const taken = new Set(parameters.map(({ name }) => name));
  return parameters.map((symbol, index) => {
    const pattern =
      symbol.valueDeclaration && ts.isParameter(symbol.valueDeclaration) ? symbol.valueDeclaration.name : undefined;
    if (!pattern || ts.isIdentifier(pattern)) return symbol.name;
    const written = documented[index];
    const preferred =
      written !== undefined && !taken.has(written) ? written : ts.isObjectBindingPattern(pattern) ? "options" : "items";
    let label = preferred;
    for (let count = 2; taken.has(label); count++) label = `${preferred}${count}`;
    taken.add(label);
    return label;
  });
}

/** How many arguments callers have to give. */
function requiredCount(cx: Conversion, signature: ts.Signature): number {
  let count = 0;
  for (const [index, symbol] of signature.parameters.entries()) {
    const node = symbol.valueDeclaration;
    const isOptional =
      node && ts.isParameter(node)
        ? node.initializer !== undefined ||
          node.questionToken !== undefined ||
          node.dotDotDotToken !== undefined ||
          cx.checker.isOptionalParameter(node)
        : node && ts.isJSDocParameterTag(node)
          ? node.isBracketed || node.typeExpression?.type.kind === ts.SyntaxKind.JSDocOptionalType
          : isOptionalSymbol(symbol);
    if (!isOptional) count = index + 1;
  }
  return count;
}

/** CheckFlags.OptionalParameter and RestParameter, which the compiler sets on parameters that it makes. */
function isOptionalSymbol(symbol: ts.Symbol): boolean {
  return (checkFlags(symbol) & (16_384 | 32_768)) !== 0;
}

function isRestSymbol(symbol: ts.Symbol): boolean {
  const node = symbol.valueDeclaration;
  return node && ts.isParameter(node) ? node.dotDotDotToken !== undefined : (checkFlags(symbol) & 32_768) !== 0;
}

function checkFlags(symbol: ts.Symbol): number {
  return (symbol as unknown as { links?: { checkFlags?: number } }).links?.checkFlags ?? 0;
}

function convertParameter(
  cx: Conversion,
  symbol: ts.Symbol,
  name: string,
  isOptional: boolean,
  declaration: ts.SignatureDeclaration | undefined,
  site: ts.Node,
): ParameterSchema {
  const { valueDeclaration } = symbol;
  const node = valueDeclaration && ts.isParameter(valueDeclaration) ? valueDeclaration : undefined;
  const isRest = isRestSymbol(symbol);
  const mayOmit = isOptional && !isRest;
  let type: TypeSchema;
  if (declaration && node?.type) type = cx.node(node.type);
  else {
    const found = cx.checker.getTypeOfSymbol(symbol);
    // A function written inside the call of a helper may be checked against `never` for its parameters.
    if (node && found.flags & ts.TypeFlags.Never) {
      cx.refuse(node, "untyped", "this parameter has no type", "Add a type annotation.");
    }
    type = cx.type(found, node ?? site, isOptional ? { optional: "parameter" } : {});
  }
  // Before a required parameter it cannot be left out: callers pass `undefined`.
  if (!mayOmit && !isRest && node && (node.initializer || node.questionToken)) type = orUndefined(type);
  const parameter: ParameterSchema = { name, type };
  if (isRest) parameter.rest = true;
  else if (isOptional) parameter.optional = true;
  if (mayOmit && node?.initializer) parameter.default = defaultText(node.initializer);
  return parameter;
}

/** A parameter that may be left out may be given as undefined too, which `[b?: number]` under exactOptionalPropertyTypes may not. */
function canSpread(cx: Conversion, symbol: ts.Symbol): boolean {
  const type = cx.checker.getTypeOfSymbol(symbol);
  if (!isExact(cx) || !cx.checker.isTupleType(type)) return true;
  const { elementFlags } = (type as ts.TupleTypeReference).target;
  const elements = cx.checker.getTypeArguments(type as ts.TupleTypeReference);
  return elementFlags.every((flag, at) => !(flag & ts.ElementFlags.Optional) || hasUndefined(cx, elements[at]!));
}

/** A helper's `...args: P`, once P is known, is the parameters of the function that it was given. */
function spreadTuple(parameter: ParameterSchema): ParameterSchema[] {
  const { type, rest, name } = parameter;
  if (!rest || type.kind !== "tuple") return [parameter];
  const { elements } = type;
  const optionalFrom = elements.findIndex(({ optional }) => optional);
  const canStand = elements.every(
    (element, index) =>
      (!element.rest || index === elements.length - 1) &&
      (optionalFrom < 0 || index < optionalFrom || element.optional || element.rest),
  );
  if (!canStand) return [parameter];
  return elements.map((element, index): ParameterSchema => {
    const own = { name: element.label ?? `${name}${index + 1}`, type: element.type };
    if (element.rest) return { ...own, rest: true };
    return element.optional ? { ...own, type: withoutUndefined(element.type), optional: true } : own;
  });
}

function withoutUndefined(type: TypeSchema): TypeSchema {
  if (type.kind !== "union") return type;
  const members = type.members.filter((each) => each.kind !== "primitive" || each.name !== "undefined");
  return members.length === 1 ? members[0]! : { ...type, members };
}

const LONGEST_DEFAULT = 200;

function defaultText(node: ts.Expression): string {
  const text = node.getText().replace(/\s+/g, " ");
  return text.length > LONGEST_DEFAULT ? `${text.slice(0, LONGEST_DEFAULT)}…` : text;
}
