/** What authors write about their code: the Markdown that comments have, links to other names, and tags. */
import type { Described, DocTag } from "../api.ts";
import { block } from "./code.ts";
import { type Child, h } from "./dom.ts";
import { classPath, functionPath, linksTo } from "./links.ts";

/** Where a name is shown: undefined for any other word. */
export type Link = (name: string) => string | undefined;

/** Where the names of an app are shown. */
export interface Links {
  /** Declared types on the same page: what a name in code is. */
  types: Link;
  /** Those, and functions and classes on their pages: what an author may mean. */
  names: Link;
}

export function linksOf(
  of: Pick<Described, "app" | "environment" | "types" | "functions" | "classes">,
  version: number | undefined,
): Links {
  const types = linksTo(of.types);
  const names: Link = (name) => {
    const plain = name.replace(/\(\)$/, "").replace("#", ".");
    if (of.functions.includes(plain)) return functionPath(of.environment, of.app, plain, version);
    return types(plain) ?? (of.classes.includes(plain) ? classPath(of.environment, of.app, plain, version) : undefined);
  };
  return { types, names };
}

const FENCE = /^\s*```[^\n]*\n([\s\S]*?)^\s*```\s*$/m;
const ITEM = /^\s*(?:[-*+]|\d+[.)])\s+/;

/** Paragraphs, lists and blocks of code. */
export function prose(text: string, link?: Link, className = "doc"): HTMLElement | undefined {
  if (text === "") return undefined;
  // Every other part is the inside of a fence.
  const parts = text.split(new RegExp(FENCE, "gm"));
  return h(
    "div",
    { class: className },
    parts.map((part, index) => (index % 2 === 1 ? block(part.trimEnd()) : paragraphs(part, link))),
  );
}

function paragraphs(text: string, link: Link | undefined): Child[] {
  const blocks = text.split(/\n\s*\n/).flatMap((paragraph) => listsApart(paragraph.trim()));
  return blocks
    .filter((lines) => lines !== "")
    .map((lines) => (ITEM.test(lines) ? list(lines, link) : paragraph(lines, link)));
}

/** A list may follow a paragraph without an empty line. */
function listsApart(text: string): string[] {
  const at = text.split("\n").findIndex((line) => ITEM.test(line));
  if (at <= 0) return [text];
  const lines = text.split("\n");
  return [lines.slice(0, at).join("\n"), lines.slice(at).join("\n")];
}

function list(text: string, link: Link | undefined): Element {
  const items = text.split(/\n(?=\s*(?:[-*+]|\d+[.)])\s+)/);
  const tag = /^\s*\d/.test(text) ? "ol" : "ul";
  return h(
    tag,
    {},
    items.map((item) => h("li", {}, inline(item.replace(ITEM, ""), link))),
  );
}

function paragraph(text: string, link: Link | undefined): Element {
  const heading = /^#{1,6}\s+(.*)$/.exec(text)?.[1];
  return h("p", {}, heading === undefined ? inline(text, link) : h("strong", {}, inline(heading, link)));
}

const SPANS =
  /(`+)(.+?)\1|\{@link(?:code|plain)?\s+([^\s|}]+)\s*\|?\s*([^}]*)\}|\[([^\]\n]+)\]\((https?:[^)\s]+)\)|\*\*([^*\n]+)\*\*|(https?:\/\/[^\s<>"'`)]*[\w/])/gs;

/** Words with `code`, **strong** ones, links by address and links by name. */
export function inline(text: string, link?: Link): Child[] {
  const children: Child[] = [];
  let at = 0;
  for (const match of text.matchAll(SPANS)) {
    const [whole, , code, name, label, words, href, strong, url] = match;
    children.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (code !== undefined) children.push(h("code", {}, code.trim()));
    else if (name !== undefined) children.push(named(name, label?.trim() || undefined, link));
    else if (strong !== undefined) children.push(h("strong", {}, strong));
    else children.push(away(href ?? url ?? "", words ?? url ?? ""));
  }
  children.push(text.slice(at));
  return children;
}

function named(name: string, label: string | undefined, link: Link | undefined): Element {
  if (/^https?:/.test(name)) return away(name, label ?? name);
  const shown = label ?? h("code", {}, name);
  const href = link?.(name);
  return href === undefined ? h("span", {}, shown) : h("a", { href }, shown);
}

function away(href: string, words: string): Element {
  return h("a", { href, target: "_blank", rel: "noreferrer" }, words);
}

// ---- tags -----------------------------------------------------------------------------------------------------

const TITLES: Record<string, string> = {
  return: "Returns",
  exception: "Throws",
  throw: "Throws",
  defaultvalue: "Default",
  typeparam: "Type parameter",
  template: "Type parameter",
  seealso: "See",
};

/** Everything that stands behind the words, each under its title. */
export function tagList(tags: readonly DocTag[], link?: Link): Element | undefined {
  if (tags.length === 0) return undefined;
  return h(
    "dl",
    { class: "tags" },
    tags.map((tag) => [
      h("dt", { class: tag.name === "deprecated" ? "warn" : undefined }, titleOf(tag)),
      h("dd", {}, bodyOf(tag, link)),
    ]),
  );
}

function titleOf({ name }: DocTag): string {
  const key = name.toLowerCase();
  return TITLES[key] ?? TITLES[key.replace(/s$/, "")] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

function bodyOf({ name, text }: DocTag, link: Link | undefined): Child {
  if (/^examples?$/i.test(name)) return example(text, link);
  if (/^(throws?|exception)$/i.test(name)) {
    const [, braced, bare, rest = ""] = /^(?:\{([^}]+)\}|([A-Z]\w*)(?=\s|$))\s*([\s\S]*)$/.exec(text) ?? [];
    const type = braced ?? bare;
    if (type !== undefined) return [h("code", {}, type), " ", inline(rest.replace(/^[-–]\s*/, ""), link)];
  }
  // A name alone is meant as a link.
  const href = /^see$/i.test(name) ? link?.(text) : undefined;
  if (href !== undefined) return h("a", { href }, h("code", {}, text));
  return /\n\s*\n|```/.test(text) ? prose(text, link, "") : inline(text, link);
}

/** Code, with or without a fence and a caption. */
function example(text: string, link: Link | undefined): Child {
  const [, caption, body = text] = /^<caption>([\s\S]*?)<\/caption>\s*([\s\S]*)$/.exec(text) ?? [];
  return [
    caption !== undefined && h("p", {}, inline(caption, link)),
    body.includes("```") ? prose(body, link, "") : block(body),
  ];
}
