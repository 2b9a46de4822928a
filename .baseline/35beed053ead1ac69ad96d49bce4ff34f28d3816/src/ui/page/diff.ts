/** Two versions of an app side by side: who can go on calling, and what changed in the text. */
import { count } from "../../text/units.ts";
import type { DiffLine, DiffView, FunctionDiff } from "../api.ts";
import { get } from "./api.ts";
import { crumbs, versionChoice } from "./app.ts";
import { code } from "./code.ts";
import { badge, empty, h } from "./dom.ts";
import { diffPath, functionPath } from "./links.ts";
import { go, type Place, type View } from "./place.ts";

const ORDER: FunctionDiff["verdict"][] = ["breaking", "compatible", "docs only", "same"];

export async function diffView({ parts: [environment = "", app = ""], query, left }: Place): Promise<View> {
  const [from, to] = [query.get("from") ?? undefined, query.get("to") ?? undefined];
  const diff = await get("diff", { environment, app, from, to }, left);
  const changed = diff.functions
    .filter(({ verdict }) => verdict !== "same")
    .sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const same = diff.functions.filter(({ verdict }) => verdict === "same");
  const choose = (one: number, other: number) => go(diffPath(environment, app, one, other));
  return {
    title: `${app}, version ${diff.from} and ${diff.to}`,
    element: h(
      "div",
      {},
      crumbs(environment, app),
      h("h1", {}, `What changed from version ${diff.from} to ${diff.to} `, badge(environment)),
      h(
        "div",
        { class: "facts" },
        versionChoice("From version", diff.from, diff.versions, (version) => choose(version, diff.to)),
        versionChoice("to version", diff.to, diff.versions, (version) => choose(diff.from, version)),
        summary(changed),
      ),
      changed.length === 0 &&
        diff.types.length === 0 &&
        empty("Nothing that callers see differs between these versions."),
      changed.length > 0 && [h("h2", {}, "Functions"), changed.map((fn) => functionDiff(fn, diff))],
      diff.types.length > 0 && [
        h("h2", {}, "Types"),
        diff.types.map(({ name, lines }) => h("section", { class: "change" }, h("h3", {}, name), linesOf(lines, diff))),
      ],
      same.length > 0 &&
        h(
          "p",
          { class: "dim" },
          `${count(same.length, "function")} unchanged: ${same.map(({ name }) => name).join(", ")}`,
        ),
    ),
  };
}

function summary(changed: readonly FunctionDiff[]): Element {
  const breaking = changed.filter(({ verdict }) => verdict === "breaking").length;
  if (breaking > 0)
    return h("strong", { class: "bad" }, `${count(breaking, "breaking change")}: stubs must be generated again`);
  return h("strong", { class: "good" }, "Existing stubs go on working");
}

function functionDiff({ name, verdict, reasons, lines }: FunctionDiff, diff: DiffView): Element {
  const kind = verdict === "breaking" ? "bad" : verdict === "compatible" ? "good" : "";
  return h(
    "section",
    { class: "change" },
    h("h3", {}, h("a", { href: functionPath(diff.environment, diff.app, name) }, name), " ", badge(verdict, kind)),
    reasons.length > 0 &&
      h(
        "ul",
        { class: "reasons" },
        reasons.map((reason) => h("li", {}, reason)),
      ),
    linesOf(lines, diff),
  );
}

/** Each side says which version it is of. */
function linesOf(lines: readonly DiffLine[], { from, to }: DiffView): Element | undefined {
  // What changed may be in a type that it names.
  if (lines.every(({ sign }) => sign === " ")) return undefined;
  const words = { "+": `in version ${to}: `, "-": `in version ${from}: `, " ": "" };
  const label = (sign: "+" | "-", version: number): Element | false =>
    lines.some((line) => line.sign === sign) &&
    h("div", { class: sign === "+" ? "good" : "bad" }, h("span", { class: "sign" }, sign), `version ${version}`);
  return h(
    "pre",
    { class: "diff", tabindex: 0 },
    h("div", { class: "labels", "aria-hidden": "true" }, label("-", from), label("+", to)),
    lines.map(({ sign, text }) =>
      h(
        "div",
        { class: sign === "+" ? "plus" : sign === "-" ? "minus" : "" },
        h("span", { class: "sign", "aria-hidden": "true" }, sign),
        words[sign] !== "" && h("span", { class: "unseen" }, words[sign]),
        // Words of a comment are no code.
        /^\s*(\/\*\*| ?\*)/.test(text) ? h("span", { class: "dim" }, text) : code(text),
      ),
    ),
  );
}
