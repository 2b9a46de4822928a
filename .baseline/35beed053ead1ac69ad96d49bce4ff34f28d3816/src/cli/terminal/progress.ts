/** Shows progress of work that takes longer than a second, or is known to, on a terminal; silent everywhere else. */

import { duration } from "../../text/index.ts";
import type { Output } from "./output.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const PATIENCE_MS = 1000;

export class Progress implements Disposable {
  readonly #output: Output;
  readonly #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #shown = false;
  #text: string;
  readonly #patience: number;

  /** @param options.atOnce shows the spinner at once, for work that is known to take long */
  constructor(output: Output, text: string, { atOnce = false }: { atOnce?: boolean } = {}) {
    this.#output = output;
    this.#text = text;
    this.#patience = atOnce ? 0 : PATIENCE_MS;
    if (!output.animated) return;
    if (atOnce) this.#draw();
    this.#timer = setInterval(() => this.#draw(), 80);
    this.#timer.unref();
  }

  /** Sets the text for the current step. */
  update(text: string): void {
    this.#text = text;
  }

  /** Removes the spinner. Idempotent. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#shown) this.#output.redraw();
    this.#shown = false;
  }

  #draw(): void {
    const elapsed = performance.now() - this.#started;
    if (elapsed < this.#patience) return;
    this.#shown = true;
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const line = `${FRAMES[this.#frame]} ${this.#text} ${duration(elapsed)}`;
    this.#output.redraw(this.#output.styleNote("cyan", line));
  }
}
