/** Pools and containers under OpenTelemetry: what they report where an SDK runs. Nothing of it is loaded otherwise. */
import type { FunctionStats } from "../engine/index.ts";
import type { AttemptOutcome, HostTelemetry, ObservedCall, ObservedFunction } from "../opentelemetry/index.ts";
import { isObserved } from "../runtime/index.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";
import type { Call, Input } from "./call.ts";
import { recordQueueTimes } from "./clock.ts";
import type { DeployedFunction, Version, Workload } from "./workload.ts";

/** Set once, when the process starts that runs the pools. */
export let telemetry: Telemetry | undefined;

/** Starts the SDK that FARCALL_OTEL names. Throws InvalidError when that cannot be loaded. */
export async function startSdk(): Promise<void> {
  if (!process.env["FARCALL_OTEL"]) return;
  process.env["OTEL_SERVICE_NAME"] = "farcall-host";
  const { loadInstrumentation } = await import("../opentelemetry/index.ts");
  await loadInstrumentation();
}

/** @param pools those that there are whenever somebody looks */
export async function startTelemetry(
  pools: () => Iterable<{ workload: Workload; stats(): FunctionStats }>,
): Promise<void> {
  if (!isObserved()) return;
  const { hostTelemetry } = await import("../opentelemetry/index.ts");
  const sink = await hostTelemetry(function* () {
    for (const pool of pools()) {
      const { version, name } = pool.workload;
      yield { fn: observed(version, name), stats: pool.stats() };
    }
  });
  if (!sink) return;
  telemetry = new Telemetry(sink);
  recordQueueTimes();
}

class Telemetry {
  readonly #sink: HostTelemetry;
  readonly #calls = new WeakMap<Call, ObservedCall>();

  constructor(sink: HostTelemetry) {
    this.#sink = sink;
  }

  callOpened({ version, schema }: DeployedFunction, method: string): void {
    this.#sink.callOpened(observed(version, schema.name), method);
  }

  containerReady(load: LoadMessage, startMs: number): void {
    this.#sink.containerReady(load, startMs);
  }

  started(load: LoadMessage, input: Input): void {
    this.#sink.attemptStarted(load, this.#attempt(input), input.startedAt - input.queuedAt);
  }

  /** Has ended, or is no longer waited for. */
  ended(load: LoadMessage, input: Input, outcome: AttemptOutcome = "failure", bytes = 0): void {
    this.#sink.attemptEnded(load, this.#attempt(input), outcome, performance.now() - input.startedAt, bytes);
  }

  /** The container died with these inputs in it. */
  lost(load: LoadMessage, inputs: Iterable<Input>, reason: string): void {
    for (const input of inputs) {
      if (input.startedAt === 0) continue;
      if (!input.decided) this.ended(load, input, "lost");
      this.#sink.attemptLost(load, this.#attempt(input), performance.now() - input.startedAt, reason);
    }
  }

  flush(): Promise<void> {
    return this.#sink.flush();
  }

  #attempt({ call, index, attempt, payload }: Input) {
    let known = this.#calls.get(call);
    if (!known) {
      const { name, class: of } = call.fn.schema;
      known = { callId: call.id, method: call.method, trace: call.trace, function: of === undefined ? of : name };
      this.#calls.set(call, known);
    }
    return { call: known, index, attempt, payload };
  }
}

function observed({ app, environment, version }: Version, name: string): ObservedFunction {
  return { app, environment, version, function: name };
}
