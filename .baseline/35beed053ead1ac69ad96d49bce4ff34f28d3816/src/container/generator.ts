/** Generators: sends as many yields as the caller has granted, and runs `finally` blocks when one is stopped early for any reason. */
import type { Endings } from "./endings.ts";
import type { Input } from "./input.ts";
import type { Outbox } from "./outbox.ts";
import type { Slices } from "./slices.ts";

interface GeneratorSurroundings {
  endings: Endings;
  slices: Slices;
  outbox: Outbox;
}

type Send = (item: unknown) => void;
type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Runs a generator to its end. Never rejects.
 * @param made the function's return value
 * @param send throws when an item cannot be sent
 */
export async function iterate(input: Input, made: unknown, around: GeneratorSurroundings, send: Send): Promise<void> {
  const { endings, outbox } = around;
  try {
    const iterator = iteratorOf(made, input.functionName);
    if (!(await sendAll(input, iterator, around, send))) await input.within(() => iterator.return?.());
    endings.generator(input);
  } catch (error) {
    // There is no caller any more who could get an error from a stopped generator's clean-up.
    if (input.cancelled || input.state === "ended")
      outbox.log("stderr", `thrown while the generator was stopped: ${stackOf(error)}\n`, input);
    endings.error(input, error);
  }
}

/** False when it was stopped before the generator was done. */
async function sendAll(
  input: Input,
  iterator: AnyIterator,
  { endings, slices }: GeneratorSurroundings,
  send: Send,
): Promise<boolean> {
  while (input.state === "running" && !input.cancelled) {
    if (input.credits === 0) {
      await input.woken();
      continue;
    }
    const step = input.within(() => iterator.next());
    const { done, value } = isThenable(step) ? await step : step;
    if (done) return true;
    const item: unknown = isThenable(value) ? await value : value;
    if (input.cancelled || input.state !== "running") return false;
    input.spendCredit();
    try {
      send(item);
    } catch (error) {
      endings.failure(input, error);
    }
    if (slices.isOver()) await slices.next();
  }
  return false;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

function iteratorOf(made: unknown, name: string): AnyIterator {
  const iterable = made as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (!iterator) throw new TypeError(`${name} was deployed as a generator and returned something that is not iterable`);
  return iterator;
}
