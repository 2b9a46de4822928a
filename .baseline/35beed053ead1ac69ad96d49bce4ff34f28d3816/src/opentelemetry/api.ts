/**
 * The OpenTelemetry API, loaded only if an SDK has registered itself. It is the user's package: farcall does not
 * depend on it, and does not bring it into a bundle.
 */
import type * as OpenTelemetry from "@opentelemetry/api";

export type Api = typeof OpenTelemetry;

/** Not written as one literal, since a bundler would then include the package. */
const NAME = ["@opentelemetry", "api"].join("/");

let loading: Promise<Api | undefined> | undefined;

/** `undefined`, after a warning, when the package cannot be found from here. */
export function loadApi(): Promise<Api | undefined> {
  loading ??= importApi();
  return loading;
}

async function importApi(): Promise<Api | undefined> {
  try {
    const api: Api = await import(/* @vite-ignore */ /* webpackIgnore: true */ NAME);
    return api;
  } catch (error) {
    console.warn(
      `farcall: an OpenTelemetry SDK runs here, but ${NAME} cannot be imported, so calls are not traced: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

/** The longest wait for an exporter when a process ends, in milliseconds. */
const FLUSH_LIMIT_MS = 2_000;

interface Flushable {
  forceFlush?(): Promise<void>;
}

/** Sends what the SDK still holds when a process is about to end. Never rejects, since nothing is left to handle an error. */
export async function flush(api: Api): Promise<void> {
  const tracers = api.trace.getTracerProvider();
  const delegate = tracers instanceof api.ProxyTracerProvider ? tracers.getDelegate() : tracers;
  // The API returns the SDK's own provider, which can flush; the API's types do not say so.
  const providers = [delegate, api.metrics.getMeterProvider()] as Flushable[];
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FLUSH_LIMIT_MS);
  await Promise.race([Promise.allSettled(providers.map((provider) => provider.forceFlush?.())), late]);
  clearTimeout(timer);
}
