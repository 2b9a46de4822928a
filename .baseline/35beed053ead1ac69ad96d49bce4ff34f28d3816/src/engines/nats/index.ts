/**
 * The `nats` engine: apps on any number of machines, which share their work over NATS. Workers have a door of their own. Nothing
 * that is exported here has types of NATS's packages, which a program that uses another engine does not have.
 */
export { natsEngine } from "./factory.ts";
export { type KeyPair, newSealKey, newUserKey } from "./keys.ts";
export { initializeNats, listWorkers } from "./operate.ts";
export type { InitOptions, InitStep } from "./reports.ts";
export { permissionsOf, ROLE_SUMMARIES, ROLES, type Role } from "./roles.ts";
export { type RoleUser, serverConfig } from "./server-config.ts";
