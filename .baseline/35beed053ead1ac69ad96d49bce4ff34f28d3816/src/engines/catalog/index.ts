/**
 * What every engine with a registry of deployed apps has to decide in the same way: whether what a caller asks for exists, what to
 * say when it does not, and whether a stub still fits. Pure functions over manifests; each engine brings the reading.
 */
export { checkMethod } from "./methods.ts";
export { type DeployedApp, functionNamed, unknownApp, unknownVersion } from "./names.ts";
export { judgeStub, type StubOrigin } from "./stub-check.ts";
