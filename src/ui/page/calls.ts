/** Recent calls, by function and state. */
import type { CallInfo } from "../api.ts";
import { engineView, get } from "./api.ts";
import { ago, badge, count, duration, empty, h, show } from "./dom.ts";
import { callPath, callsPath, functionPath } from "./links.ts";
import { type Place, replaceAddress, type View } from "./place.ts";

const REFRESH_MS = 2_000;

const KINDS = { running: "busy", ended: "", failed: "bad", cancelled: "warn" };

export type CallState = keyof typeof KINDS;

export function stateOf(call: CallInfo): CallState {
  if (call.cancelled) return "cancelled";
  if (call.endedAt === undefined) return "running";
  return call.numFailed > 0 ? "failed" : "ended";
}

/** Of a call of many inputs with how many of them failed. */
export function stateBadges(call: CallInfo): (Element | string | false)[] {
  const { numFailed, numInputs } = call;
  const state = stateOf(call);
  const some =
    numFailed > 0 && numInputs > 1 && `${numFailed.toLocaleString("en")} of ${numInputs.toLocaleString("en")} failed`;
  if (state === "failed") return [badge(some || "failed", "bad")];
  if (call.startProblem !== undefined) return [badge("waiting: containers do not start", "warn")];
  return [badge(state, KINDS[state]), some && " ", some && badge(some, "bad")];
}

export async function callsView({ query, left }: Place): Promise<View> {
  const [environment, app, name] = ["environment", "app", "function"].map((key) => query.get(key) ?? undefined);
  let state = query.get("state") ?? "";
  const filter = { environment, app, function: name };
  const list = h("div", {});
  let calls: CallInfo[] = [];
  const draw = (): void => {
    const wanted = calls.filter((call) => state === "" || stateOf(call) === state);
    show(
      list,
      wanted.length > 0
        ? callTable(
            wanted,
            wanted.some((call) => call.function !== name),
          )
        : nothing(state, app, name),
    );
  };
  const load = async (again?: Again): Promise<void> => {
    calls = await get("calls", { ...filter, limit: 200, ...again }, left);
    draw();
  };
  const tabs = h(
    "div",
    { class: "tabs", role: "group", "aria-label": "State" },
    ["", ...Object.keys(KINDS)].map((each) => {
      const button = h(
        "button",
        { type: "button", "aria-pressed": String(each === state) },
        each === "" ? "all" : each,
      );
      button.addEventListener("click", () => {
        state = each;
        for (const other of tabs.children) other.setAttribute("aria-pressed", String(other === button));
        const kept = Object.entries({ ...filter, ...(state !== "" && { state }) });
        replaceAddress(
          callsPath(Object.fromEntries(kept.filter((pair): pair is [string, string] => pair[1] !== undefined))),
        );
        draw();
      });
      return button;
    }),
  );
  await load();
  return {
    title: "Calls",
    onLive: whileLive(left, load),
    element: h(
      "div",
      {},
      h("h1", {}, "Calls"),
      app !== undefined &&
        h(
          "p",
          { class: "dim" },
          "Of ",
          h("code", {}, name === undefined ? app : `${app}/${name}`),
          " · ",
          h("a", { href: "/calls" }, "all calls"),
        ),
      tabs,
      list,
    ),
  };
}

/** A part of a query: nobody asked for it, so a host that has stopped is not started. */
export type Again = { again: 1 };

/** Loads again every few seconds, as long as the engine is looked at anyway. */
export function whileLive(left: AbortSignal, load: (again: Again) => Promise<void>): NonNullable<View["onLive"]> {
  let live = false;
  let loading = false;
  let lastAt = performance.now();
  let pollMs = 0;
  // Until it is known the engine has just been asked.
  void engineView().then((engine) => {
    pollMs = engine.pollMs;
  });
  const timer = setInterval(() => {
    if (!live || loading || document.hidden || performance.now() - lastAt < pollMs) return;
    lastAt = performance.now();
    loading = true;
    load({ again: 1 })
      // The state in the corner tells.
      .catch(() => {})
      .finally(() => {
        loading = false;
      });
  }, REFRESH_MS);
  left.addEventListener("abort", () => clearInterval(timer));
  return (event) => {
    if (event.event === "state") live = event.state === "live";
  };
}

function nothing(state: string, app: string | undefined, name: string | undefined): Element {
  if (state !== "") return empty(`No call is ${state}.`);
  const target = name === undefined ? `${app ?? "APP"}/FUNCTION` : `${app}/${name}`;
  return empty("No calls yet. Make one from a function's page, or from a shell:", `npx farcall call ${target}`);
}

/** @param named whether to say which function */
export function callTable(calls: readonly CallInfo[], named: boolean): Element {
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "calls" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Call", "State", ...(named ? ["Function"] : []), "Method", "Inputs", "Started", "Took"].map((title) =>
            h("th", { scope: "col" }, title),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        calls.map((call) => row(call, named)),
      ),
    ),
  );
}

function row(call: CallInfo, named: boolean): Element {
  const { id, environment, app, numEnded, numInputs, createdAt, endedAt } = call;
  return h(
    "tr",
    {},
    h("td", {}, h("a", { href: callPath(id), title: id }, `${id.slice(0, 11)}…`)),
    h("td", {}, stateBadges(call)),
    named &&
      h(
        "td",
        { class: "name" },
        h("a", { href: functionPath(environment, app, call.function) }, `${app}/${call.function}`),
      ),
    h("td", {}, call.method ?? ""),
    h("td", { class: "number" }, numInputs === numEnded ? count(numInputs, "input") : `${numEnded} of ${numInputs}`),
    h("td", {}, ago(createdAt)),
    h("td", { class: "number" }, endedAt === undefined ? "" : duration(Date.parse(endedAt) - Date.parse(createdAt))),
  );
}
