/** Deploy: introspect, bundle, inspect, check, register. */
export { type Comparison, type DeployOptions, type Deployment, deployApp } from "./deploy.ts";
export { DeployError, type DeployStage } from "./errors.ts";
export { type WatchOptions, watchApp } from "./watch.ts";
