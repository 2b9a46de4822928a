/** One call: what it was given, what came of it, what it printed. */
import { count, duration } from "../../text/units.ts";
import type { CallView, InputView } from "../api.ts";
import { engineView, get, post } from "./api.ts";
import { isOpen, stateBadges } from "./calls.ts";
import { ago, type Child, empty, h, show } from "./dom.ts";
import { appPath, functionPath } from "./links.ts";
import { logPane } from "./logs.ts";
import type { Place, View } from "./place.ts";
import type { Again } from "./refresh.ts";
import { runAgain } from "./run.ts";
import { argumentList, errorBlock, remembered, valueBlock } from "./values.ts";
import { Yields } from "./yields.ts";

const REFRESH_MS = 1_000;

export async function callView({ parts: [id = ""], query, left }: Place): Promise<View> {
  const { pollMs } = await engineView();
  const start = Number(query.get("start") ?? 0) || 0;
  const failed = query.has("failed") ? 1 : undefined;
  const head = h("div", { class: "facts" });
  const instance = h("div", {});
  const progress = h("div", {});
  const inputs = h("div", {});
  let last = "";
  let isShownOpen = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = (view: CallView): void => {
    // What has not changed keeps its place, its selection and what was opened in it.
    const text = JSON.stringify(view);
    if (text === last) return;
    last = text;
    show(head, facts(view, refresh));
    show(instance, construction(view));
    show(
      progress,
      view.progress.map(({ index, fraction, message }) =>
        h(
          "label",
          { class: "progress" },
          h("span", {}, `${view.call.numInputs > 1 ? `input ${index}: ` : ""}${message ?? "progress"}`),
          h("progress", { value: fraction, max: 1 }),
          h("span", { class: "number" }, `${Math.floor(fraction * 100)} %`),
        ),
      ),
    );
    show(
      inputs,
      inputChoice(view, failed !== undefined),
      view.inputs.map((input) => inputSection(input, view, left)),
      view.note !== undefined && empty(view.note),
      view.more && h("p", {}, h("a", { href: more(view, failed !== undefined) }, "More inputs")),
    );
  };
  const refresh = async (again?: Again): Promise<void> => {
    const view = await get("one-call", { id, start, failed, ...again }, left);
    draw(view);
    isShownOpen = isOpen(view.call);
    clearTimeout(timer);
    if (isShownOpen && !left.aborted)
      timer = setTimeout(() => void refresh({ again: 1 }).catch(() => {}), Math.max(REFRESH_MS, pollMs));
  };
  left.addEventListener("abort", () => clearTimeout(timer));
  await refresh();
  const { call } = JSON.parse(last) as CallView;
  const { environment, app } = call;
  return {
    title: `Call of ${call.function}`,
    element: h(
      "div",
      {},
      h(
        "p",
        { class: "crumbs" },
        h("a", { href: appPath(environment, app) }, app),
        " / ",
        h("a", { href: functionPath(environment, app, call.function) }, call.function),
        " / ",
      ),
      h("h1", { class: "id" }, id),
      head,
      h("h2", { class: "unseen" }, "Inputs"),
      instance,
      progress,
      inputs,
      h("h2", {}, "Logs"),
      logPane(id, left, () => {
        // An answer now rather than at the next look.
        if (isShownOpen) void refresh().catch(() => {});
      }),
    ),
  };
}

function facts({ call }: CallView, refresh: () => Promise<void>): Child[] {
  const cancel = h("button", { type: "button" }, "Cancel");
  cancel.addEventListener("click", async () => {
    cancel.disabled = true;
    await post("cancel", { id: call.id });
    await refresh();
  });
  return [
    h("span", {}, stateBadges(call)),
    h("span", {}, [call.method, call.version !== undefined && `version ${call.version}`].filter(Boolean).join(", ")),
    h(
      "span",
      {},
      call.numEnded === call.numInputs
        ? count(call.numInputs, "input")
        : `${call.numEnded} of ${count(call.numInputs, "input")} ended`,
    ),
    h("span", { class: "dim" }, "started ", ago(call.createdAt)),
    call.endedAt !== undefined &&
      h("span", { class: "dim" }, `took ${duration(Date.parse(call.endedAt) - Date.parse(call.createdAt))}`),
    isOpen(call) && cancel,
  ];
}

function construction({ call, constructedWith }: CallView): Child {
  if (!constructedWith) return undefined;
  const [className] = call.function.split(".");
  return h(
    "section",
    { class: "input" },
    h("h3", {}, `${className} constructed with`),
    argumentList(constructedWith, () => undefined),
  );
}

/** Of many inputs the failed ones are those that one looks for. */
function inputChoice({ call: { numInputs, numFailed } }: CallView, failed: boolean): Child {
  if (numInputs < 2 || (numFailed === 0 && !failed)) return undefined;
  const choice = (href: string, here: boolean, words: string): Element =>
    h("a", { href, "aria-current": here ? "true" : undefined }, words);
  return h(
    "nav",
    { class: "tabs", "aria-label": "Inputs" },
    choice("?", !failed, `all ${count(numInputs, "input")}`),
    choice("?failed", failed, `failed only (${numFailed.toLocaleString("en")})`),
  );
}

function more({ inputs }: CallView, failed: boolean): string {
  return `?${failed ? "failed&" : ""}start=${(inputs.at(-1)?.index ?? 0) + 1}`;
}

function inputSection(input: InputView, { call, repeatable }: CallView, left: AbortSignal): Element {
  const { index, args, attempts = 1 } = input;
  const isOneOfMany = call.numInputs > 1;
  return h(
    "section",
    { class: isOneOfMany ? "input one-of-many" : "input" },
    isOneOfMany && h("h2", {}, h("span", { class: "unseen" }, "Input "), index.toLocaleString("en")),
    h(
      "div",
      {},
      h("h3", {}, "Arguments"),
      args === undefined
        ? h("p", { class: "dim" }, "Not kept: they were large, or one of many inputs that went well.")
        : argumentList(args, (at) => remembered(call.id, index, `args/${at}`)),
    ),
    h(
      "div",
      {},
      h(
        "h3",
        {},
        call.mode === "generator" || call.method === "remoteGen" ? "Yielded" : "Result",
        attempts > 1 && ` after ${attempts} attempts`,
      ),
      outcome(input, call.id, call.cancelled ? "Cancelled before it ended." : (call.startProblem ?? "Not there yet.")),
      repeatable && args !== undefined && again(call.id, index, left),
    ),
  );
}

/** @param nothing what to say when there is nothing yet */
function outcome({ index, outputs }: InputView, id: string, nothing: string): Child {
  if (outputs.length === 0) return h("p", { class: "dim" }, nothing);
  const yields = new Yields();
  const rest = outputs.map((output, part): Child => {
    if (output.kind === "failed") return errorBlock(output.error);
    if (output.kind === "forgotten") return h("p", { class: "dim" }, "Too large to be kept.");
    if (output.kind === "end") return h("p", { class: "dim" }, "The generator has ended.");
    if (output.kind === "result") return valueBlock(output.value, remembered(id, index, part));
    yields.add(output.value, remembered(id, index, part));
    return undefined;
  });
  yields.flush();
  return [yields.element, rest];
}

/** Calls with the same arguments, below. */
function again(id: string, index: number, left: AbortSignal): Child {
  const place = h("div", { "aria-live": "polite" });
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet",
      title: "Calls the newest version with the same arguments; leaving the page cancels it",
    },
    "Run again",
  );
  button.addEventListener("click", async () => {
    button.disabled = true;
    await runAgain({ again: { id, index } }, place, left);
    button.disabled = false;
  });
  return [h("p", {}, button), place];
}
