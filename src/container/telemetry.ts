/** The container under OpenTelemetry: starts the user's SDK where one is named, and looks whether one has started by itself. */
import type { ContainerTelemetry } from "../opentelemetry/index.ts";
import { isObserved } from "../runtime/index.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";

/** Before the app is loaded, so that the SDK can see what that imports. Throws InvalidError. */
export async function startSdk(message: LoadMessage): Promise<void> {
  if (!process.env["FARCALL_OTEL"]) return;
  // The container is a service of its own; what the function's `env` says comes first.
  process.env["OTEL_SERVICE_NAME"] = message.env?.["OTEL_SERVICE_NAME"] ?? message.app;
  const { loadInstrumentation } = await import("../opentelemetry/index.ts");
  await loadInstrumentation();
}

/** After the app is loaded, which may have started an SDK of its own. */
export async function telemetryOf(message: LoadMessage): Promise<ContainerTelemetry | undefined> {
  if (!isObserved()) return undefined;
  const { containerTelemetry } = await import("../opentelemetry/index.ts");
  return containerTelemetry(message);
}
