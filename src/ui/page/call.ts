/** One call: what it was given, what came of it, what it printed. */
import type { CallView, InputView } from "../api.ts";
import { engineView, get, post } from "./api.ts";
import { type Again, stateBadges, stateOf } from "./calls.ts";
import { ago, type Child, count, duration, empty, h, show } from "./dom.ts";
import { appPath, functionPath } from "./links.ts";
import { logPane } from "./logs.ts";
import type { Place, View } from "./place.ts";
import { errorBlock, valueBlock } from "./values.ts";

const REFRESH_MS = 1_000;

export async function callView({ parts: [id = ""], query, left }: Place): Promise<View> {
  const { pollMs } = await engineView();
  const start = Number(query.get("start") ?? 0) || 0;
  const head = h("div", { class: "facts" });
  const instance = h("div", {});
  const progress = h("div", {});
  const inputs = h("div", {});
  let last = "";
  let shown = "";
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
      view.inputs.map((input) => inputSection(id, input, view)),
      view.note !== undefined && empty(view.note),
      view.more && h("p", {}, h("a", { href: `?start=${(view.inputs.at(-1)?.index ?? 0) + 1}` }, "More inputs")),
    );
  };
  const refresh = async (again?: Again): Promise<void> => {
    const view = await get("one-call", { id, start, ...again }, left);
    draw(view);
    shown = stateOf(view.call);
    clearTimeout(timer);
    if (shown === "running" && !left.aborted)
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
        if (shown === "running") void refresh().catch(() => {});
      }),
    ),
  };
}

function facts({ call }: CallView, refresh: () => Promise<void>): Child[] {
  const state = stateOf(call);
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
    state === "running" && cancel,
  ];
}

function construction({ call, constructedWith }: CallView): Child {
  if (!constructedWith) return undefined;
  const [className] = call.function.split(".");
  return h(
    "section",
    { class: "input" },
    h("h3", {}, `${className} constructed with`),
    constructedWith.text === "" ? h("p", { class: "dim" }, "Nothing.") : valueBlock(constructedWith),
  );
}

function inputSection(id: string, input: InputView, { call }: CallView): Element {
  const whole = (part: string | number) => () => get("value", { id, index: input.index, part });
  const isOneOfMany = call.numInputs > 1;
  return h(
    "section",
    { class: isOneOfMany ? "input one-of-many" : "input" },
    isOneOfMany && h("h2", {}, h("span", { class: "unseen" }, "Input "), input.index.toLocaleString("en")),
    h(
      "div",
      {},
      h("h3", {}, "Arguments"),
      input.args === undefined
        ? h("p", { class: "dim" }, "Not kept: they were large, or one of many inputs that went well.")
        : input.args.text === ""
          ? h("p", { class: "dim" }, "None.")
          : valueBlock(input.args, whole("args")),
    ),
    h(
      "div",
      {},
      h("h3", {}, call.mode === "generator" || call.method === "remoteGen" ? "Yielded" : "Result"),
      input.outputs.length === 0 &&
        h(
          "p",
          { class: "dim" },
          call.cancelled ? "Cancelled before it ended." : (call.startProblem ?? "Not there yet."),
        ),
      input.outputs.map((output, part) => {
        if (output.kind === "failed") return errorBlock(output.error);
        if (output.kind === "forgotten") return h("p", { class: "dim" }, "Too large to be kept.");
        if (output.kind === "end") return h("p", { class: "dim" }, "The generator has ended.");
        return valueBlock(output.value, whole(part));
      }),
    ),
  );
}
