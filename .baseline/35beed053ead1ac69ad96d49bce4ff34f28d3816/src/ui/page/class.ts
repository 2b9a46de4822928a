/** The page of one class: how it is constructed, its methods, and what runs of it. */
import { get } from "./api.ts";
import { crumbs, functionList, typeSection } from "./app.ts";
import { Chart } from "./chart.ts";
import { block } from "./code.ts";
import { linksOf, prose, tagList } from "./docs.ts";
import { badge, empty, h } from "./dom.ts";
import { details, parameterTable } from "./function.ts";
import { functionPath } from "./links.ts";
import type { Place, View } from "./place.ts";
import { loadRecent, recentCalls } from "./recent.ts";

export async function classView({ parts: [environment = "", app = "", name = ""], query, left }: Place): Promise<View> {
  const version = query.get("version") ?? undefined;
  const filter = { environment, app, function: name };
  const [of, calls] = await Promise.all([
    get("class", { environment, app, name, version }, left),
    loadRecent(filter, left),
  ]);
  const shown = version === undefined ? undefined : of.version;
  const links = linksOf(of, shown);
  const chart = new Chart(left);
  const recent = recentCalls(filter, calls, left, true, () =>
    empty("No calls yet. A method's page has a form to make one."),
  );
  const [method] = of.methods;
  return {
    title: `${app}/${name}`,
    followsDeploys: version === undefined,
    // Methods share the containers of their class.
    ...(method && { watch: () => ({ environment, app, name: method.name, version }) }),
    onLive(event) {
      recent.onLive(event);
      chart.hear(event);
    },
    element: h(
      "div",
      {},
      crumbs(environment, app, shown),
      h("h1", {}, name, " ", badge("class", "mode"), badge(environment), of.deprecated && badge("deprecated", "warn")),
      of.constructors.map((signature) => block(signature, links.types)),
      prose(of.doc, links.names),
      of.parameters.length > 0 && parameterTable(of, links),
      tagList(of.tags, links.names),
      h(
        "div",
        { class: "columns" },
        h(
          "section",
          {},
          h("h2", {}, "Methods"),
          functionList(of.methods, (each) => functionPath(environment, app, each, shown), links),
        ),
        h("section", {}, h("h2", {}, "All instances now"), chart.element, details(of, [])),
      ),
      recent.element,
      of.types.length > 0 && [h("h2", {}, "Types"), of.types.map((type) => typeSection(type, links))],
    ),
  };
}
