/** Containers: when one is started, the RPCs by which it takes inputs and gives outputs, and what its end means for them. */
import { ServerError, Status } from "nice-grpc";
import type { Calls } from "./calls.ts";
import type { Context, Handlers, Request } from "./codecs.ts";
import type { Container, Fn, Input } from "./model.ts";
import { Bell, makeId, now, Outcome } from "./values.ts";

/** The header by which a container says which it is. */
export const TASK_HEADER = "x-fake-task";

/** A started container: how to kill it, and how it ended; "" where it ended well. */
export interface Launched {
  kill(): void;
  readonly exited: Promise<string>;
}

export type Launcher = (container: Container) => Launched;

/** Well below the 2 s after which Modal's client takes a heartbeat for failed. */
const HEARTBEAT_MS = 1500;

export class Containers {
  readonly all = new Map<string, Container>();
  #calls: Calls;
  #launcher: Launcher;
  #exits = new Set<Promise<unknown>>();
  #closed = false;

  constructor(calls: Calls, launcher: Launcher) {
    this.#calls = calls;
    this.#launcher = launcher;
  }

  /** An input waits: an idle container takes it, or a new one is started. */
  wake(fn: Fn): void {
    const idle = [...fn.containers].find((container) => container.idle && !container.retired);
    if (idle) {
      idle.idle = false;
      idle.queue.ring();
    } else if ([...fn.containers].filter(({ retired }) => !retired).length < limit(fn)) this.#start(fn);
  }

  #start(fn: Fn): void {
    if (this.#closed) return;
    let launched: Launched | undefined;
    const container: Container = {
      taskId: makeId("ta"),
      fn,
      running: new Set(),
      cancels: [],
      heartbeat: new Bell(),
      queue: new Bell(),
      idle: false,
      started: false,
      retired: false,
      ended: false,
      startFailure: undefined,
      kill: () => launched?.kill(),
    };
    fn.containers.add(container);
    this.all.set(container.taskId, container);
    launched = this.#launcher(container);
    const exit = launched.exited.then((how) => this.#onExit(container, how)).finally(() => this.#exits.delete(exit));
    this.#exits.add(exit);
  }

  #onExit(container: Container, how: string): void {
    const { fn } = container;
    container.ended = true;
    fn.containers.delete(container);
    this.all.delete(container.taskId);
    container.queue.ring();
    container.heartbeat.ring();
    if (this.#closed) return;
    for (const input of [...container.running]) {
      if (input.call.cancelled) this.#calls.end(input, Outcome.terminated, "Input was cancelled by user");
      else this.#calls.end(input, Outcome.internalFailure, `The container ended: ${how || "without an output"}`);
    }
    // A container that cannot start would be started again and again: what waits for it fails instead. Python's exits
    // with 0 when the user's code cannot be loaded.
    if (!container.started) {
      const reason = container.startFailure ?? `the container ended before it took an input: ${how || "exit code 0"}`;
      for (const input of fn.queue.splice(0)) this.#calls.end(input, Outcome.initFailure, reason);
    }
    if (fn.queue.length > 0) this.wake(fn);
  }

  /** Lets the containers of functions finish what they run, and end. */
  retire(functionIds: string[]): void {
    for (const container of this.all.values()) {
      if (!functionIds.includes(container.fn.id)) continue;
      container.retired = true;
      container.queue.ring();
    }
  }

  async stop(): Promise<void> {
    this.#closed = true;
    for (const container of this.all.values()) container.kill();
    await Promise.all(this.#exits);
  }

  #self({ metadata }: Context): Container {
    const taskId = metadata.get(TASK_HEADER) ?? "";
    const container = this.all.get(taskId);
    if (!container) throw new ServerError(Status.NOT_FOUND, `task '${taskId}' not found`);
    return container;
  }

  readonly rpcs = {
    containerHello: async () => ({}),
    containerHeartbeat: async (_request, context) => {
      const container = this.#self(context);
      if (container.cancels.length === 0) await container.heartbeat.wait(HEARTBEAT_MS, context.signal);
      if (context.signal.aborted) return {};
      const inputIds = container.cancels.splice(0);
      return inputIds.length > 0 ? { cancelInputEvent: { inputIds } } : {};
    },
    functionGetInputs: async (request, context) => {
      const container = this.#self(context);
      container.started = true;
      const { fn } = container;
      for (;;) {
        if (context.signal.aborted || container.ended) return { inputs: [] };
        if (container.retired) return { inputs: [{ killSwitch: true }] };
        if (fn.queue.length > 0) {
          await this.#linger(fn, request, context.signal);
          const inputs = context.signal.aborted ? [] : this.#take(container, Math.max(1, request.batchMaxSize));
          if (inputs.length > 0) return { inputs: inputs.map((input) => this.#present(input)) };
        }
        container.idle = true;
        await container.queue.wait(30_000, context.signal);
        container.idle = false;
      }
    },
    functionPutOutputs: async ({ outputs }) => {
      for (const output of outputs) this.#calls.complete(output);
      return {};
    },
    taskResult: async ({ result }, context) => {
      const container = this.#self(context);
      if (result && result.status !== Outcome.success) container.startFailure = result.exception;
      return {};
    },
    taskCurrentInputs: async (_request, context) => ({
      inputIds: [...this.#self(context).running].map(({ id }) => id),
    }),
    containerStop: async (_request, context) => {
      this.#self(context).retired = true;
      return {};
    },
  } satisfies Handlers;

  /** A batch waits a little for more inputs. */
  async #linger(fn: Fn, request: Request<"functionGetInputs">, signal: AbortSignal): Promise<void> {
    const until = Date.now() + request.batchLingerMs;
    while (fn.queue.length < request.batchMaxSize && Date.now() < until && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(5, until - Date.now())));
    }
  }

  /** Inputs of one method: a batch runs as one call of it. */
  #take(container: Container, max: number): Input[] {
    const { fn } = container;
    const method = fn.queue[0]?.input.methodName;
    const taken = fn.queue.filter(({ input }) => input.methodName === method).slice(0, max);
    fn.queue = fn.queue.filter((input) => !taken.includes(input));
    for (const input of taken) {
      input.container = container;
      input.startedAt = now();
      container.running.add(input);
      const seconds = fn.definition?.timeoutSecs;
      if (seconds) input.timer = setTimeout(() => this.#timeout(input, seconds), seconds * 1000).unref();
    }
    return taken;
  }

  #present(input: Input) {
    const { id, call, retryCount } = input;
    return {
      inputId: id,
      input: input.input,
      functionCallId: call.id,
      functionCallInvocationType: call.invocation,
      retryCount,
      ...(call.viaInputPlane && { attemptToken: this.#calls.tokenOf(input), fromInputPlane: true }),
    };
  }

  #timeout(input: Input, seconds: number): void {
    const { container } = input;
    this.#calls.end(input, Outcome.timeout, `Task's current input hit its timeout of ${seconds}s`);
    container?.cancels.push(input.id);
    container?.heartbeat.ring();
  }
}

/** How many containers a function may have. */
function limit({ declared, settings }: Fn): number {
  return Math.max(settings.minContainers ?? 0, settings.maxContainers ?? 0) || (declared ? 4 : 1);
}
