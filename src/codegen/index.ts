/** Codegen: from what is deployed to typed stubs. */
export type { ClassPlan, MethodPlan } from "../plan/class-plan.ts";
export type { FunctionChange } from "../plan/compare.ts";
export type {
  AliasPlan,
  DeclarationPlan,
  EnumMemberPlan,
  EnumPlan,
  InterfacePlan,
  MemberPlan,
} from "../plan/declarations.ts";
export type { LockedClass, LockedFunction, LockedManifest } from "../plan/locked.ts";
export type { AppPlan, ImportPlan, IndexPlan, Plan, StubPlan } from "../plan/plan.ts";
export type { Plugin } from "../plan/plugin.ts";
export type { FileChange, FileStatus } from "./files/files.ts";
export type { GenerateOptions, GenerateResult } from "./generate.ts";
export { generate, plan } from "./generate.ts";
export type { ModuleStyle } from "./project.ts";
export { moduleStyle } from "./project.ts";
export { SHIPPED_TEMPLATES } from "./templates/shipped.ts";
export type { WatchEvent, WatchOptions } from "./watch.ts";
export { watch } from "./watch.ts";
