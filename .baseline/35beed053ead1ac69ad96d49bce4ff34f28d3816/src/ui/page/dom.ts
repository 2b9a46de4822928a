/** Elements in a few words. Text is always text: nothing here takes HTML, so what an engine says can never become any. */
import { ago as agoText, until as untilText } from "../../text/units.ts";

export type Child = Node | string | number | false | undefined | null | readonly Child[];

type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** `on…` listens, `true` sets an empty attribute, `false` and `undefined` none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  assign(element, attributes);
  fill(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  assign(element, attributes);
  fill(element, children);
  return element;
}

function assign(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Adds to what is there. */
export function fill(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) fill(parent, child as Child[]);
    else if (child !== undefined && child !== null && child !== false) {
      parent.append(typeof child === "number" ? String(child) : (child as Node | string));
    }
  }
}

/** Takes the place of what is there. */
export function show(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  fill(parent, children);
}

/** `3 minutes ago`, kept true while it is shown. */
export function ago(iso: string): HTMLTimeElement {
  return timeOf(iso, agoText);
}

/** `in 3 minutes`, in the same way. */
export function until(iso: string): HTMLTimeElement {
  return timeOf(iso, untilText);
}

function timeOf(iso: string, words: (iso: string) => string): HTMLTimeElement {
  const time = h("time", { datetime: iso, title: new Date(iso).toLocaleString() }, words(iso));
  const timer = setInterval(() => {
    if (!time.isConnected) return clearInterval(timer);
    const text = words(iso);
    if (time.textContent !== text) time.textContent = text;
  }, 5_000);
  return time;
}

let lastId = 0;

/** For labels and what they are of. */
export function id(prefix: string): string {
  lastId++;
  return `${prefix}-${lastId}`;
}

export function badge(text: string, kind = ""): HTMLElement {
  return h("span", { class: `badge ${kind}` }, text);
}

/** Words with `code` in backticks. */
export function spans(text: string): Child[] {
  return text.split(/`([^`\n]+)`/).map((part, index) => (index % 2 === 1 ? h("code", {}, part) : part));
}

/** What to do when there is nothing: a line, and a command to copy. */
export function empty(text: string, command?: string): HTMLElement {
  return h("div", { class: "empty" }, h("p", {}, spans(text)), command !== undefined && commandLine(command));
}

function commandLine(command: string): HTMLElement {
  return h(
    "p",
    { class: "command" },
    h("code", {}, command),
    copyButton(() => command),
  );
}

const SAID_MS = 1_500;

/** @param text what it copies, which may have to be fetched first */
export function copyButton(text: () => string | Promise<string>): HTMLButtonElement {
  const button = h("button", { type: "button", class: "quiet copy" }, "Copy");
  const say = (word: string): void => {
    button.textContent = word;
    setTimeout(() => {
      button.textContent = "Copy";
    }, SAID_MS);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(await text());
      say("Copied");
    } catch {
      say("Not copied");
    }
  });
  return button;
}
