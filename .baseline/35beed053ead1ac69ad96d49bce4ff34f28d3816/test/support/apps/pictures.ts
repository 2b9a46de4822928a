/**
 * An app for what the page of farcall ui shows of calls: pictures, failures that are tried again, many values, schedules and
 * documentation with all its tags.
 */
import { App, cron } from "farcall";

/** Pictures and orders. */
export const app = new App("pictures");

/** How a picture is drawn. */
export interface DrawOptions {
  /**
   * Name of a colour.
   * @default "blue"
   */
  colour?: string;
}

/** One pixel. */
const PNG = new Uint8Array(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
    "base64",
  ),
);

/**
 * Draws a picture. The steps are:
 * - think
 * - draw
 *
 * @param width In pixels.
 * @returns the bytes of a **PNG** file, as {@link order} has them
 * @throws RangeError when there is nothing to draw
 * @example
 * await draw.remote("cat", 320);
 * @see https://example.com/pictures
 */
export const draw = app.function(function draw(
  what: string,
  width = 320,
  style: "plain" | "fine" = "fine",
  at = Date.now(),
  options: DrawOptions = { colour: "red" },
): { picture: Uint8Array; words: string } {
  if (width < 0) throw new RangeError(`a width of ${width} leaves nothing`);
  return { picture: PNG, words: `${what}, ${style}, ${width}, ${options.colour}, ${at > 0}` };
});

/** The picture alone. */
export const pixel = app.function(function pixel(): Uint8Array {
  return PNG;
});

/**
 * Takes an order.
 * @deprecated use `draw`
 */
export const order = app.function(
  function order(number: number): string {
    if (number % 10 === 3) throw new Error(`order ${number} has no address`);
    return `order ${number}`;
  },
  { retries: { maxRetries: 1, initialDelayMs: 1 } },
);

/** Counts with words. */
export const count = app.function(function* count(limit: number): Generator<{ n: number; words: string[] }> {
  for (let n = 1; n <= limit; n++) yield { n, words: ["a".repeat(40), "b".repeat(40), "c".repeat(40)] };
});

/** Runs in winter. */
export const winter = app.function(function winter(): void {}, { schedule: cron("0 3 1 1 *") });
