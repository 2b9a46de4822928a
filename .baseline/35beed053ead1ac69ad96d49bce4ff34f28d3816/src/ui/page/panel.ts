/** Calling a function from its page: the form, and the calls that are made with it. */
import type { Abilities, ArgumentFault, Arguments, Checked, FunctionView } from "../api.ts";
import { call, post } from "./api.ts";
import { h, show } from "./dom.ts";
import { callPath } from "./links.ts";
import { Overloads } from "./overloads.ts";
import { go } from "./place.ts";
import { Run } from "./run.ts";

const CHECK_AFTER_MS = 300;

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
