/** All apps, and how they are. */
import { count } from "../../text/units.ts";
import type { AppFigures, AppSummary } from "../api.ts";
import { engineView, get } from "./api.ts";
import { ago, badge, type Child, empty, h, show } from "./dom.ts";
import { appPath, callsPath } from "./links.ts";
import type { Place, View } from "./place.ts";
import { type Again, whileLive } from "./refresh.ts";

export async function appsView({ left }: Place): Promise<View> {
  const [engine, apps] = await Promise.all([engineView(), get("apps", {}, left)]);
  const rows = apps.map((app) => new Row(app, engine.abilities.monitor));
  const load = async (again?: Again): Promise<void> => {
    const figures = await get("figures", { ...again }, left);
    for (const row of rows) row.tell(figures.find(row.isAbout));
  };
  // The list does not wait for them.
  const watched = engine.abilities.monitor && apps.length > 0;
  if (watched) void load().catch(() => {});
  return {
    title: "Apps",
    followsDeploys: true,
    ...(watched && { onLive: whileLive(left, load) }),
    element: h(
      "div",
      {},
      h("h1", {}, "Apps"),
      h("p", { class: "dim" }, "Deployed on ", h("code", {}, engine.url)),
      apps.length === 0
        ? empty(`No apps are deployed yet. ${engine.deployHint} An app appears here as soon as it is deployed.`)
        : table(rows, engine.abilities.monitor),
    ),
  };
}

function table(rows: readonly Row[], monitor: boolean): Element {
  const titles = ["App", ...(monitor ? ["Running", "Failed", "Last call"] : []), "Functions", "Version", "Deployed"];
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "apps" },
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
        rows.map(({ element }) => element),
      ),
    ),
  );
}

class Row {
  readonly element: HTMLElement;
  readonly #app: AppSummary;
  readonly #running = h("td", { class: "number", "data-title": "running" }, "–");
  readonly #failed = h("td", { class: "number", "data-title": "failed" }, "–");
  readonly #last = h("td", { "data-title": "last call" }, "–");

  constructor(app: AppSummary, monitor: boolean) {
    const { app: name, environment, version, deployedAt, functions } = app;
    this.#app = app;
    this.element = h(
      "tr",
      {},
      h(
        "td",
        { class: "name" },
        h("a", { href: appPath(environment, name) }, h("strong", {}, name)),
        " ",
        badge(environment),
      ),
      monitor && [this.#running, this.#failed, this.#last],
      h("td", { class: "number", "data-title": "functions" }, functions),
      h("td", { class: "number", "data-title": "version" }, version),
      h("td", { "data-title": "deployed" }, ago(deployedAt)),
    );
  }

  readonly isAbout = ({ app, environment }: AppFigures): boolean =>
    app === this.#app.app && environment === this.#app.environment;

  tell(figures: AppFigures | undefined): void {
    if (!figures) return;
    const { app, environment, calls, running, failed, lastCallAt } = figures;
    const link = (state: string, words: string, kind: string): Child =>
      h("a", { href: callsPath({ environment, app, state }), class: kind }, words);
    show(this.#running, running === 0 ? h("span", { class: "dim" }, "0") : link("running", String(running), "busy"));
    show(
      this.#failed,
      failed === 0
        ? h("span", { class: "dim" }, "0")
        : link("failed", failed === calls ? `all of ${count(calls, "call")}` : `${failed} of ${calls}`, "bad"),
    );
    show(this.#last, lastCallAt === undefined ? h("span", { class: "dim" }, "never") : ago(lastCallAt));
  }
}
