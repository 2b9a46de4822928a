/**
 * remoteGen: yields of one remote generator. The remote side sends as many as it has been granted; the credit starts small and
 * doubles while the reader has to wait, so that a slow reader holds little and a quick one never waits for a round trip.
 */
import type { CallHandle, CallSink, Engine, Failure, Output, PayloadCodec, Progress } from "../../engine/index.ts";
import { failureToError } from "../errors.ts";
import type { CallOptionsInit } from "../markers.ts";
import { codecOf, farcallCodec, type TakenArguments } from "../payloads.ts";
import { Raised } from "../stacks.ts";
import type { Target } from "../target.ts";
import { ignore } from "./inputs.ts";
import { report } from "./progress.ts";
import { Ring } from "./ring.ts";
import { NOTHING, OutputStream } from "./stream.ts";

const FIRST_WINDOW = 4;
const MAX_WINDOW = 256;
/** Bytes that wait to be read: from here on the window no longer grows. */
const ENOUGH_BYTES = 1024 * 1024;

export class GeneratorCall extends OutputStream<unknown> implements CallSink {
  readonly #target: Target;
  readonly #taken: TakenArguments;
  readonly #init: CallOptionsInit;
  readonly #ring = new Ring<unknown>();
  #codec: PayloadCodec = farcallCodec;
  #handle: CallHandle | undefined;
  #granted = 0;
  #received = 0;
  #consumed = 0;
  #window = FIRST_WINDOW;
  /** Size of the newest yield: what the window may grow by. */
  #lastBytes = 0;
  #ended = false;
  /** What the generator threw: it comes after what it yielded. */
  #thrown: Raised | undefined;

  constructor(target: Target, taken: TakenArguments, init: CallOptionsInit | undefined) {
    super(`${target.ref.name}.remoteGen(…)`, init ?? {});
    this.#target = target;
    this.#taken = taken;
    this.#init = init ?? {};
  }

  protected override start(): void {
    const engine = this.#target.engine();
    if (!this.#target.isReadyFor("generator") || engine instanceof Promise) void this.#startLater();
    else {
      try {
        this.#target.checkFeatures(engine, this.#init);
        this.#open(engine);
      } catch (error) {
        this.fail(new Raised(error, false));
      }
    }
  }

  async #startLater(): Promise<void> {
    try {
      const engine = await this.#target.engine();
      this.#target.checkFeatures(engine, this.#init);
      await this.#target.expectMode("remoteGen", "generator");
      if (!this.over) this.#open(engine);
    } catch (error) {
      this.fail(new Raised(error, false));
    }
  }

  #open(engine: Engine): void {
    this.#codec = codecOf(engine, this.#target.findError);
    const payload = this.#taken.for(engine);
    const handle = engine.invoker.open(this.#target.request(engine, "remoteGen", false, this.#init), this);
    this.#handle = handle;
    handle.put(0, payload);
    this.#credit();
    // A failure of the call reaches its sink.
    handle.end().catch(ignore);
  }

  #credit(): void {
    const room = this.#consumed + this.#window - this.#granted;
    // In halves: one credit for many yields.
    if (room < this.#window / 2 || this.#ended) return;
    this.#granted += room;
    this.#handle?.credit(room);
  }

  output(output: Output): void {
    if (this.over || this.#ended) return;
    if (output.kind === "yield") {
      try {
        this.#yielded(this.#codec.decodeValue(output.payload), output.payload.length);
      } catch (error) {
        this.fail(error);
      }
      return;
    }
    this.#ended = true;
    if (output.kind === "exception") this.#thrown = new Raised(this.#codec.decodeError(output.payload), true);
    if (output.kind === "failure") this.#thrown = new Raised(failureToError(output.failure), false);
    this.#finish();
  }

  #yielded(item: unknown, bytes: number): void {
    this.#lastBytes = bytes;
    if (this.deliver(item)) {
      this.#received++;
      this.#ring.skip();
      this.taken();
      return;
    }
    this.#ring.set(this.#received++, item);
  }

  #finish(): void {
    if (!this.#ended || this.#consumed < this.#received) return;
    if (this.#thrown) this.fail(this.#thrown);
    else this.settle();
  }

  progress(progress: Progress): void {
    report(this.#init.onProgress, progress);
  }

  failed(failure: Failure): void {
    this.fail(new Raised(failureToError(failure), false));
  }

  protected override take(): unknown {
    const item = this.#ring.take(NOTHING);
    if (item === NOTHING && this.#window < MAX_WINDOW && this.#window * this.#lastBytes < ENOUGH_BYTES) {
      // The reader is quicker than the answer to a credit.
      this.#window *= 2;
    }
    return item;
  }

  protected override taken(): void {
    this.#consumed++;
    this.#credit();
    this.#finish();
  }

  protected override isComplete(): boolean {
    return this.#ended && !this.#thrown && this.#consumed === this.#received;
  }

  protected override stop(): undefined {
    this.#handle?.cancel();
  }
}
