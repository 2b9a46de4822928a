/** Classes that are plain data: their public fields are the properties of an interface. */
import { ts } from "ts-morph";
import type { PropertySchema } from "../../schema/index.ts";
import { docOf, hasModifier } from "../source/index.ts";
import { brandName } from "./brands.ts";
import type { Conversion } from "./conversion.ts";
import { isNumericName, propertyName, refuseSymbolKey } from "./keys.ts";
import { typeOfMember } from "./members.ts";
import { isExact, orUndefined } from "./optional.ts";

/** The public fields of a class that has nothing else. */
export function propertiesOfClass(cx: Conversion, node: ts.ClassLikeDeclaration): PropertySchema[] {
  const name = node.name?.text ?? "this class";
  const properties: PropertySchema[] = [];
  const add = (field: ts.PropertyDeclaration | ts.ParameterDeclaration): void => {
    const key = ts.isParameter(field)
      ? ts.isIdentifier(field.name)
        ? field.name.text
        : undefined
      : (brandName(cx, field.name) ?? propertyName(cx, field.name));
    if (key === undefined) {
      refuseSymbolKey(cx, field);
      return;
    }
    const type = cx.property(key, field, field.questionToken !== undefined, () => typeOfMember(cx, field));
    if (!type) return;
    const property: PropertySchema = { name: key, type };
    // A parameter that is left out is undefined, and so is its property then.
    if (ts.isParameter(field) && field.questionToken && isExact(cx)) property.type = orUndefined(type);
    // Inside, a parameter with a default is never undefined.
    if (field.questionToken) property.optional = true;
    if (!ts.isParameter(field) && isNumericName(cx, field.name)) property.numeric = true;
    if (hasModifier(field, ts.SyntaxKind.ReadonlyKeyword)) property.readonly = true;
    const doc = docOf(field);
    if (doc !== undefined) property.doc = doc;
    properties.push(property);
  };
  for (const member of node.members) {
    if (ts.isConstructorDeclaration(member)) {
      for (const parameter of member.parameters) {
        if (!ts.isParameterPropertyDeclaration(parameter, member)) continue;
        if (isHidden(parameter)) refuseHidden(cx, parameter, name);
        else add(parameter);
      }
      continue;
    }
    if (hasModifier(member, ts.SyntaxKind.StaticKeyword) || ts.isClassStaticBlockDeclaration(member)) continue;
    if (ts.isSemicolonClassElement(member)) continue;
    if (isHidden(member)) refuseHidden(cx, member, name);
    else if (ts.isPropertyDeclaration(member) && !hasModifier(member, ts.SyntaxKind.AccessorKeyword)) add(member);
    else if (ts.isIndexSignatureDeclaration(member)) {
      cx.refuse(member, "class", `${name} is a class with an index signature`, "Declare it as an interface.");
    } else {
      cx.refuse(
        member,
        "class",
        `${name} is a class with behaviour: its instances lose it on the wire`,
        "Declare an interface with its fields, or turn its methods into functions that take it.",
      );
    }
  }
  return properties;
}

function isHidden(node: ts.ClassElement | ts.ParameterDeclaration): boolean {
  return (
    hasModifier(node, ts.SyntaxKind.PrivateKeyword) ||
    hasModifier(node, ts.SyntaxKind.ProtectedKeyword) ||
    (node.name !== undefined && ts.isPrivateIdentifier(node.name))
  );
}

function refuseHidden(cx: Conversion, node: ts.Node, name: string): void {
  cx.refuse(
    node,
    "class",
    `${name} is a class with private or protected members, which callers cannot know`,
    "Declare an interface with its public fields.",
  );
}
