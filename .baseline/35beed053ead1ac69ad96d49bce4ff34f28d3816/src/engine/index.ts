/** The engine port: what a place where functions run offers, one file per role. The engines themselves are in src/engines. */
export * from "./codec.ts";
export * from "./deployer.ts";
export * from "./engine.ts";
export * from "./failure.ts";
export * from "./invoker.ts";
export * from "./monitor.ts";
export * from "./origin.ts";
export * from "./registry.ts";

// Programs without browser or Node types have no AbortSignal; where those types exist, this adds nothing to it.
declare global {
  interface AbortSignal {}
}
