/** The kinds of engine that the package brings, for whoever needs an engine and not the rest of the core. */
import { registerEngine, registerObserver } from "../runtime/engines.ts";

export { openEngine } from "../runtime/engines.ts";

registerObserver(async () => (await import("../opentelemetry/index.ts")).observe);
registerEngine("local", async () => (await import("./local/index.ts")).localEngine);
