/** Calling a function from its page: the form, the call while it runs, and what comes of it. */
import type { Abilities, ArgumentFault, Arguments, CallEvent, Checked, FunctionView, ShownValue } from "../api.ts";
import { call, get, post } from "./api.ts";
import { count, duration, h, show } from "./dom.ts";
import { callPath } from "./links.ts";
import { logPane } from "./logs.ts";
import { Overloads } from "./overloads.ts";
import { go } from "./place.ts";
import { errorBlock, valueBlock } from "./values.ts";

const CHECK_AFTER_MS = 300;
/** Of a generator; the rest is counted. */
const MOST_ITEMS = 500;

/** @param onInstance is called with the instance that the form describes, if any */
export function callPanel(
  fn: FunctionView,
  left: AbortSignal,
  { monitor }: Abilities,
  onCalled: () => Promise<void>,
  onInstance: (instance: string | undefined) => void,
): Element {
  const { app, environment, name, version } = fn;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let checks = 0;
  const check = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void checkNow(), CHECK_AFTER_MS);
  };
  const checkNow = async (): Promise<void> => {
    const args = read();
    if (!args) return;
    const mine = ++checks;
    const { faults, instance } = await post("check", {}, args, left).catch((): Checked => ({ faults: [] }));
    // An answer about what has changed since says nothing.
    if (mine !== checks) return;
    tell(faults);
    onInstance(instance);
  };
  const construct = fn.class && new Overloads(fn.class.forms, "Its constructor takes no arguments.", check);
  const form = new Overloads(fn.forms, construct ? "The method takes no arguments." : "It takes no arguments.", check);
  const read = (): Arguments | undefined => {
    const made = construct?.read();
    const args = form.read();
    if (!args || (construct && !made)) return undefined;
    return { app, environment, name, version, args, ...(made && { construct: made }) };
  };
  const tell = (faults: readonly ArgumentFault[], focus = false): void => {
    const wrong = faults.filter((fault) => fault.construct);
    construct?.tell(wrong, focus);
    form.tell(
      faults.filter((fault) => !fault.construct),
      focus && wrong.length === 0,
    );
  };
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "primary" }, "Call");
  const spawn = h(
    "button",
    { type: "button", title: "Keeps the call on disk and shows its page; leaving this page does not cancel it" },
    "Spawn",
  );
  let running: AbortController | undefined;

  const start = async (durable: boolean): Promise<void> => {
    construct?.sent();
    form.sent();
    const args = read();
    if (!args || running) return;
    clearTimeout(timer);
    checks++;
    tell([]);
    running = new AbortController();
    const signal = AbortSignal.any([running.signal, left]);
    submit.disabled = spawn.disabled = true;
    const run = new Run(signal, monitor, () => running?.abort());
    show(outcome, run.element);
    try {
      for await (const event of call(args, durable, signal)) {
        if (event.event === "opened") onInstance(event.instance);
        if (event.event === "opened" && durable) return go(callPath(event.id));
        if (event.event === "refused") {
          tell(event.faults, true);
          return show(outcome);
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
    fn.class && construct && part(`new ${fn.class.name}`, construct),
    fn.class ? part(name.slice(fn.class.name.length + 1), form) : form.element,
    h("div", { class: "actions" }, submit, monitor && fn.mode === "unary" && spawn),
    outcome,
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    void start(false);
  });
  return element;
}

/** The instance and the call have forms of their own. */
function part(title: string, { element }: Overloads): Element {
  return h("fieldset", {}, h("legend", {}, h("code", {}, title)), element);
}

/** One call, from the click to its end. */
class Run {
  readonly element: HTMLElement;
  readonly #left: AbortSignal;
  readonly #hasRecord: boolean;
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

  /** @param hasRecord the engine keeps a record of the call, to look at */
  constructor(signal: AbortSignal, hasRecord: boolean, cancel: () => void) {
    this.#left = signal;
    this.#hasRecord = hasRecord;
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

  #whole(part: number): (() => Promise<ShownValue>) | undefined {
    if (!this.#hasRecord) return undefined;
    return () => get("value", { id: this.#id, index: 0, part });
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
