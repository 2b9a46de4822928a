/** Deploy: introspect, bundle, inspect, check, register. */
export type { BuildSettings } from "./build.ts";
export { type Comparison, type Deployment, type DeployOptions, deployApp } from "./deploy.ts";
export { DeployError, type DeployStage } from "./errors.ts";
export { currentUser } from "./origin.ts";
export { type Removal, removalText } from "./removal.ts";
export { type WatchOptions, watchApp } from "./watch.ts";
