/** One call that the page makes, from the click to its end. */

import { count, duration } from "../../text/units.ts";
import type { Again, CallEvent } from "../api.ts";
import { call } from "./api.ts";
import { h, show } from "./dom.ts";
import { callPath } from "./links.ts";
import { logPane } from "./logs.ts";
import { errorBlock, remembered, type Source, valueBlock } from "./values.ts";
import { Yields } from "./yields.ts";

/** Calls again with the arguments of an earlier call. Resolves when it has ended, or `signal` aborts, which cancels it. */
export async function runAgain(again: Again, place: Element, left: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, left]);
  const run = new Run(signal, true, () => stop.abort());
  show(place, run.element);
  try {
    for await (const event of call(again, false, signal)) run.add(event);
    run.end();
  } catch (error) {
    if (!left.aborted) run.end(signal.aborted ? undefined : (error as Error));
  }
}

export class Run {
  readonly element: HTMLElement;
  readonly #left: AbortSignal;
  readonly #hasRecord: boolean;
  readonly #state = h("span", {}, "Calling…");
  readonly #link = h("span", {});
  readonly #progress = h("progress", { max: 1 });
  readonly #said = h("span", { class: "dim" });
  readonly #yields = new Yields();
  readonly #result = h("div", {});
  readonly #logs = h("details", {}, h("summary", {}, "Logs"));
  readonly #cancel: HTMLButtonElement;
  readonly #started = performance.now();
  #id = "";
  #over = false;

  /** @param hasRecord the engine keeps a record of the call, to look at */
  constructor(signal: AbortSignal, hasRecord: boolean, cancel: () => void) {
    this.#left = signal;
    this.#hasRecord = hasRecord;
    this.#cancel = h("button", { type: "button", onclick: cancel }, "Cancel");
    this.#progress.hidden = this.#logs.hidden = true;
    this.element = h(
      "section",
      { class: "run" },
      h("div", { class: "facts" }, this.#state, this.#progress, this.#said, this.#link, this.#cancel),
      this.#yields.element,
      this.#result,
      this.#logs,
    );
  }

  add(event: CallEvent): void {
    switch (event.event) {
      case "opened": {
        const callId = event.id;
        this.#id = callId;
        if (!this.#hasRecord) return;
        show(this.#link, h("a", { href: callPath(callId) }, "Its page"));
        this.#logs.hidden = false;
        this.#logs.addEventListener("toggle", () => this.#logs.append(logPane(callId, this.#left)), { once: true });
        return;
      }
      case "progress":
        this.#progress.hidden = false;
        this.#progress.value = event.fraction;
        this.#said.textContent = event.message ?? `${Math.floor(event.fraction * 100)} %`;
        return;
      case "yield":
        this.#yields.add(event.value, this.#source(this.#yields.count));
        this.#state.textContent = `${count(this.#yields.count, "value")} so far`;
        return;
      case "result":
        this.#finish("Done", "good");
        show(
          this.#result,
          event.value.kind === "undefined"
            ? h("p", { class: "dim" }, "It returned nothing.")
            : valueBlock(event.value, this.#source(0)),
        );
        return;
      case "end":
        this.#finish(count(this.#yields.count, "value"), "good");
        if (this.#yields.count === 0) show(this.#result, h("p", { class: "dim" }, "It yielded nothing."));
        return;
      case "refused":
        this.#finish("Refused", "bad");
        show(
          this.#result,
          event.faults.map(({ code, message, hint }) => errorBlock({ name: "refused", code, message, hint, text: "" })),
        );
        return;
      case "failed":
        this.#finish("Failed", "bad");
        show(this.#result, errorBlock(event.error));
    }
  }

  #source(part: number): Source | undefined {
    return this.#hasRecord ? remembered(this.#id, 0, part) : undefined;
  }

  /** Nothing more comes: it was cancelled, or cannot be heard any more. */
  end(error?: Error): void {
    if (this.#over) return;
    this.#finish(error ? "Failed" : "Cancelled", error ? "bad" : "warn");
    if (error) show(this.#result, errorBlock({ name: "error", message: error.message, text: "" }));
  }

  #finish(text: string, kind: string): void {
    this.#over = true;
    this.#yields.flush();
    this.#state.className = kind;
    this.#state.textContent = `${text} in ${duration(performance.now() - this.#started)}`;
    this.#progress.hidden = true;
    this.#said.textContent = "";
    this.#cancel.hidden = true;
  }
}
