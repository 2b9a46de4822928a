/** What is deployed, in NATS: a value per app, code and manifests by their hashes, and what reads and writes them. */
export { type AppName, Apps, type KnownApp, type StoredApp, type StoredVersion } from "./apps.ts";
export { Catalog, type Deployed, type DeployedFunction } from "./catalog.ts";
export { NatsDeployer } from "./deployer.ts";
export { Objects } from "./objects.ts";
export { type AppOverrides, Overrides } from "./overrides.ts";
export type { PackageRef } from "./portable.ts";
export { NatsRegistry } from "./registry.ts";
export { openSecrets, sealSeedIn } from "./secrets.ts";
export { requireSigner, trustedSigners } from "./signatures.ts";
