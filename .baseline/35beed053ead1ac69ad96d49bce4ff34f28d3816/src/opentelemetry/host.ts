/** The host's side: metrics for operators (how much runs, waits and fails, and where), and the spans that only the host can make. */
import type { Attributes, BatchObservableResult } from "@opentelemetry/api";
import type { FunctionStats } from "../engine/index.ts";
import { type Api, flush } from "./api.ts";
import { attributesOf, type ObservedFunction } from "./attributes.ts";
import { functionOf, type ObservedCall, Runs } from "./runs.ts";

export type AttemptOutcome = "result" | "exception" | "failure" | "timeout" | "cancelled" | "lost";

/** An attempt to run an input, as the host sees it. */
interface ObservedAttempt {
  call: ObservedCall;
  index: number;
  attempt: number;
  payload: Uint8Array;
}

/** The pools of containers as they are now. */
export type Census = () => Iterable<{ fn: ObservedFunction; stats: FunctionStats }>;

export class HostTelemetry {
  readonly #api: Api;
  readonly #runs: Runs;
  readonly #instruments: ReturnType<typeof instrumentsOf>;
  readonly #attributes = new WeakMap<object, Attributes>();

  constructor(api: Api, census: Census) {
    this.#api = api;
    this.#runs = new Runs(api);
    this.#instruments = instrumentsOf(api, (result, { containers, running, waiting }) => {
      for (const { fn, stats } of census()) {
        const attributes = attributesOf(fn);
        result.observe(containers, stats.numTotalRunners, attributes);
        result.observe(running, stats.numRunningInputs, attributes);
        result.observe(waiting, stats.backlog, attributes);
      }
    });
  }

  callOpened(fn: ObservedFunction, method: string): void {
    this.#instruments.calls.add(1, { ...attributesOf(fn), "farcall.method": method });
  }

  /** @param container what the container will load */
  containerReady(container: ObservedFunction, startMs: number): void {
    this.#instruments.starts.record(startMs / 1000, this.#of(container));
  }

  attemptStarted(
    container: ObservedFunction,
    { call, index, attempt, payload }: ObservedAttempt,
    waitedMs: number,
  ): void {
    const attributes = this.#of(container, call);
    this.#instruments.queueTime.record(waitedMs / 1000, attributes);
    this.#instruments.payload.record(payload.length, { ...attributes, "farcall.direction": "input" });
    if (attempt > 0) this.#instruments.retries.add(1, attributes);
    if (!call.trace || !this.#runs.isChild(index)) return;
    const now = Date.now();
    this.#api.trace
      .getTracer("farcall")
      .startSpan(
        `${container.app}/${attributes["rpc.method"]} queue`,
        {
          startTime: now - waitedMs,
          attributes: {
            ...attributes,
            "farcall.call.id": call.callId,
            "farcall.input.index": index,
            "farcall.attempt": attempt,
          },
        },
        this.#runs.contextOf(call),
      )
      .end(now);
  }

  attemptEnded(
    container: ObservedFunction,
    { call }: ObservedAttempt,
    outcome: AttemptOutcome,
    ranMs: number,
    outputBytes = 0,
  ): void {
    const attributes = this.#of(container, call);
    const ended = { ...attributes, "farcall.outcome": outcome };
    this.#instruments.attempts.add(1, ended);
    this.#instruments.runTime.record(ranMs / 1000, ended);
    if (outputBytes > 0) {
      this.#instruments.payload.record(outputBytes, { ...attributes, "farcall.direction": "output" });
    }
  }

  /** Its container is gone, and with it the span that would have shown it. */
  attemptLost(
    container: ObservedFunction & { container: string },
    { call, index, attempt }: ObservedAttempt,
    ranMs: number,
    reason: string,
  ): void {
    const startTime = Date.now() - ranMs;
    const { span } = this.#runs.start({
      fn: container,
      container: container.container,
      call,
      index,
      attempt,
      startTime,
    });
    span.setAttribute("error.type", reason);
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: `the container is gone: ${reason}` });
    span.end();
  }

  flush(): Promise<void> {
    return flush(this.#api);
  }

  /** Made once for each container, or each call of a method. */
  #of(container: ObservedFunction, call?: ObservedCall): Attributes {
    const key = call?.function === undefined ? container : call;
    let attributes = this.#attributes.get(key);
    if (!attributes) {
      attributes = attributesOf(call ? functionOf(container, call) : container);
      this.#attributes.set(key, attributes);
    }
    return attributes;
  }
}

function instrumentsOf(api: Api, observe: (result: BatchObservableResult, gauges: Gauges) => void) {
  const meter = api.metrics.getMeter("farcall");
  const gauges = {
    containers: meter.createObservableGauge("farcall.containers", {
      unit: "{container}",
      description: "Containers that run or start",
    }),
    running: meter.createObservableGauge("farcall.inputs.running", { unit: "{input}", description: "Inputs that run" }),
    waiting: meter.createObservableGauge("farcall.inputs.waiting", {
      unit: "{input}",
      description: "Inputs that wait for a container",
    }),
  };
  meter.addBatchObservableCallback((result) => observe(result, gauges), Object.values(gauges));
  return {
    calls: meter.createCounter("farcall.calls", { unit: "{call}", description: "Calls that were opened" }),
    attempts: meter.createCounter("farcall.attempts", {
      unit: "{attempt}",
      description: "Attempts to run an input that have ended, by outcome",
    }),
    retries: meter.createCounter("farcall.retries", {
      unit: "{attempt}",
      description: "Attempts after an input's first",
    }),
    queueTime: meter.createHistogram("farcall.queue.duration", {
      unit: "s",
      description: "How long an input waits before it runs",
    }),
    runTime: meter.createHistogram("farcall.run.duration", {
      unit: "s",
      description: "How long an attempt runs, by outcome",
    }),
    starts: meter.createHistogram("farcall.container.start.duration", {
      unit: "s",
      description: "Cold starts: how long a container takes to be ready; their number is the histogram's count",
    }),
    payload: meter.createHistogram("farcall.payload.size", {
      unit: "By",
      description: "Size of encoded arguments and results",
    }),
  };
}

interface Gauges {
  containers: ReturnType<ReturnType<Api["metrics"]["getMeter"]>["createObservableGauge"]>;
  running: Gauges["containers"];
  waiting: Gauges["containers"];
}
