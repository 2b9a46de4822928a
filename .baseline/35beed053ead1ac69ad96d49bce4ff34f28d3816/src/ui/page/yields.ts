/** What a generator yields: a line for each value, and the newest in sight as long as nobody looks at an earlier one. */
import type { ShownValue } from "../api.ts";
import { code, quotedText } from "./code.ts";
import { h } from "./dom.ts";
import { type Source, valueBlock } from "./values.ts";

/** The newest are kept; the rest is counted. */
const MOST_ROWS = 500;
const NEAR_END_PX = 30;
/** Characters of a value on its line. */
const LINE = 300;
/** Longer ones may not fit on a narrow screen: these open. */
const SHORT = 40;

export class Yields {
  readonly element: HTMLElement;
  readonly #list = h("ol", { class: "yields", tabindex: 0, "aria-label": "Yielded values" });
  readonly #gone = h("p", { class: "dim" });
  #count = 0;
  #scheduled = false;
  #pending: Element[] = [];

  constructor() {
    this.#list.hidden = this.#gone.hidden = true;
    this.element = h("div", {}, this.#gone, this.#list);
  }

  get count(): number {
    return this.#count;
  }

  add(value: ShownValue, source?: Source): void {
    this.#pending.push(row(this.#count, value, source));
    this.#count++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // All that comes at once is laid out once. A page in the background draws nothing, but has to keep up.
    setTimeout(() => this.flush(), 16);
  }

  /** Shows at once what has come. */
  flush(): void {
    this.#scheduled = false;
    if (this.#pending.length === 0) return;
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
    list.append(...this.#pending);
    this.#pending = [];
    while (list.childElementCount > MOST_ROWS) list.firstElementChild?.remove();
    list.hidden = false;
    const gone = this.#count - list.childElementCount;
    this.#gone.hidden = gone === 0;
    this.#gone.textContent = `The newest ${MOST_ROWS} are shown.`;
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}

function row(index: number, value: ShownValue, source: Source | undefined): Element {
  const text = value.kind === "string" ? quotedText(value.text) : value.text.replaceAll(/\s*\n\s*/g, " ");
  const line = code(text.length > LINE ? `${text.slice(0, LINE)}…` : text);
  const number = h("span", { class: "index" }, String(index));
  const fits = !value.cut && text.length <= SHORT && !value.text.includes("\n") && value.bytes === undefined;
  if (fits) return h("li", {}, number, line);
  const details = h("details", {}, h("summary", {}, line));
  details.addEventListener("toggle", () => details.append(valueBlock(value, source)), { once: true });
  return h("li", {}, number, details);
}
