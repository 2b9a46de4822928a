/** Elements in a few words. Text is always text: nothing here takes HTML, so what an engine says can never become any. */

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
  const time = h("time", { datetime: iso, title: new Date(iso).toLocaleString() });
  const write = (): void => {
    const text = agoText(iso);
    if (time.textContent !== text) time.textContent = text;
  };
  write();
  const timer = setInterval(() => {
    if (time.isConnected) write();
    else clearInterval(timer);
  }, 5_000);
  return time;
}

function agoText(iso: string): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
  const units: [string, number][] = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  for (const [unit, size] of units) if (seconds >= size) return `${count(Math.floor(seconds / size), unit)} ago`;
  return seconds < 10 ? "just now" : `${Math.floor(seconds / 5) * 5} seconds ago`;
}

export function count(value: number, noun: string): string {
  return `${value.toLocaleString("en")} ${noun}${value === 1 ? "" : "s"}`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** Documentation: paragraphs, and `code` in backticks. */
export function prose(text: string, className = "doc"): HTMLElement | undefined {
  if (text === "") return undefined;
  const paragraphs = text.split(/\n\s*\n/).map((paragraph) => h("p", {}, inline(paragraph)));
  return h("div", { class: className }, paragraphs);
}

/** One line of documentation. */
export function inline(text: string): Child[] {
  return text.split(/`([^`\n]+)`/).map((part, index) => (index % 2 === 1 ? h("code", {}, part) : part));
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

/** What to do when there is nothing: a line, and a command to copy. */
export function empty(text: string, command?: string): HTMLElement {
  return h("div", { class: "empty" }, h("p", {}, inline(text)), command !== undefined && commandLine(command));
}

function commandLine(command: string): HTMLElement {
  const button = h("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", () => {
    void navigator.clipboard?.writeText(command).then(() => {
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = "Copy";
      }, 1_500);
    });
  });
  return h("p", { class: "command" }, h("code", {}, command), button);
}
