/** One function: what it is, how busy it is, a form to call it with, and its recent calls. */
import type { Abilities, Described, FunctionView, LiveEvent } from "../api.ts";
import { engineView, get } from "./api.ts";
import { crumbs, modeBadge, nextRun, typeSection } from "./app.ts";
import { Chart } from "./chart.ts";
import { block } from "./code.ts";
import { inline, type Links, linksOf, prose, tagList } from "./docs.ts";
import { ago, badge, type Child, empty, h, show } from "./dom.ts";
import { classPath } from "./links.ts";
import { callPanel } from "./panel.ts";
import { type Place, type View, watchAnew } from "./place.ts";
import { loadRecent, recentCalls } from "./recent.ts";

export async function functionView({
  parts: [environment = "", app = "", name = ""],
  query,
  left,
}: Place): Promise<View> {
  const version = query.get("version") ?? undefined;
  const filter = { environment, app, function: name };
  const [{ abilities }, fn, calls] = await Promise.all([
    engineView(),
    get("function", { environment, app, name, version }, left),
    loadRecent(filter, left),
  ]);
  const shown = version === undefined ? undefined : fn.version;
  const links = linksOf(fn, shown);
  const chart = new Chart(left);
  const recent = recentCalls(filter, calls, left, false, () =>
    empty("No calls yet. Make one above, or from a shell:", commandOf(fn)),
  );
  const instances = fn.class && new InstanceChoice(fn.class.name, chart);
  const news = h("p", { class: "news", role: "status" });
  news.hidden = true;
  let etag: string | undefined;
  const onLive = (event: LiveEvent): void => {
    recent.onLive(event);
    chart.hear(event);
    if (event.event === "apps" && etag !== undefined && etag !== event.etag) void tellNews();
    if (event.event === "apps") etag = event.etag;
  };
  /** A form may be half filled in: nobody's words are thrown away for a deploy. */
  const tellNews = async (): Promise<void> => {
    const { newest } = await get("app", { environment, app, version: fn.version }, left);
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
    watch: () => ({ environment, app, name, version, instance: instances?.chosen }),
    onLive,
    element: h(
      "div",
      {},
      crumbs(
        environment,
        app,
        shown,
        fn.class && [h("a", { href: classPath(environment, app, fn.class.name, shown) }, fn.class.name), " / "],
      ),
      h("h1", {}, name, " ", modeBadge(fn), badge(environment), fn.deprecated && badge("deprecated", "warn")),
      news,
      fn.signatures.map((signature) => block(signature, links.types)),
      prose(fn.doc, links.names),
      fn.parameters.length > 0 && parameterTable(fn, links),
      tagList(fn.tags, links.names),
      h(
        "div",
        { class: "columns" },
        h("section", {}, h("h2", {}, "Call it"), callOf(fn, left, recent.reload, instances, abilities)),
        h("section", {}, h("h2", {}, "Now"), instances?.element, chart.element, details(fn, optionRows(fn))),
      ),
      recent.element,
      fn.types.length > 0 && [h("h2", {}, "Types"), fn.types.map((type) => typeSection(type, links))],
    ),
  };
}

function reloadPage(event: Event): void {
  event.preventDefault();
  location.reload();
}

function commandOf({ app, name, class: of }: FunctionView): string {
  if (!of) return `npx farcall call ${app}/${name}`;
  return `npx farcall call '${app}/${of.name}(…)${name.slice(of.name.length)}'`;
}

function callOf(
  fn: FunctionView,
  left: AbortSignal,
  onCalled: () => Promise<void>,
  instances: InstanceChoice | undefined,
  abilities: Abilities,
): Element {
  if (fn.notCallable === undefined)
    return callPanel(fn, left, abilities, onCalled, (instance) => instances?.found(instance));
  return h("div", { class: "empty" }, h("p", {}, fn.notCallable), fn.webUrl !== undefined && webLink(fn.webUrl));
}

function webLink(url: string): Element {
  return h("p", {}, h("a", { href: url, target: "_blank", rel: "noreferrer" }, url));
}

/** Whose figures the chart draws: those of every instance of a class, or of the one that the form constructs. */
class InstanceChoice {
  readonly element: Element;
  readonly #chart: Chart;
  readonly #select: HTMLSelectElement;
  readonly #one: HTMLOptionElement;
  #instance: string | undefined;

  constructor(className: string, chart: Chart) {
    this.#chart = chart;
    this.#one = h("option", { value: "one", disabled: true }, "the instance in the form");
    this.#select = h("select", {}, h("option", { value: "" }, `all instances of ${className}`), this.#one);
    this.#select.addEventListener("change", () => this.#draw());
    this.element = h("p", {}, h("label", { class: "inline" }, "Of", this.#select));
  }

  get chosen(): string | undefined {
    return this.#select.value === "" ? undefined : this.#instance;
  }

  /** The form is about another one, or about none. */
  found(instance: string | undefined): void {
    if (instance === this.#instance) return;
    const drawn = this.chosen !== undefined;
    this.#instance = instance;
    this.#one.disabled = instance === undefined;
    if (instance === undefined) this.#select.value = "";
    if (drawn) this.#draw();
  }

  #draw(): void {
    this.#chart.clear();
    watchAnew();
  }
}

export function parameterTable({ parameters }: Described, links: Links): Element {
  return h(
    "dl",
    { class: "parameters" },
    parameters.map(({ name, doc, default: value }) => [
      h("dt", {}, h("code", {}, name)),
      h(
        "dd",
        {},
        doc !== "" && [inline(doc, links.names), " "],
        value !== undefined && h("span", { class: "dim default" }, "Default ", h("code", {}, value)),
      ),
    ]),
  );
}

type Row = [label: string, value: Child];

function optionRows(fn: FunctionView): Row[] {
  const { options, schedule, webUrl, notCallable } = fn;
  const next = nextRun(fn);
  return [
    ...(schedule === undefined ? [] : [["schedule", h("code", {}, schedule)] as Row]),
    ...(next === undefined ? [] : [["next run", next] as Row]),
    ...options,
    ...(webUrl === undefined || notCallable !== undefined ? [] : [["URL", webLink(webUrl)] as Row]),
  ];
}

export function details(fn: Described, more: readonly Row[]): Element {
  const rows: Row[] = [
    ...more,
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
