/** Drives an engine through its port as the runtime does, in a few words. */
import type {
  CallHandle,
  Engine,
  Failure,
  FunctionRef,
  InputRecord,
  OpenCall,
  Output,
  PayloadCodec,
} from "../../src/engine/index.ts";
import { codecOf, failureToError } from "../../src/runtime/index.ts";

export type Outcome = { index: number; value?: unknown; error?: unknown; end?: true };

export function outcomeOf(codec: PayloadCodec, output: Output): Outcome {
  const { kind, index } = output;
  if (kind === "failure") return { index, error: failureToError(output.failure) };
  if (kind === "exception") return { index, error: codec.decodeError(output.payload) };
  if (kind === "end") return { index, end: true };
  return { index, value: codec.decodeValue(output.payload) };
}

/** One app's functions on an engine. */
export class Driver {
  readonly engine: Engine;
  readonly app: string;
  readonly environment = "main";

  constructor(engine: Engine, app: string) {
    this.engine = engine;
    this.app = app;
  }

  /** What the engine's payloads are written in. */
  get codec(): PayloadCodec {
    return codecOf(this.engine);
  }

  record({ payload, outputs }: InputRecord): { args?: unknown[]; outcomes: Outcome[] } {
    return {
      ...(payload && { args: this.codec.decodeArguments(payload).args }),
      outcomes: outputs.map((output) => outcomeOf(this.codec, output)),
    };
  }

  ref(name: string, extra: Partial<FunctionRef> = {}): FunctionRef {
    return { app: this.app, environment: this.environment, name, ...extra };
  }

  /** A call whose outputs are collected; `outcomes` settles when as many as inputs were given have ended. */
  call(
    name: string,
    inputs: unknown[][],
    options: Partial<Omit<OpenCall, "function">> & {
      ref?: Partial<FunctionRef>;
      onOutcome?: (outcome: Outcome) => void;
    } = {},
  ): { handle: CallHandle; outcomes: Promise<Outcome[]>; acknowledged: Promise<string> } {
    const { ref, onOutcome, ...open } = options;
    const { promise: outcomes, resolve, reject } = Promise.withResolvers<Outcome[]>();
    outcomes.catch(() => {});
    const collected: Outcome[] = [];
    let ended = 0;
    const handle = this.engine.invoker.open(
      { function: this.ref(name, ref), method: "map", durable: false, ...open },
      {
        output: (output) => {
          const outcome = outcomeOf(this.codec, output);
          collected.push(outcome);
          onOutcome?.(outcome);
          if (output.kind !== "yield" && ++ended === inputs.length) resolve(collected);
        },
        failed: (failure: Failure) => reject(failureToError(failure)),
      },
    );
    for (const [index, args] of inputs.entries()) handle.put(index, this.codec.encodeArguments(args));
    const acknowledged = handle.end();
    acknowledged.catch(() => {});
    return { handle, outcomes, acknowledged };
  }

  async remote(name: string, ...args: unknown[]): Promise<unknown> {
    return this.remoteWith(name, args, {});
  }

  async remoteWith(name: string, args: unknown[], options: Parameters<Driver["call"]>[2]): Promise<unknown> {
    const [outcome] = await this.call(name, [args], { method: "remote", ...options }).outcomes;
    if (outcome?.error) throw outcome.error;
    return outcome?.value;
  }

  async map(name: string, inputs: unknown[][]): Promise<Outcome[]> {
    return (await this.call(name, inputs).outcomes).sort((a, b) => a.index - b.index);
  }

  /** Resolves to the call's id once it is acknowledged. */
  async spawn(name: string, inputs: unknown[][], options: Parameters<Driver["call"]>[2] = {}): Promise<string> {
    const method = inputs.length === 1 ? "spawn" : "spawnMap";
    const { handle, acknowledged } = this.call(name, inputs, { method, durable: true, ...options });
    const id = await acknowledged;
    handle.detach();
    return id;
  }

  /** Waits for `count` outcomes of a durable call. */
  async get(id: string, count = 1, range: { start?: number; end?: number } = {}): Promise<Outcome[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome[]>();
    const outcomes: Outcome[] = [];
    const attached = this.engine.invoker.attach(id, range, {
      output: (output) => {
        outcomes.push(outcomeOf(this.codec, output));
        if (outcomes.length === count) resolve(outcomes);
      },
      failed: (failure) => reject(failureToError(failure)),
    });
    try {
      return (await promise).sort((a, b) => a.index - b.index);
    } finally {
      attached.detach();
    }
  }
}
