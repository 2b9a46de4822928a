/** A class in the stubs: an interface for its instances, whose members are the methods' stubs, and the const that constructs them. */
import { methodName, printParameters, printString } from "../schema/index.ts";
import { type CamelCased, camelCase, camelCaseParameters } from "./camel-case.ts";
import { functionDoc, signatureDoc, sourceText, withSource } from "./docs.ts";
import type { LockedClass, LockedFunction } from "./locked.ts";
import { type Names, toIdentifier } from "./names.ts";
import { type StubType, stubType } from "./stub-type.ts";

export interface ClassPlan {
  /** The deployed name. */
  name: string;
  /** The const's name, which differs from `exported` if that is a reserved word. */
  local: string;
  exported: string;
  /** The interface of instances: named like the const, unless a type of the app has that name. */
  instance: string;
  doc?: string;
  /** `src/app.ts:12`, relative to the author's project. */
  source?: string;
  constructors: { parameters: string; doc?: string }[];
  methods: MethodPlan[];
}

export interface MethodPlan extends StubType {
  /** As callers write it. */
  name: string;
  /** The deployed name. */
  deployed: string;
  signature: string;
  /** As code, for the stub: the name that callers write, and the deployed names of arguments, if they differ. */
  shown?: string;
  doc?: string;
}

export function planClass(
  { name, doc, constructors, source: place }: LockedClass,
  { isCamelCased, ...named }: Pick<ClassPlan, "local" | "exported" | "instance"> & { isCamelCased: boolean },
  methods: readonly LockedFunction[],
  names: Names,
): ClassPlan {
  const source = sourceText(place);
  const text = withSource(doc, source);
  return {
    name,
    ...named,
    ...(text !== undefined && { doc: text }),
    ...(source && { source }),
    constructors: constructors.map((each) => {
      const constructorDoc = signatureDoc({ ...each, returns: { kind: "primitive", name: "void" } });
      return { parameters: printParameters(each.parameters), ...(constructorDoc && { doc: constructorDoc }) };
    }),
    methods: methods.map((method) => {
      const deployed = methodName(method);
      const own = isCamelCased ? camelCase(deployed) : deployed;
      const { fn, names: wireNames }: CamelCased = isCamelCased ? camelCaseParameters(method) : { fn: method };
      const methodDoc = functionDoc(fn, sourceText(fn.source));
      const wanted = `${named.local}${own[0]?.toUpperCase()}${own.slice(1)}`;
      const type = stubType(fn, toIdentifier(wanted), names);
      const parts = [
        ...(own === deployed ? [] : [`as: ${printString(own)}`]),
        ...(wireNames === undefined ? [] : [`names: ${wireNames}`]),
      ];
      return {
        name: own,
        deployed,
        signature: fn.signature,
        ...type,
        ...(parts.length > 0 && { shown: `{ ${parts.join(", ")} }` }),
        ...(methodDoc && { doc: methodDoc }),
      };
    }),
  };
}
