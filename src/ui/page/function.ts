/** One function: what it is, how busy it is, a form to call it with, and its recent calls. */
import type { CallInfo, FunctionView, LiveEvent } from "../api.ts";
import { get } from "./api.ts";
import { modeBadge, typeSection } from "./app.ts";
import { callTable, whileLive } from "./calls.ts";
import { Chart } from "./chart.ts";
import { block } from "./code.ts";
import { ago, badge, empty, h, inline, prose, show } from "./dom.ts";
import { appPath, callsPath, typeId } from "./links.ts";
import type { Place, View } from "./place.ts";
import { callPanel } from "./run.ts";

const RECENT = 10;

export async function functionView({
  parts: [environment = "", app = "", name = ""],
  query,
  left,
}: Place): Promise<View> {
  const version = query.get("version") ?? undefined;
  const filter = { environment, app, function: name };
  const [fn, calls] = await Promise.all([
    get<FunctionView>("function", { environment, app, name, version }, left),
    get<CallInfo[]>("calls", { ...filter, limit: RECENT }, left),
  ]);
  const types = new Set(fn.types.map((type) => type.name));
  const link = (word: string) => (types.has(word) ? `#${typeId(word)}` : undefined);
  const chart = new Chart(left);
  const recent = h("div", {});
  const drawRecent = (list: readonly CallInfo[]): void =>
    show(
      recent,
      list.length > 0
        ? callTable(list, false)
        : empty("No calls yet. Make one above, or from a shell:", `npx farcall call ${app}/${name}`),
    );
  drawRecent(calls);
  const reload = async (): Promise<void> =>
    drawRecent(await get<CallInfo[]>("calls", { ...filter, limit: RECENT }, left));
  const refreshing = whileLive(left, reload);
  const news = h("p", { class: "news", role: "status" });
  news.hidden = true;
  let etag: string | undefined;
  const onLive = (event: LiveEvent): void => {
    refreshing(event);
    if (event.event === "samples") chart.add(event.samples);
    if (event.event === "state" && event.state !== "live") chart.unknown();
    if (event.event === "apps" && etag !== undefined && etag !== event.etag) void tellNews();
    if (event.event === "apps") etag = event.etag;
  };
  /** A form may be half filled in: nobody's words are thrown away for a deploy. */
  const tellNews = async (): Promise<void> => {
    const { newest } = await get<{ newest: number }>("app", { environment, app, version: fn.version }, left);
    if (newest === fn.version || version !== undefined) return;
    show(
      news,
      `Version ${newest} was deployed; this is version ${fn.version}. `,
      h("a", { href: location.pathname, onclick: reloadPage }, "Show the new one"),
    );
    news.hidden = false;
  };
  return {
    title: `${app}/${name}`,
    watch: { environment, app, name, version },
    onLive,
    element: h(
      "div",
      {},
      h(
        "p",
        { class: "crumbs" },
        h("a", { href: "/" }, "Apps"),
        " / ",
        h("a", { href: appPath(environment, app, version === undefined ? undefined : fn.version) }, app),
        " / ",
      ),
      h("h1", {}, name, " ", modeBadge(fn), badge(environment), fn.deprecated && badge("deprecated", "warn")),
      news,
      fn.signatures.map((signature) => block(signature, link)),
      prose(fn.doc),
      fn.parameters.length > 0 && parameterTable(fn),
      fn.tags !== "" && h("pre", { class: "tags dim" }, fn.tags),
      h(
        "div",
        { class: "columns" },
        h("section", {}, h("h2", {}, "Call it"), callOf(fn, left, reload)),
        h("section", {}, h("h2", {}, "Now"), chart.element, details(fn)),
      ),
      h("h2", {}, "Recent calls"),
      recent,
      h("p", {}, h("a", { href: callsPath(filter) }, "All its calls")),
      fn.types.length > 0 && [h("h2", {}, "Types"), fn.types.map((type) => typeSection(type, link))],
    ),
  };
}

function reloadPage(event: Event): void {
  event.preventDefault();
  location.reload();
}

function callOf(fn: FunctionView, left: AbortSignal, onCalled: () => Promise<void>): Element {
  if (fn.notCallable === undefined) return callPanel(fn, left, onCalled);
  return h("div", { class: "empty" }, h("p", {}, fn.notCallable), fn.webUrl !== undefined && webLink(fn.webUrl));
}

function webLink(url: string): Element {
  return h("p", {}, h("a", { href: url, target: "_blank", rel: "noreferrer" }, url));
}

function parameterTable({ parameters }: FunctionView): Element {
  return h(
    "dl",
    { class: "parameters" },
    parameters.map(({ name, doc, default: value }) => [
      h("dt", {}, h("code", {}, name)),
      h(
        "dd",
        {},
        inline(doc),
        value !== undefined &&
          h("span", { class: "dim" }, doc === "" ? "default " : ", default ", h("code", {}, value)),
      ),
    ]),
  );
}

function details(fn: FunctionView): Element {
  const rows: [string, Element | string][] = [
    ...fn.options,
    ...(fn.webUrl !== undefined && fn.notCallable === undefined
      ? [["URL", webLink(fn.webUrl)] as [string, Element]]
      : []),
    ...(fn.source === undefined ? [] : [["source", fn.source] as [string, string]]),
    ["signature", h("code", {}, fn.signature)],
  ];
  return h(
    "dl",
    { class: "details" },
    h("dt", {}, "version"),
    h("dd", {}, `${fn.version}, deployed `, ago(fn.deployedAt)),
    rows.map(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]),
  );
}
