/**
 * remoteGen: what a generator yields comes by a stream, and that it has ended by an output, in either order. A failure is given
 * after what the stream still brings. Modal's generators run ahead of their reader: credit holds up our reading alone.
 */
import { InternalFailure } from "../../../runtime/errors.ts";
import { Outcome, pause } from "../values.ts";
import type { Callee } from "./callee.ts";
import { inputsOf } from "./inputs.ts";
import { OpenedCall } from "./opened-call.ts";
import { dataOf, type Ended, type Item, outputOf } from "./outputs.ts";
import type { Chunk, Plane } from "./plane.ts";
import { planeOf } from "./planes.ts";

/** After a failure, the stream may bring what is left for so long. */
const LAST_YIELDS_MS = 1_000;
/** A stream that breaks is opened again so often, as long as it brings nothing. */
const MAX_REOPENED = 20;
const REOPEN_PAUSE_MS = 1_000;

interface GeneratorEnd {
  output: Ended;
  /** How many it has yielded in all; undefined where it failed. */
  count: number | undefined;
}

export class GeneratorCall extends OpenedCall {
  #granted = 0;
  #delivered = 0;

  override credit(count: number): void {
    this.#granted += count;
    this.wake();
  }

  protected override async run(callee: Callee): Promise<void> {
    const puts = await this.take(1);
    if (!puts) return;
    const { session } = this.context;
    const [first] = await inputsOf(session, callee, puts, { kept: false, signal: this.signal });
    const plane = planeOf(callee, this.planeOptions(callee, "remoteGen"));
    if (this.over) return;
    const { id } = await plane.open(first);
    this.named(id);
    const ending = this.#end(plane);
    // Handled below, or not at all when the call is over.
    ending.catch(() => {});
    const { output } = await this.#deliverUntil(ending, plane);
    if (this.over) return;
    this.sink.output(output);
    if (id) this.inBackground(plane.clear());
  }

  async #end(plane: Plane): Promise<GeneratorEnd> {
    for (;;) {
      const items = await plane.outputs([0], true);
      this.signal.throwIfAborted();
      const item = items.find(({ idx }) => idx === 0);
      if (!item) continue;
      const output = await outputOf(this.context.session, this.id, item, this.signal);
      return { output, count: item.result?.status === Outcome.success ? countOf(item) : undefined };
    }
  }

  async #deliverUntil(ending: Promise<GeneratorEnd>, plane: Plane): Promise<GeneratorEnd> {
    const chunks = this.#chunks(plane);
    let end: GeneratorEnd | undefined;
    let next = chunks.next();
    for (;;) {
      if (end?.count !== undefined && this.#delivered >= end.count) break;
      const first: IteratorResult<Chunk, void> | typeof LATE | typeof ENDED = await Promise.race([
        next,
        end ? lateness(end, this.signal) : ending.then((): typeof ENDED => ENDED),
      ]);
      this.signal.throwIfAborted();
      if (first === LATE) break;
      if (first === ENDED) {
        end = await ending;
        continue;
      }
      if (first.done) break;
      await this.#deliver(first.value);
      next = chunks.next();
    }
    // What is still asked for is not waited for: the call's signal ends it.
    next.catch(() => {});
    end ??= await ending;
    if (end.count !== undefined && this.#delivered < end.count) {
      throw new InternalFailure(
        `Modal has lost ${end.count - this.#delivered} of the ${end.count} items of a generator`,
      );
    }
    return end;
  }

  async #deliver(chunk: Chunk): Promise<void> {
    const payload = await dataOf(this.context.session, chunk, this.signal);
    while (this.#granted === 0 && !this.over) await this.change();
    this.signal.throwIfAborted();
    this.#granted--;
    this.#delivered++;
    this.sink.output({ kind: "yield", index: 0, payload });
  }

  /** In order, each once, across broken connections. Ends with a stream that ends and has all, or with the call. */
  async *#chunks(plane: Plane): AsyncGenerator<Chunk, void> {
    let last = 0;
    for (let reopened = 0; reopened < MAX_REOPENED; reopened++) {
      let broken = false;
      try {
        for await (const chunk of plane.stream(last)) {
          if (Number(chunk.index) <= last) continue;
          last = Number(chunk.index);
          reopened = 0;
          yield chunk;
        }
      } catch (error) {
        if (this.over) throw error;
        broken = true;
      }
      if (!broken) return;
      await pause(REOPEN_PAUSE_MS, this.signal);
    }
  }
}

const ENDED = "ended";
const LATE = "late";

/** Of a generator that failed, nobody knows how much it has yielded. */
function lateness({ count }: GeneratorEnd, signal: AbortSignal): Promise<typeof LATE> {
  if (count === undefined) return pause(LAST_YIELDS_MS, signal).then((): typeof LATE => LATE);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(LATE), { once: true }));
}

/** The message GeneratorDone: the number of items is field 1. */
function countOf({ result }: Item): number {
  const [tag, ...digits] = result?.data ?? [];
  if (tag !== 8) return 0;
  let count = 0;
  for (const [place, digit] of digits.entries()) {
    count += (digit & 127) * 128 ** place;
    if (digit < 128) break;
  }
  return count;
}
