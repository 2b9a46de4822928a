/** Codegen: from what is deployed to typed stubs. */
export type { ClassPlan, MethodPlan } from "./class-plan.ts";
export type { FunctionChange } from "./compare.ts";
export type {
  AliasPlan,
  DeclarationPlan,
  EnumMemberPlan,
  EnumPlan,
  InterfacePlan,
  MemberPlan,
} from "./declarations.ts";
export type { FileChange, FileStatus } from "./files.ts";
export type { GenerateOptions, GenerateResult } from "./generate.ts";
export { generate, plan } from "./generate.ts";
export type { LockedClass, LockedFunction, LockedManifest } from "./locked.ts";
export type { AppPlan, ImportPlan, IndexPlan, Plan, StubPlan } from "./plan.ts";
export type { Plugin } from "./plugin.ts";
export type { ModuleStyle } from "./project.ts";
export { moduleStyle } from "./project.ts";
export { SHIPPED_TEMPLATES } from "./shipped.ts";
export type { WatchEvent, WatchOptions } from "./watch.ts";
export { watch } from "./watch.ts";
