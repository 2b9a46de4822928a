/**
 * What every engine must do, written against the port alone and by its roles: an adapter's test calls `conformance` with a way
 * to make an engine on fresh state. It says what is left out, and why: whatever an engine offers has to pass.
 */
import { calls } from "./calls.ts";
import { containers } from "./containers.ts";
import { delays } from "./delays.ts";
import { deploy } from "./deploy.ts";
import { durable } from "./durable.ts";
import { limits } from "./limits.ts";
import { monitor } from "./monitor.ts";
import { registry } from "./registry.ts";
import { Suite, type SuiteOptions } from "./suite.ts";

export type { TestApp } from "./apps.ts";
export type { EngineUnderTest } from "./suite.ts";

export function conformance(name: string, options: SuiteOptions): void {
  const suite = new Suite(name, options);
  suite.account();
  for (const part of [registry, deploy, calls, containers, limits, durable, delays, monitor]) part(suite);
}
