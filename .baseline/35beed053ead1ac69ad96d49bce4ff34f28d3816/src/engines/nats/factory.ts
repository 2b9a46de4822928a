/** Opens the engine that a URL names. */
import type { Engine } from "../../engine/index.ts";
import { parseAddress } from "./address.ts";
import { NatsEngine } from "./engine.ts";
import type { Environment } from "./settings.ts";

/** Nothing is connected before the first use. Throws InvalidError for what is not the URL of a NATS engine. */
export function natsEngine(url: string, env: Environment = process.env): Engine {
  return new NatsEngine(parseAddress(url), env);
}
