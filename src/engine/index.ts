/** The engine port: what a place where functions run offers. Its adapters lie in folders of their own. */
export * from "./engine.ts";
