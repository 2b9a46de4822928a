/** Recent calls, by function and state. */
import { count, duration, scheduled } from "../../text/units.ts";
import type { AppSummary, CallInfo, ListedCall } from "../api.ts";
import { get } from "./api.ts";
import { ago, badge, empty, h, show } from "./dom.ts";
import { callPath, callsPath, functionPath } from "./links.ts";
import { type Place, replaceAddress, type View } from "./place.ts";
import { type Again, whileLive } from "./refresh.ts";

const KINDS = { scheduled: "", running: "busy", ended: "", failed: "bad", cancelled: "warn" };

type CallState = keyof typeof KINDS;

export function stateOf(call: CallInfo): CallState {
  if (call.cancelled) return "cancelled";
  if (call.endedAt === undefined) return scheduled(call.dueAt) ? "scheduled" : "running";
  return call.numFailed > 0 ? "failed" : "ended";
}

/** It neither ended nor was cancelled. */
export function isOpen(call: CallInfo): boolean {
  return call.endedAt === undefined && !call.cancelled;
}

/** Of a call of many inputs with how many of them failed. */
export function stateBadges(call: CallInfo): (Element | string | false)[] {
  const { numFailed, numInputs } = call;
  const state = stateOf(call);
  const some =
    numFailed > 0 && numInputs > 1 && `${numFailed.toLocaleString("en")} of ${numInputs.toLocaleString("en")} failed`;
  if (state === "failed") return [badge(some || "failed", "bad")];
  if (state === "scheduled") return [badge(scheduled(call.dueAt) ?? state)];
  if (call.startProblem !== undefined) return [badge("waiting, containers fail to start", "warn")];
  return [badge(state, KINDS[state]), some && " ", some && badge(some, "bad")];
}

export async function callsView({ query, left }: Place): Promise<View> {
  const filter: Filter = Object.fromEntries(KEYS.flatMap((key) => (query.has(key) ? [[key, query.get(key)!]] : [])));
  const list = h("div", {});
  let calls: ListedCall[] = [];
  const draw = (): void => {
    const { state, app, function: name } = filter;
    const wanted = calls.filter((call) => state === undefined || stateOf(call) === state);
    const named = wanted.some((call) => call.function !== name);
    show(list, wanted.length > 0 ? callTable(wanted, named) : nothing(state, app, name));
  };
  const load = async (again?: Again): Promise<void> => {
    const { state: _, ...asked } = filter;
    calls = await get("calls", { ...asked, limit: 200, ...again }, left);
    draw();
  };
  /** The address follows, so that it can be sent to somebody. */
  const choose = (chosen: Filter): void => {
    for (const key of KEYS) if (key in chosen) filter[key] = chosen[key];
    replaceAddress(callsPath(filter));
    draw();
  };
  const apps = await get("apps", {}, left);
  await load();
  const reload = (chosen: Filter): void => {
    choose(chosen);
    // The state in the corner tells why it cannot.
    void load().catch(() => {});
  };
  return {
    title: "Calls",
    onLive: whileLive(left, load),
    element: h(
      "div",
      {},
      h("h1", {}, "Calls"),
      h("div", { class: "facts filters" }, targetChoice(apps, filter, reload, left), stateTabs(filter.state, choose)),
      list,
    ),
  };
}

const KEYS = ["environment", "app", "function", "state"] as const;

type Filter = { [Key in (typeof KEYS)[number]]?: string | undefined };

/** An app, and a function or class of it. What the address names is there also when it is not deployed any more. */
function targetChoice(
  apps: readonly AppSummary[],
  filter: Filter,
  onChoice: (filter: Filter) => void,
  left: AbortSignal,
): Element[] {
  const severalPlaces = new Set(apps.map(({ environment }) => environment)).size > 1;
  const targets = apps.map(({ app, environment }) => ({ app, environment: environment as string | undefined }));
  const isChosen = (target: { app: string; environment: string | undefined }): boolean =>
    target.app === filter.app && (filter.environment === undefined || target.environment === filter.environment);
  if (filter.app !== undefined && !targets.some(isChosen))
    targets.push({ app: filter.app, environment: filter.environment });
  const app = h(
    "select",
    {},
    h("option", { value: "" }, "all apps"),
    targets.map((target, index) =>
      h(
        "option",
        { value: index, selected: isChosen(target) },
        severalPlaces ? `${target.app} (${target.environment})` : target.app,
      ),
    ),
  );
  const name = h("select", {});
  const offer = (names: readonly string[]): void => {
    const all = filter.function === undefined || names.includes(filter.function) ? names : [filter.function, ...names];
    name.disabled = filter.app === undefined;
    show(
      name,
      h("option", { value: "" }, "all functions"),
      all.map((each) => h("option", { value: each, selected: each === filter.function }, each)),
    );
  };
  const load = async (): Promise<void> => {
    offer([]);
    const { app: of, environment = "main" } = filter;
    if (of === undefined) return;
    // An app that was removed has calls all the same.
    const view = await get("app", { app: of, environment }, left).catch(() => undefined);
    const methods = view?.classes.flatMap((each) => [each.name, ...each.methods.map((method) => method.name)]) ?? [];
    if (filter.app === of) offer([...(view?.functions.map((fn) => fn.name) ?? []), ...methods]);
  };
  app.addEventListener("change", () => {
    const target = app.value === "" ? undefined : targets[Number(app.value)];
    onChoice({ app: target?.app, environment: target?.environment, function: undefined });
    void load();
  });
  name.addEventListener("change", () => onChoice({ function: name.value || undefined }));
  void load();
  return [h("label", { class: "inline" }, "App", app), h("label", { class: "inline" }, "Function", name)];
}

function stateTabs(state: string | undefined, onChoice: (filter: Filter) => void): Element {
  const tabs = h(
    "div",
    { class: "tabs", role: "group", "aria-label": "State" },
    [undefined, ...Object.keys(KINDS)].map((each) => {
      const button = h("button", { type: "button", "aria-pressed": String(each === state) }, each ?? "all");
      button.addEventListener("click", () => {
        for (const other of tabs.children) other.setAttribute("aria-pressed", String(other === button));
        onChoice({ state: each });
      });
      return button;
    }),
  );
  return tabs;
}

function nothing(state: string | undefined, app: string | undefined, name: string | undefined): Element {
  if (state !== undefined) return empty(`No call is ${state}.`);
  const target = name === undefined ? `${app ?? "APP"}/FUNCTION` : `${app}/${name}`;
  return empty("No calls yet. Make one from a function's page, or from a shell:", `npx farcall call ${target}`);
}

/** @param named whether to say which function */
export function callTable(calls: readonly ListedCall[], named: boolean): Element {
  const titles = ["Call", "State", ...(named ? ["Function"] : []), "Method", "Inputs", "Started", "Took"];
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
          titles.map((title) => h("th", { scope: "col" }, title)),
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

function row(call: ListedCall, named: boolean): Element {
  const { id, environment, app, numEnded, numInputs, createdAt, endedAt } = call;
  return h(
    "tr",
    {},
    h("td", {}, h("a", { href: callPath(id), title: id }, shortId(id))),
    h("td", { class: "state" }, stateBadges(call), problemOf(call)),
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

/** Calls of one program begin alike, and the first calls of many programs end alike. */
function shortId(id: string): string {
  const [, start = "", end = ""] = /^fc-(.{4}).{4,}(.{6})$/.exec(id) ?? [];
  return end === "" ? id : `${start}…${end}`;
}

function problemOf({ problem, attempts = 1, startProblem }: ListedCall): Element | undefined {
  const words = problem ?? startProblem;
  if (!words) return undefined;
  const tries = problem !== undefined && attempts > 1 && h("span", { class: "dim" }, ` · ${attempts} attempts`);
  return h("span", { class: "message", title: words }, words, tries);
}
