/** The plan: the stubs to write, decided from manifests alone. Pure; templates turn it into code. */
export type { ClassPlan, MethodPlan } from "./class-plan.ts";
export { compareApps, type FunctionChange } from "./compare.ts";
export type {
  AliasPlan,
  DeclarationPlan,
  EnumMemberPlan,
  EnumPlan,
  InterfacePlan,
  MemberPlan,
} from "./declarations.ts";
export type { ErrorPlan } from "./errors.ts";
export { helpers } from "./helpers.ts";
export {
  chooseFunctions,
  type LockedClass,
  type LockedFunction,
  type LockedManifest,
  lockManifest,
  namesOf,
  unlockManifest,
} from "./locked.ts";
export type { AppPlan, ImportPlan, IndexPlan, Plan, StubPlan } from "./model.ts";
export { Scope, toIdentifier } from "./names.ts";
export { planFiles } from "./plan.ts";
export type { Plugin } from "./plugin.ts";
export { wrapCode } from "./wrap.ts";
