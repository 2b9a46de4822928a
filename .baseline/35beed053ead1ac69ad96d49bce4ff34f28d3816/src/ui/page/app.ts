/** One app at one version: its functions and declared types. */
import type { AppView, ClassSummary, FunctionSummary, TypeView, VersionView } from "../api.ts";
import { engineView, get } from "./api.ts";
import { block, code } from "./code.ts";
import { inline, type Links, linksOf, prose, tagList } from "./docs.ts";
import { ago, badge, type Child, empty, h, until } from "./dom.ts";
import { appPath, callsPath, classPath, diffPath, functionPath, typeId } from "./links.ts";
import { go, type Place, type View } from "./place.ts";

export async function appView({ parts: [environment = "", name = ""], query, left }: Place): Promise<View> {
  const version = query.get("version") ?? undefined;
  const [{ abilities }, app] = await Promise.all([engineView(), get("app", { environment, app: name, version }, left)]);
  const shown = version === undefined ? undefined : app.version;
  const links = linksOf(
    {
      app: name,
      environment,
      types: app.types,
      functions: [...app.functions, ...app.classes.flatMap(({ methods }) => methods)].map((fn) => fn.name),
      classes: app.classes.map((of) => of.name),
    },
    shown,
  );
  const before = app.versions.find((each) => each.version < app.version);
  return {
    title: app.name,
    followsDeploys: version === undefined,
    element: h(
      "div",
      {},
      h("p", { class: "crumbs" }, h("a", { href: "/" }, "Apps"), " / "),
      h("h1", {}, app.name, " ", badge(app.environment), app.language !== "typescript" && badge(app.language)),
      prose(app.doc, links.names),
      h(
        "div",
        { class: "facts" },
        versionChoice("Version", app.version, app.versions, (chosen) =>
          go(appPath(environment, name, chosen === app.newest ? undefined : chosen)),
        ),
        h("span", { class: "dim" }, "deployed ", ago(app.deployedAt)),
        before
          ? h(
              "a",
              { href: diffPath(environment, name, before.version, app.version) },
              `What changed since version ${before.version}`,
            )
          : h("span", { class: "dim" }, "the first version"),
        abilities.monitor && h("a", { href: callsPath({ environment, app: name }) }, "Calls"),
      ),
      app.functions.length + app.classes.length === 0 && empty("This app has no functions."),
      schedules(app, (fn) => functionPath(environment, name, fn, shown)),
      app.functions.length > 0 && [
        h("h2", {}, "Functions"),
        functionList(app.functions, (fn) => functionPath(environment, name, fn, shown), links),
      ],
      app.classes.length > 0 && [
        h("h2", {}, "Classes"),
        h(
          "ul",
          { class: "functions" },
          app.classes.map((of) =>
            classItem(
              of,
              (fn) => functionPath(environment, name, fn, shown),
              classPath(environment, name, of.name, shown),
              links,
            ),
          ),
        ),
      ],
      app.types.length > 0 && [h("h2", {}, "Types"), app.types.map((type) => typeSection(type, links))],
    ),
  };
}

/** The way back to an app, and on to what is below it. */
export function crumbs(environment: string, app: string, version?: number, ...below: Child[]): Element {
  return h(
    "p",
    { class: "crumbs" },
    h("a", { href: "/" }, "Apps"),
    " / ",
    h("a", { href: appPath(environment, app, version) }, app),
    " / ",
    below,
  );
}

export function functionList(
  functions: readonly FunctionSummary[],
  hrefOf: (name: string) => string,
  links: Links,
): Element {
  return h(
    "ul",
    { class: "functions" },
    functions.map((fn) => functionItem(fn, hrefOf(fn.name), links)),
  );
}

function classItem(of: ClassSummary, hrefOf: (name: string) => string, href: string, links: Links): Element {
  return h(
    "li",
    {},
    h("h3", {}, h("a", { href }, of.name), " ", badge("class", "mode"), of.deprecated && badge("deprecated", "warn")),
    of.constructors.map((signature) => block(signature, links.types)),
    of.doc !== "" && h("p", { class: "dim" }, inline(of.doc.split("\n\n", 1)[0] ?? "", links.names)),
    h(
      "p",
      { class: "methods" },
      h("span", { class: "dim" }, "Methods: "),
      of.methods.map((fn) => h("a", { href: hrefOf(fn.name) }, fn.name.slice(of.name.length + 1))),
    ),
  );
}

function functionItem(fn: FunctionSummary, href: string, links: Links): Element {
  return h(
    "li",
    {},
    h("h3", {}, h("a", { href }, fn.name), " ", modeBadge(fn), fn.deprecated && badge("deprecated", "warn")),
    fn.signatures.map((signature) => block(signature, links.types)),
    fn.doc !== "" && h("p", { class: "dim" }, inline(fn.doc.split("\n\n", 1)[0] ?? "", links.names)),
  );
}

export function modeBadge({ mode }: Pick<FunctionSummary, "mode">): Element | undefined {
  return mode === "unary" ? undefined : badge(mode, "mode");
}

export function typeSection(type: TypeView, links: Links): Element {
  return h(
    "section",
    { id: typeId(type.name), class: "type" },
    h(
      "pre",
      { tabindex: 0 },
      code(type.code, (word) => (word === type.name ? undefined : links.types(word))),
    ),
    prose(type.doc, links.names, "doc dim"),
    tagList(type.tags, links.names),
  );
}

/** What runs by itself, and when next. */
function schedules({ functions, version, newest }: AppView, hrefOf: (name: string) => string): Child {
  const scheduled = functions.filter(({ schedule }) => schedule !== undefined);
  if (scheduled.length === 0) return undefined;
  return [
    h("h2", {}, "Schedules"),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "schedules" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Function", "Schedule", "Next run"].map((title) => h("th", { scope: "col" }, title)),
          ),
        ),
        h(
          "tbody",
          {},
          scheduled.map((fn) =>
            h(
              "tr",
              {},
              h("td", { class: "name" }, h("a", { href: hrefOf(fn.name) }, fn.name)),
              h("td", {}, h("code", {}, fn.schedule)),
              h("td", {}, nextRun(fn) ?? h("span", { class: "dim" }, version < newest ? "none: an older version" : "")),
            ),
          ),
        ),
      ),
    ),
  ];
}

/** `in 3 minutes, Mon 30 Nov, 21:45`. Undefined where the engine does not say. */
export function nextRun({ nextRunAt }: FunctionSummary): Child {
  if (nextRunAt === undefined) return undefined;
  return [until(nextRunAt), h("span", { class: "dim" }, `, ${momentText(nextRunAt)}`)];
}

function momentText(iso: string): string {
  return new Date(iso).toLocaleString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** All versions, the newest first, with what tells them apart. */
export function versionChoice(
  label: string,
  version: number,
  versions: readonly VersionView[],
  onChoice: (version: number) => void,
): Element {
  const select = h(
    "select",
    {},
    versions.map((each, index) =>
      h(
        "option",
        { value: each.version, selected: each.version === version },
        versionText(each, index === 0 && versions.length > 1),
      ),
    ),
  );
  select.addEventListener("change", () => onChoice(Number(select.value)));
  return h("label", { class: "inline" }, label, select);
}

/** `3 (newest), 30 Nov, 21:45, 0123456789ab` */
function versionText({ version, deployedAt, rollbackOf, revision }: VersionView, newest: boolean): string {
  const moment = momentText(deployedAt).replace(/^\w+,? /, "");
  return [
    newest ? `${version} (newest)` : String(version),
    moment,
    ...(rollbackOf === undefined ? [] : [`back to ${rollbackOf}`]),
    ...(revision === undefined ? [] : [revision]),
  ].join(" · ");
}
