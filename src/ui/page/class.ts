/** One class: how it is constructed, its methods, how busy its instances are, and its recent calls. */
import type { CallInfo, ClassView } from "../api.ts";
import { get } from "./api.ts";
import { functionList, typeSection } from "./app.ts";
import { type Again, callTable, whileLive } from "./calls.ts";
import { Chart } from "./chart.ts";
import { block } from "./code.ts";
import { badge, empty, h, prose, show } from "./dom.ts";
import { details, parameterTable } from "./function.ts";
import { appPath, callsPath, functionPath, typeId } from "./links.ts";
import type { Place, View } from "./place.ts";

const RECENT = 10;

export async function classView({ parts: [environment = "", app = "", name = ""], query, left }: Place): Promise<View> {
  const version = query.get("version") ?? undefined;
  const filter = { environment, app, function: name };
  const [of, calls] = await Promise.all([
    get<ClassView>("class", { environment, app, name, version }, left),
    get<CallInfo[]>("calls", { ...filter, limit: RECENT }, left),
  ]);
  const shown = version === undefined ? undefined : of.version;
  const types = new Set(of.types.map((type) => type.name));
  const link = (word: string) => (types.has(word) ? `#${typeId(word)}` : undefined);
  const chart = new Chart(left);
  const recent = h("div", {});
  const draw = (list: readonly CallInfo[]): void =>
    show(
      recent,
      list.length > 0 ? callTable(list, true) : empty("No calls yet. A method's page has a form to make one."),
    );
  draw(calls);
  const reload = async (again?: Again): Promise<void> =>
    draw(await get<CallInfo[]>("calls", { ...filter, limit: RECENT, ...again }, left));
  const refreshing = whileLive(left, reload);
  const [method] = of.methods;
  return {
    title: `${app}/${name}`,
    followsDeploys: version === undefined,
    // Methods share the containers of their class.
    ...(method && { watch: () => ({ environment, app, name: method.name, version }) }),
    onLive(event) {
      refreshing(event);
      if (event.event === "samples") chart.add(event.samples);
      if (event.event === "state" && event.state !== "live") chart.unknown();
    },
    element: h(
      "div",
      {},
      h(
        "p",
        { class: "crumbs" },
        h("a", { href: "/" }, "Apps"),
        " / ",
        h("a", { href: appPath(environment, app, shown) }, app),
        " / ",
      ),
      h("h1", {}, name, " ", badge("class", "mode"), badge(environment), of.deprecated && badge("deprecated", "warn")),
      of.constructors.map((signature) => block(signature, link)),
      prose(of.doc),
      of.parameters.length > 0 && parameterTable(of),
      of.tags !== "" && h("pre", { class: "tags dim" }, of.tags),
      h(
        "div",
        { class: "columns" },
        h(
          "section",
          {},
          h("h2", {}, "Methods"),
          functionList(of.methods, (each) => functionPath(environment, app, each, shown), link),
        ),
        h("section", {}, h("h2", {}, "All instances now"), chart.element, details(of, [])),
      ),
      h("h2", {}, "Recent calls"),
      recent,
      h("p", {}, h("a", { href: callsPath(filter) }, "All its calls")),
      of.types.length > 0 && [h("h2", {}, "Types"), of.types.map((type) => typeSection(type, link))],
    ),
  };
}
