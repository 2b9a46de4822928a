/** Deployed apps: what Modal says of them, as manifests, and the registry that answers from it. */
export { DEPLOY_HINT, type Deployment, Deployments, isoTime, POLL_MS } from "./deployments.ts";
export { ModalRegistry } from "./registry.ts";
