/**
 * Whether this process is observed with OpenTelemetry: asked when an engine is opened and before anything of OpenTelemetry is
 * loaded, so that programs without it pay one look at a global variable for each connection.
 */
import type { Engine } from "../engine/index.ts";

/** Where the API, version 1, keeps the SDK that has registered with it. */
const API = Symbol.for("opentelemetry.js.api.1");

/** Resolves to the engine, whose calls are then observed. */
type Observer = (engine: Engine) => Promise<Engine>;

let loadObserver: (() => Promise<Observer>) | undefined;

/** @param load called for the first engine that is opened while an SDK is there */
export function registerObserver(load: () => Promise<Observer>): void {
  loadObserver = load;
}

/** An OpenTelemetry SDK has registered itself in this process. */
export function isObserved(): boolean {
  return API in globalThis;
}

export async function observed(engine: Engine): Promise<Engine> {
  if (!loadObserver || !isObserved()) return engine;
  const observe = await loadObserver();
  return observe(engine);
}
