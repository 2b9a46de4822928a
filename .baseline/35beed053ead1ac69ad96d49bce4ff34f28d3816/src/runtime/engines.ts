/** Which engine a call goes to. Engines are named by URL; the adapter of a scheme is loaded when it is first needed. */
import { DEFAULT_ENGINE, type Engine, type EngineFactory } from "../engine/index.ts";
import { type Codec, registerCodecs } from "./custom-codecs.ts";
import { InvalidError } from "./errors.ts";
import { observed } from "./telemetry.ts";

export { registerObserver } from "./telemetry.ts";

const loaders = new Map<string, () => Promise<EngineFactory>>();
/** Engines that calls without a client of their own share, by URL as given. */
const shared = new Map<string, Promise<Engine>>();
let configured: string | Engine | undefined;
let generation = 0;

/** @param scheme without the colon: `local` */
export function registerEngine(scheme: string, load: () => Promise<EngineFactory>): void {
  loaders.set(scheme, load);
}

export interface Configuration {
  /** URL, or an engine itself. `undefined` returns to the default. */
  engine?: string | Engine | undefined;
  /** What `codec()` made for the types that apps have codecs for. They stay known; one of the same name takes the place of another. */
  codecs?: readonly Codec<unknown, unknown>[] | undefined;
}

/**
 * Sets the engine of every call whose function is not bound to a client, unless only `codecs` are given, which become known to this
 * program. Throws InvalidError on an unknown kind of engine, and for what is not a codec.
 */
export function configure(configuration: Configuration): void {
  if (configuration.codecs) {
    registerCodecs(configuration.codecs);
    if (!("engine" in configuration)) return;
  }
  if (typeof configuration.engine === "string") loaderOf(configuration.engine);
  configured = configuration.engine;
  generation++;
}

/** Grows whenever an earlier choice of engine may be out of date. */
export function engineGeneration(): number {
  return generation;
}

/** A new connection, which the caller closes. */
export async function openEngine(url: string): Promise<Engine> {
  const factory = await loaderOf(url)();
  return observed(factory(url));
}

/** Configured, else FARCALL_ENGINE, else what the stub was generated from, else DEFAULT_ENGINE. */
export function defaultEngine(stubEngine: string | undefined): Engine | Promise<Engine> {
  const choice = configured ?? environmentVariable("FARCALL_ENGINE") ?? stubEngine ?? DEFAULT_ENGINE;
  if (typeof choice !== "string") return choice;
  let engine = shared.get(choice);
  if (!engine) {
    engine = openEngine(choice);
    shared.set(choice, engine);
    engine.catch(() => shared.delete(choice));
  }
  return engine;
}

/** Closes the connections that calls share. The next call opens a new one. Durable calls go on. */
export async function disconnect(): Promise<void> {
  const engines = [...shared.values()];
  shared.clear();
  generation++;
  await Promise.all(engines.map(async (engine) => (await engine).close()));
}

export function loaderOf(url: string): () => Promise<EngineFactory> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const load = scheme === undefined ? undefined : loaders.get(scheme);
  if (!load) {
    throw new InvalidError(`"${url}" is not the URL of a known engine`, {
      hint: `The URL of an engine begins with ${[...loaders.keys()].map((name) => `"${name}:"`).join(" or ")}.`,
    });
  }
  return load;
}

/** Absent outside Node. */
function environmentVariable(name: string): string | undefined {
  return globalThis.process?.env[name] || undefined;
}
