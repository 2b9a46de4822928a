/** OpenTelemetry in a container: starts the user's SDK if one is named, and detects one that the app has started. */
import type { ContainerTelemetry } from "../opentelemetry/index.ts";
import { isObserved } from "../runtime/index.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";

/** Runs before the app is loaded, so that the SDK can instrument its imports. Throws InvalidError. */
export async function startSdk(message: LoadMessage): Promise<void> {
  if (!process.env["FARCALL_OTEL"]) return;
  // The container is its own service; the function's `env` takes precedence.
  process.env["OTEL_SERVICE_NAME"] = message.env?.["OTEL_SERVICE_NAME"] ?? message.app;
  const { loadInstrumentation } = await import("../opentelemetry/index.ts");
  await loadInstrumentation();
}

/** Runs after the app is loaded, since the app may have started an SDK itself. */
export async function telemetryOf(message: LoadMessage): Promise<ContainerTelemetry | undefined> {
  if (!isObserved()) return undefined;
  const { containerTelemetry } = await import("../opentelemetry/index.ts");
  return containerTelemetry(message);
}
