/** Classes of declared errors: an interface for their instances, and the const that callers use with `instanceof`. */
import { type Declaration, type InterfaceDeclaration, printType } from "../schema/index.ts";
import { type MemberPlan, planMembers } from "./declarations.ts";
import type { Names } from "./names.ts";

export interface ErrorPlan {
  name: string;
  doc?: string;
  /** `TooLarge extends Error`. */
  head: string;
  members: MemberPlan[];
  /** The const's type: `ErrorClass<TooLarge>`. */
  type: string;
  /** The name that its instances have on the wire. */
  thrownAs: string;
  /** The const of the class that it extends. */
  base?: string;
}

/** A file's error classes, each after the one that it extends. */
export function errorDeclarations(declarations: readonly Declaration[]): InterfaceDeclaration[] {
  const all = new Map(
    declarations
      .filter((item): item is InterfaceDeclaration => item.kind === "interface" && item.error !== undefined)
      .map((item) => [item.name, item]),
  );
  const ordered = new Set<InterfaceDeclaration>();
  const add = (item: InterfaceDeclaration): void => {
    const base = baseOf(item);
    const declared = base === undefined ? undefined : all.get(base);
    if (declared && !ordered.has(declared)) add(declared);
    ordered.add(item);
  };
  for (const item of all.values()) add(item);
  return [...ordered];
}

function baseOf(item: InterfaceDeclaration): string | undefined {
  const [base] = item.extends ?? [];
  return base?.kind === "reference" ? base.name : undefined;
}

/** @param errors in the order of `errorDeclarations` */
export function planErrors(errors: readonly InterfaceDeclaration[], names: Names): ErrorPlan[] {
  return errors.map((item) => {
    const { name, doc, error = name } = item;
    const parent = baseOf(item);
    const base = parent === undefined ? undefined : printType({ kind: "reference", name: parent });
    const own = printType({ kind: "reference", name });
    return {
      name: own,
      ...(doc && { doc }),
      head: `${own} extends ${base ?? names.global("Error")}`,
      members: planMembers(item),
      type: `${names.use("ErrorClass")}<${own}>`,
      thrownAs: error,
      ...(base !== undefined && { base }),
    };
  });
}
