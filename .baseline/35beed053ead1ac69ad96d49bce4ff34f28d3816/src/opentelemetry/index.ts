/** Traces and metrics of calls for OpenTelemetry. Loaded only if an SDK has registered itself, so that other programs pay nothing for it. */
import type { Engine } from "../engine/index.ts";
import { type Api, loadApi } from "./api.ts";
import type { ObservedFunction } from "./attributes.ts";
import { observeCalls } from "./caller.ts";
import { ContainerTelemetry } from "./container.ts";
import { type Census, HostTelemetry } from "./host.ts";

export type { ObservedFunction } from "./attributes.ts";
export type { ContainerTelemetry, Run } from "./container.ts";
export type { AttemptOutcome, HostTelemetry } from "./host.ts";
export { loadInstrumentation } from "./instrumentation.ts";
export type { ObservedCall } from "./runs.ts";

export async function observe(engine: Engine): Promise<Engine> {
  const api = await loadApi();
  return api ? observeCalls(api, engine) : engine;
}

/** `undefined` when the API is not there. */
export function containerTelemetry(
  fn: ObservedFunction & { container: string },
): Promise<ContainerTelemetry | undefined> {
  return withApi((api) => new ContainerTelemetry(api, fn, fn.container));
}

/** `undefined` when the API is not there. */
export function hostTelemetry(census: Census): Promise<HostTelemetry | undefined> {
  return withApi((api) => new HostTelemetry(api, census));
}

async function withApi<T>(make: (api: Api) => T): Promise<T | undefined> {
  const api = await loadApi();
  return api && make(api);
}
