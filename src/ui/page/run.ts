/** Calling a function from its page: the form, the call while it runs, and what comes of it. */
import type { Arguments, CallEvent, Checked, FunctionView, ShownValue, Tagged } from "../api.ts";
import { call, get, post } from "./api.ts";
import { count, duration, h, id, show } from "./dom.ts";
import { ArgumentForm } from "./form.ts";
import { callPath } from "./links.ts";
import { logPane } from "./logs.ts";
import { go } from "./place.ts";
import { errorBlock, valueBlock } from "./values.ts";

const CHECK_AFTER_MS = 300;
/** Of a generator; the rest is counted. */
const MOST_ITEMS = 500;

export function callPanel(fn: FunctionView, left: AbortSignal, onCalled: () => Promise<void>): Element {
  const { app, environment, name, version } = fn;
  const given = (args: Tagged[]): Arguments => ({ app, environment, name, version, args });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let checks = 0;
  const check = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void checkNow(), CHECK_AFTER_MS);
  };
  const checkNow = async (): Promise<void> => {
    const args = form.read();
    if (!args) return;
    const mine = ++checks;
    const { problem } = await post<Checked>("check", {}, given(args), left).catch((): Checked => ({}));
    // An answer about what has changed since says nothing.
    if (mine === checks) form.tell(problem);
  };
  const forms = fn.forms.map((each) => new ArgumentForm(each, check));
  let form = forms[0]!;
  const place = h("div", {}, form.element);
  const overload = h(
    "select",
    { id: id("overload") },
    fn.forms.map(({ label }, index) => h("option", { value: index }, label)),
  );
  overload.addEventListener("change", () => {
    form = forms[Number(overload.value)]!;
    show(place, form.element);
  });
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "primary" }, "Call");
  const spawn = h(
    "button",
    { type: "button", title: "Keeps the call on disk and shows its page; leaving this page does not cancel it" },
    "Spawn",
  );
  let running: AbortController | undefined;

  const start = async (durable: boolean): Promise<void> => {
    form.sent();
    const args = form.read();
    if (!args || running) return;
    clearTimeout(timer);
    checks++;
    form.tell(undefined);
    running = new AbortController();
    const signal = AbortSignal.any([running.signal, left]);
    submit.disabled = spawn.disabled = true;
    const run = new Run(signal, () => running?.abort());
    show(outcome, run.element);
    try {
      for await (const event of call(given(args), durable, signal)) {
        if (event.event === "opened" && durable) return go(callPath(event.id));
        if (event.event === "failed" && event.path !== undefined) {
          form.tell({ ...event.error, code: event.error.code ?? "", path: event.path }, true);
          show(outcome);
          return;
        }
        run.add(event);
      }
      run.end();
    } catch (error) {
      if (left.aborted) return;
      run.end(signal.aborted ? undefined : (error as Error));
    } finally {
      running = undefined;
      submit.disabled = spawn.disabled = false;
      void onCalled().catch(() => {});
    }
  };
  spawn.addEventListener("click", () => void start(true));
  const element = h(
    "form",
    { novalidate: true },
    forms.length > 1 && h("p", {}, h("label", { for: overload.id }, "Signature"), overload),
    place,
    h("div", { class: "actions" }, submit, fn.mode === "unary" && spawn),
    outcome,
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    void start(false);
  });
  return element;
}

/** One call, from the click to its end. */
class Run {
  readonly element: HTMLElement;
  readonly #left: AbortSignal;
  readonly #state = h("span", {}, "Calling…");
  readonly #link = h("span", {});
  readonly #progress = h("progress", { max: 1 });
  readonly #said = h("span", { class: "dim" });
  readonly #items = h("ol", { class: "yields", start: 0 });
  readonly #result = h("div", {});
  readonly #logs = h("details", {}, h("summary", {}, "Logs"));
  readonly #cancel: HTMLButtonElement;
  readonly #started = performance.now();
  #id = "";
  #count = 0;
  #over = false;

  constructor(signal: AbortSignal, cancel: () => void) {
    this.#left = signal;
    this.#cancel = h("button", { type: "button", onclick: cancel }, "Cancel");
    this.#progress.hidden = this.#items.hidden = this.#logs.hidden = true;
    this.element = h(
      "section",
      { class: "run" },
      h("div", { class: "facts" }, this.#state, this.#progress, this.#said, this.#link, this.#cancel),
      this.#items,
      this.#result,
      this.#logs,
    );
  }

  add(event: CallEvent): void {
    switch (event.event) {
      case "opened": {
        const callId = event.id;
        this.#id = callId;
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
        this.#count++;
        this.#items.hidden = false;
        if (this.#count <= MOST_ITEMS)
          this.#items.append(h("li", {}, valueBlock(event.value, this.#whole(this.#count - 1))));
        this.#state.textContent = `${count(this.#count, "value")} so far`;
        return;
      case "result":
        this.#finish("Done", "good");
        show(
          this.#result,
          event.value.kind === "undefined"
            ? h("p", { class: "dim" }, "It returned nothing.")
            : valueBlock(event.value, this.#whole(0)),
        );
        return;
      case "end":
        this.#finish(count(this.#count, "value"), "good");
        if (this.#count === 0) show(this.#result, h("p", { class: "dim" }, "It yielded nothing."));
        if (this.#count > MOST_ITEMS)
          show(this.#result, h("p", { class: "dim" }, `The first ${MOST_ITEMS} are shown.`));
        return;
      case "failed":
        this.#finish("Failed", "bad");
        show(this.#result, errorBlock(event.error));
    }
  }

  #whole(part: number): () => Promise<ShownValue> {
    return () => get<ShownValue>("value", { id: this.#id, index: 0, part });
  }

  /** Nothing more comes: it was cancelled, or cannot be heard any more. */
  end(error?: Error): void {
    if (this.#over) return;
    this.#finish(error ? "Failed" : "Cancelled", error ? "bad" : "warn");
    if (error) show(this.#result, errorBlock({ name: "error", message: error.message, text: "" }));
  }

  #finish(text: string, kind: string): void {
    this.#over = true;
    this.#state.className = kind;
    this.#state.textContent = `${text} in ${duration(performance.now() - this.#started)}`;
    this.#progress.hidden = true;
    this.#said.textContent = "";
    this.#cancel.hidden = true;
  }
}
