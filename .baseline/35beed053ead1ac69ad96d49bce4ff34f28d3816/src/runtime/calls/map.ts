/**
 * map, starmap and forEach: sends inputs as long as no more than `maxOutstanding` are sent and not yet consumed, and hands on
 * outputs as they come. Written for many small items: while inputs come from plain iterables and outputs are there, an item
 * costs one promise, the one that the consumer awaits.
 */
import type { CallHandle, CallSink, Engine, Failure, Output, PayloadCodec, Progress } from "../../engine/index.ts";
import { failureToError, SerializationError, UserCodeException } from "../errors.ts";
import { codecOf, farcallCodec } from "../payloads.ts";
import { Raised } from "../stacks.ts";
import type { Target } from "../target.ts";
import { nextTurn, now } from "../timers.ts";
import { END, type Inputs, ignore, TURN_MS } from "./inputs.ts";
import { report } from "./progress.ts";
import { Ring } from "./ring.ts";
import { NOTHING, OutputStream } from "./stream.ts";

interface MapSettings {
  kwargs: Readonly<Record<string, unknown>> | undefined;
  ordered: boolean;
  maxOutstanding: number;
  signal: AbortSignal | undefined;
  onProgress: ((progress: Progress) => void) | undefined;
  /** What becomes of a failed input: a rejection, an item, or nothing. */
  failures: "reject" | "wrap" | "keep" | "ignore";
  /** Results are not wanted. */
  discard: boolean;
}

export class MapCall extends OutputStream<unknown> implements CallSink {
  readonly #target: Target;
  readonly #method: string;
  readonly #inputs: Inputs;
  readonly #settings: MapSettings;
  readonly #ring = new Ring<unknown>();
  #codec: PayloadCodec = farcallCodec;
  #handle: CallHandle | undefined;
  #sent = 0;
  /** Outputs that have come, and so the next position when order does not matter. */
  #received = 0;
  #consumed = 0;
  /** The consumer has been given an item since it was last seen to go on. */
  #handed = false;
  #looking = false;
  #exhausted = false;
  /** Inputs are being taken, now or when a promise settles. */
  #pumping = false;

  constructor(method: string, target: Target, inputs: Inputs, settings: MapSettings) {
    super(`${target.ref.name}.${method}(…)`, { signal: settings.signal });
    this.#target = target;
    this.#method = method;
    this.#inputs = inputs;
    this.#settings = settings;
  }

  protected override start(): void {
    const engine = this.#target.engine();
    if (!this.#target.isReadyFor("unary") || engine instanceof Promise) void this.#startLater();
    else this.#open(engine);
  }

  async #startLater(): Promise<void> {
    try {
      const engine = await this.#target.engine();
      this.#target.checkFeatures(engine, this.#settings);
      await this.#target.expectMode(this.#method, "unary");
      if (!this.over) this.#open(engine);
    } catch (error) {
      this.fail(new Raised(error, false));
    }
  }

  #open(engine: Engine): void {
    try {
      this.#target.checkMode("map", "unary");
      this.#target.checkFeatures(engine, this.#settings);
      this.#codec = codecOf(engine, this.#target.findError);
      this.#handle = engine.invoker.open(this.#target.request(engine, "map", false, this.#settings), this);
      this.#inputs.open();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#pump();
  }

  // ---- inputs ----

  #pump(): void {
    if (this.#pumping || this.#exhausted) return;
    const turnEnds = now() + TURN_MS;
    this.#pumping = true;
    try {
      while (!this.over && this.#sent - this.#consumed < this.#settings.maxOutstanding) {
        const args = this.#inputs.next();
        if (args instanceof Promise) {
          args.then(
            (ready) => this.#resume(ready),
            (error: unknown) => this.#failInput(error),
          );
          return;
        }
        const wait = this.#accept(args);
        if (this.#exhausted) break;
        if (wait) {
          wait.then(
            () => this.#resume(),
            (error: unknown) => this.#failInput(error),
          );
          return;
        }
        if (now() > turnEnds) {
          nextTurn(() => this.#resume());
          return;
        }
      }
    } catch (error) {
      this.fail(error);
    }
    this.#pumping = false;
  }

  #resume(args?: readonly unknown[] | typeof END): void {
    this.#pumping = false;
    if (this.over) return;
    if (args !== undefined) {
      try {
        const wait = this.#accept(args);
        if (wait) {
          this.#pumping = true;
          wait.then(
            () => this.#resume(),
            (error: unknown) => this.#failInput(error),
          );
          return;
        }
      } catch (error) {
        this.fail(error);
        return;
      }
    }
    this.#pump();
  }

  #failInput(error: unknown): void {
    this.#pumping = false;
    this.fail(error);
  }

  /** Returns what to wait for before the next input. */
  #accept(args: readonly unknown[] | typeof END): Promise<void> | undefined {
    // Taking an input may have run code that ended this stream.
    if (this.over) return undefined;
    const handle = this.#handle!;
    if (args === END) {
      this.#exhausted = true;
      // A failure of the call comes through the sink.
      handle.end().catch(ignore);
      this.settle();
      return undefined;
    }
    handle.put(this.#sent, encodeInput(this.#codec, args, this.#settings.kwargs, this.#sent));
    this.#sent++;
    return handle.drained();
  }

  // ---- outputs ----

  output(output: Output): void {
    if (this.over) return;
    if (output.kind === "yield" || output.kind === "end") return;
    const item = this.#itemOf(output);
    if (this.over) return;
    this.#received++;
    if (this.#settings.discard) {
      this.#consumed++;
      this.#pump();
      this.settle();
      return;
    }
    const position = this.#settings.ordered ? output.index : this.#received - 1;
    if (position === this.#consumed && this.deliver(item)) {
      this.#ring.skip();
      this.taken();
    } else {
      this.#ring.set(position, item);
    }
  }

  #itemOf(output: Exclude<Output, { kind: "end" }>): unknown {
    const { failures, discard } = this.#settings;
    let error: unknown;
    let remote = false;
    try {
      if (output.kind === "failure") {
        error = failureToError(output.failure);
      } else if (output.kind === "exception") {
        if (failures === "ignore") return undefined;
        error = this.#codec.decodeError(output.payload);
        remote = true;
      } else {
        return discard ? undefined : this.#codec.decodeValue(output.payload);
      }
    } catch (undecodable) {
      error = undecodable;
    }
    switch (failures) {
      case "ignore":
        return undefined;
      case "keep":
        return error;
      case "wrap":
        return new UserCodeException(`input ${output.index} failed: ${inWords(error)}`, { cause: error });
      case "reject":
        this.fail(new Raised(error, remote));
        return undefined;
    }
  }

  progress(progress: Progress): void {
    report(this.#settings.onProgress, progress);
  }

  failed(failure: Failure): void {
    this.fail(new Raised(failureToError(failure), false));
  }

  protected override take(): unknown {
    this.#consume();
    return this.#ring.take(NOTHING);
  }

  /** Consumed once the consumer has it, which is a promise later: until then no input takes its place. */
  protected override taken(): void {
    this.#handed = true;
    if (this.#looking) return;
    this.#looking = true;
    nextTurn(this.#look);
  }

  readonly #look = (): void => {
    this.#looking = false;
    this.#consume();
  };

  #consume(): void {
    if (!this.#handed) return;
    this.#handed = false;
    this.#consumed++;
    this.#pump();
  }

  protected override isComplete(): boolean {
    return this.#exhausted && this.#consumed === this.#sent;
  }

  protected override stop(): Promise<void> | undefined {
    this.#handle?.cancel();
    return this.#inputs.close();
  }
}

/** The error says which input cannot cross. */
export function encodeInput(
  codec: PayloadCodec,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>> | undefined,
  index: number,
): Uint8Array {
  try {
    return codec.encodeArguments(args, kwargs);
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    throw new SerializationError(`input ${index}: ${error.message}`, { hint: error.hint, cause: error.cause });
  }
}

function inWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
