/** Which versions of which apps are deployed. */
export { type DeployedFunction, Registry, type Version } from "./registry.ts";
