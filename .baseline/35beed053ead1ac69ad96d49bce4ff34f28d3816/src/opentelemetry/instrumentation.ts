/** The user's own SDK in processes that farcall starts: the module that FARCALL_OTEL names. */
import { InvalidError } from "../runtime/errors.ts";

/** Throws InvalidError. The variable holds a URL by now: the module was resolved when the host was started. */
export async function loadInstrumentation(): Promise<void> {
  const module = process.env["FARCALL_OTEL"];
  if (!module) return;
  try {
    await import(/* @vite-ignore */ /* webpackIgnore: true */ module);
  } catch (error) {
    throw new InvalidError(
      `FARCALL_OTEL names ${module}, which cannot be loaded: ${error instanceof Error ? error.message : error}`,
      { cause: error, hint: "It must name a module that starts an OpenTelemetry SDK when it is imported." },
    );
  }
}
