/**
 * What an engine has to have for what is asked of it. The one place where UnsupportedError is made, before anything is sent, so
 * that lists of commands, routes and methods can ask the same questions.
 */
import type { Deployer, Engine, EngineFeatures, Monitor } from "../engine/index.ts";
import { UnsupportedError } from "./errors.ts";

/** Throws UnsupportedError that says how it is done with the tool that deploys to this engine. */
export function deployerOf(engine: Engine, purpose: "deploy" | "remove" | "rollback" = "deploy"): Deployer {
  const { deployer, url, deployHint, removeHint = deployHint, rollbackHint = deployHint } = engine;
  if (deployer) return deployer;
  const [what, hint] = {
    deploy: [`deploy to ${url}`, deployHint],
    remove: [`remove apps from ${url}`, removeHint],
    rollback: [`roll back apps on ${url}`, rollbackHint],
  }[purpose];
  throw new UnsupportedError(`farcall cannot ${what}`, { hint });
}

/** Throws UnsupportedError. */
export function monitorOf(engine: Engine): Monitor {
  if (engine.monitor) return engine.monitor;
  throw new UnsupportedError(`${engine.url} keeps no record of calls and logs`, {
    hint: "Look in the engine's own tools.",
  });
}

const FEATURES: Record<keyof EngineFeatures, { what: string; hint: string }> = {
  idempotency: { what: "idempotency keys", hint: "Call without `idempotencyKey`." },
  progress: { what: "progress reports", hint: "Call without `onProgress`." },
  arguments: { what: "the arguments of past calls", hint: "Log them in the function." },
  trace: { what: "trace context", hint: "Pass the context as an argument." },
  delays: { what: "calls that begin later", hint: "Call without `delayMs` and `at`." },
  backpressure: { what: "back pressure", hint: "Read the generator without pauses." },
};

/** Throws UnsupportedError when the engine lacks the feature. */
export function requireFeature(engine: Engine, feature: keyof EngineFeatures): void {
  if (engine[feature] !== false) return;
  const { what, hint } = FEATURES[feature];
  throw new UnsupportedError(`${engine.url} does not support ${what}`, { hint });
}
