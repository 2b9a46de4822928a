/** One app at one version: its functions and declared types. */
import type { ClassSummary, FunctionSummary, TypeView } from "../api.ts";
import { engineView, get } from "./api.ts";
import { block, code } from "./code.ts";
import { ago, badge, type Child, empty, h, inline, prose } from "./dom.ts";
import { appPath, callsPath, classPath, diffPath, functionPath, linksTo, typeId } from "./links.ts";
import { go, type Place, type View } from "./place.ts";

export async function appView({ parts: [environment = "", name = ""], query, left }: Place): Promise<View> {
  const version = query.get("version") ?? undefined;
  const [{ abilities }, app] = await Promise.all([engineView(), get("app", { environment, app: name, version }, left)]);
  const link = linksTo(app.types);
  const shown = version === undefined ? undefined : app.version;
  return {
    title: app.name,
    followsDeploys: version === undefined,
    element: h(
      "div",
      {},
      h("p", { class: "crumbs" }, h("a", { href: "/" }, "Apps"), " / "),
      h("h1", {}, app.name, " ", badge(app.environment), app.language !== "typescript" && badge(app.language)),
      prose(app.doc),
      h(
        "div",
        { class: "facts" },
        versionChoice("Version", app.version, app.newest, (chosen) =>
          go(appPath(environment, name, chosen === app.newest ? undefined : chosen)),
        ),
        h("span", { class: "dim" }, "deployed ", ago(app.deployedAt)),
        app.version > 1
          ? h(
              "a",
              { href: diffPath(environment, name, app.version - 1, app.version) },
              `What changed since version ${app.version - 1}`,
            )
          : h("span", { class: "dim" }, "the first version"),
        abilities.monitor && h("a", { href: callsPath({ environment, app: name }) }, "Calls"),
      ),
      app.functions.length + app.classes.length === 0 && empty("This app has no functions."),
      app.functions.length > 0 && [
        h("h2", {}, "Functions"),
        functionList(app.functions, (fn) => functionPath(environment, name, fn, shown), link),
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
              link,
            ),
          ),
        ),
      ],
      app.types.length > 0 && [h("h2", {}, "Types"), app.types.map((type) => typeSection(type, link))],
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

type Link = ReturnType<typeof linksTo>;

export function functionList(
  functions: readonly FunctionSummary[],
  hrefOf: (name: string) => string,
  link: Link,
): Element {
  return h(
    "ul",
    { class: "functions" },
    functions.map((fn) => functionItem(fn, hrefOf(fn.name), link)),
  );
}

function classItem(of: ClassSummary, hrefOf: (name: string) => string, href: string, link: Link): Element {
  return h(
    "li",
    {},
    h("h3", {}, h("a", { href }, of.name), " ", badge("class", "mode"), of.deprecated && badge("deprecated", "warn")),
    of.constructors.map((signature) => block(signature, link)),
    of.doc !== "" && h("p", { class: "dim" }, inline(of.doc.split("\n\n", 1)[0] ?? "")),
    h(
      "p",
      { class: "methods" },
      h("span", { class: "dim" }, "Methods: "),
      of.methods.map((fn) => h("a", { href: hrefOf(fn.name) }, fn.name.slice(of.name.length + 1))),
    ),
  );
}

function functionItem(fn: FunctionSummary, href: string, link: Link): Element {
  return h(
    "li",
    {},
    h("h3", {}, h("a", { href }, fn.name), " ", modeBadge(fn), fn.deprecated && badge("deprecated", "warn")),
    fn.signatures.map((signature) => block(signature, link)),
    fn.doc !== "" && h("p", { class: "dim" }, inline(fn.doc.split("\n\n", 1)[0] ?? "")),
  );
}

export function modeBadge({ mode }: Pick<FunctionSummary, "mode">): Element | undefined {
  return mode === "unary" ? undefined : badge(mode, "mode");
}

export function typeSection(type: TypeView, link: Link): Element {
  return h(
    "section",
    { id: typeId(type.name), class: "type" },
    h(
      "pre",
      { tabindex: 0 },
      code(type.code, (word) => (word === type.name ? undefined : link(word))),
    ),
    prose(type.doc, "doc dim"),
  );
}

/** All versions, the newest first. */
export function versionChoice(
  label: string,
  version: number,
  newest: number,
  onChoice: (version: number) => void,
): Element {
  const select = h(
    "select",
    {},
    Array.from({ length: newest }, (_, index) => newest - index).map((each) =>
      h(
        "option",
        { value: each, selected: each === version },
        each === newest && newest > 1 ? `${each} (newest)` : String(each),
      ),
    ),
  );
  select.addEventListener("change", () => onChoice(Number(select.value)));
  return h("label", { class: "inline" }, label, select);
}
