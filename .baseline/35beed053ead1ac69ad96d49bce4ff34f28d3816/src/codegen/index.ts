/** Codegen: writes typed stubs for the deployed apps. */
export type {
  AliasPlan,
  AppPlan,
  ClassPlan,
  DeclarationPlan,
  EnumMemberPlan,
  EnumPlan,
  FunctionChange,
  ImportPlan,
  IndexPlan,
  InterfacePlan,
  LockedClass,
  LockedFunction,
  LockedManifest,
  MemberPlan,
  MethodPlan,
  Plan,
  Plugin,
  StubPlan,
} from "../plan/index.ts";
export type { FileChange, FileStatus } from "./files/index.ts";
export { LOCK_FILE } from "./files/index.ts";
export type { GenerateOptions, GenerateResult } from "./generate.ts";
export { generate, plan } from "./generate.ts";
export type { ModuleStyle } from "./project.ts";
export { moduleStyle } from "./project.ts";
export { SHIPPED_TEMPLATES } from "./shipped.ts";
export type { WatchEvent, WatchOptions } from "./watch.ts";
export { watch } from "./watch.ts";
