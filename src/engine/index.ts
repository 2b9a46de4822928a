/** The engine port: what a place where functions run offers, one file per role. The engines themselves lie in src/engines. */
export * from "./codec.ts";
export * from "./deployer.ts";
export * from "./engine.ts";
export * from "./failure.ts";
export * from "./invoker.ts";
export * from "./monitor.ts";
export * from "./registry.ts";

// Programs without the types of a browser or of Node have no AbortSignal; where these are there, this adds nothing to it.
declare global {
  interface AbortSignal {}
}
