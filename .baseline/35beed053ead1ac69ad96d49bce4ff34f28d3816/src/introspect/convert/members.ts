/** Properties and index signatures of interfaces, type literals and classes, as they are written. */
import { ts } from "ts-morph";
import type { IndexSignature, PropertySchema, TypeSchema } from "../../schema/index.ts";
import { docOf, hasModifier } from "../source/index.ts";
import { brandName } from "./brands.ts";
import type { Conversion } from "./conversion.ts";
import { convertFunction, convertFunctionType } from "./function-types.ts";
import { isMethodOfAll, isNumericName, propertyName, refuseSymbolKey } from "./keys.ts";
import { stepOf } from "./paths.ts";

export function propertiesOfMembers(cx: Conversion, members: readonly ts.TypeElement[]): PropertySchema[] {
  const properties: PropertySchema[] = [];
  const ofAllValues = members.every(({ name }) => name && ts.isIdentifier(name) && isMethodOfAll(name.text));
  const accessors = new Map<string, PropertySchema>();
  for (const member of members) {
    if (ts.isIndexSignatureDeclaration(member)) continue;
    if (ts.isCallSignatureDeclaration(member) || ts.isConstructSignatureDeclaration(member)) continue;
    const brand = member.name && ts.isPropertySignature(member) ? brandName(cx, member.name) : undefined;
    const name = brand ?? (member.name && propertyName(cx, member.name));
    if (name === undefined) {
      refuseSymbolKey(cx, member);
      continue;
    }
    if (ts.isMethodSignature(member)) {
      const type = cx.property(name, member, member.questionToken !== undefined, () =>
        ofAllValues ? convertFunctionType(cx, member) : convertFunction(cx, member),
      );
      if (!type) continue;
      const overloaded = properties.find((each) => each.name === name);
      if (overloaded) overloaded.type = withOverload(overloaded.type, type);
      else properties.push(member.questionToken ? { name, type, optional: true } : { name, type });
      continue;
    }
    if (ts.isSetAccessorDeclaration(member)) {
      // What is written through a setter alone has no value to send; beside a getter, it makes the property writable.
      const type = member.parameters[0]?.type;
      const known = accessors.get(name);
      if (known) delete known.readonly;
      else if (type) add({ name, type: cx.at(stepOf(name), () => cx.node(type)) });
      continue;
    }
    if (!ts.isPropertySignature(member) && !ts.isGetAccessorDeclaration(member)) continue;
    const convert = (): TypeSchema => typeOfMember(cx, member);
    const isOptional = member.questionToken !== undefined;
    const type = cx.property(name, member, isOptional && brand === undefined, () =>
      brand === undefined ? convert() : cx.describe(convert),
    );
    if (!type) continue;
    const property: PropertySchema = { name, type };
    if (isNumericName(cx, member.name)) property.numeric = true;
    if (isOptional) property.optional = true;
    if (ts.isGetAccessorDeclaration(member)) {
      const known = accessors.get(name); // the setter came first
      if (known) {
        known.type = type;
        continue;
      }
      property.readonly = true;
      accessors.set(name, property);
    } else if (hasModifier(member, ts.SyntaxKind.ReadonlyKeyword)) property.readonly = true;
    const doc = member.pos < 0 ? undefined : docOf(member);
    if (doc !== undefined) property.doc = doc;
    properties.push(property);
  }
  return properties;

  function add(property: PropertySchema): void {
    accessors.set(property.name, property);
    properties.push(property);
  }
}

/** The type as written, else as the checker finds it. */
export function typeOfMember(
  cx: Conversion,
  member: ts.PropertySignature | ts.PropertyDeclaration | ts.ParameterDeclaration | ts.GetAccessorDeclaration,
): TypeSchema {
  if (member.type) return cx.node(member.type);
  const isOptional = "questionToken" in member && member.questionToken !== undefined;
  const type = cx.checker.getTypeAtLocation(member);
  return cx.type(type, member, isOptional ? { optional: ts.isParameter(member) ? "parameter" : "property" } : {});
}

function withOverload(type: TypeSchema, overload: TypeSchema): TypeSchema {
  const members = type.kind === "intersection" ? type.members : [type];
  return { kind: "intersection", members: [...members, overload] };
}

export function indexesOfMembers(cx: Conversion, members: Iterable<ts.Node>): IndexSignature[] {
  const indexes: IndexSignature[] = [];
  for (const member of members) {
    if (!ts.isIndexSignatureDeclaration(member)) continue;
    const parameter = member.parameters[0];
    if (!parameter?.type) continue;
    const keyNode = parameter.type;
    const key = cx.describe(() => cx.node(keyNode));
    const value = cx.at("[key]", () => cx.node(member.type));
    if (cx.checker.getTypeFromTypeNode(keyNode).flags & ts.TypeFlags.ESSymbol) refuseSymbolKey(cx, member);
    const index: IndexSignature = { key, value };
    if (ts.isIdentifier(parameter.name)) index.keyName = parameter.name.text;
    if (hasModifier(member, ts.SyntaxKind.ReadonlyKeyword)) index.readonly = true;
    indexes.push(index);
  }
  return indexes;
}
