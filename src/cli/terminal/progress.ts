/** Progress of work that takes longer than a second, on a terminal that a person watches; silent everywhere else. */

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

  constructor(output: Output, text: string) {
    this.#output = output;
    this.#text = text;
    if (!output.animated) return;
    this.#timer = setInterval(() => this.#draw(), 80);
    this.#timer.unref();
  }

  /** What is being done now. */
  update(text: string): void {
    this.#text = text;
  }

  /** Removes the spinner from the line it is on. Idempotent. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#shown) this.#output.redraw();
    this.#shown = false;
  }

  #draw(): void {
    const elapsed = performance.now() - this.#started;
    if (elapsed < PATIENCE_MS) return;
    this.#shown = true;
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const line = `${FRAMES[this.#frame]} ${this.#text} ${duration(elapsed)}`;
    this.#output.redraw(this.#output.styleNote("cyan", line));
  }
}
