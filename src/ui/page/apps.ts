/** All apps. */
import type { AppSummary } from "../api.ts";
import { engineView, get } from "./api.ts";
import { ago, badge, count, empty, h } from "./dom.ts";
import { appPath } from "./links.ts";
import type { Place, View } from "./place.ts";

export async function appsView({ left }: Place): Promise<View> {
  const [engine, apps] = await Promise.all([engineView(), get("apps", {}, left)]);
  return {
    title: "Apps",
    followsDeploys: true,
    element: h(
      "div",
      {},
      h("h1", {}, "Apps"),
      h("p", { class: "dim" }, "Deployed on ", h("code", {}, engine.url)),
      apps.length === 0
        ? empty(`No apps are deployed yet. ${engine.deployHint} An app appears here as soon as it is deployed.`)
        : h("ul", { class: "cards" }, apps.map(card)),
    ),
  };
}

function card({ app, environment, version, deployedAt, functions }: AppSummary): Element {
  return h(
    "li",
    {},
    h(
      "a",
      { href: appPath(environment, app) },
      h("strong", {}, app),
      badge(environment),
      h("span", { class: "dim" }, `${count(functions, "function")}, version ${version}, deployed `, ago(deployedAt)),
    ),
  );
}
