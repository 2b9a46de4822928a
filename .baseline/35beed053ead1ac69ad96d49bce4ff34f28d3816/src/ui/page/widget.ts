/**
 * What a field of a form is: an element that reads as a tagged value, exactly. What makes no sense is read as it was written, so
 * that the function's own validator says what is wrong with it.
 */
import type { Field, Tagged } from "../api.ts";
import { h } from "./dom.ts";

/** All fields of a form by the place of their value, `options.sizes[2]`: where messages go. */
export interface Places {
  readonly fields: readonly Field[];
  /** An item or a choice came or went. */
  changed(): void;
}

export interface Widget {
  element: HTMLElement;
  read(): Tagged;
  /** The widget of a place inside, `.width`, `[2]`; itself for "". */
  at(path: string): Widget;
  /** What a click on its label goes to. */
  control?: HTMLElement;
  message: HTMLElement;
}

export const UNDEFINED: Tagged = { $: "undefined" };

export function make(
  element: HTMLElement,
  read: () => Tagged,
  inside?: (path: string) => Widget | undefined,
  control?: HTMLElement,
): Widget {
  const message = h("p", { class: "error", role: "alert" });
  message.hidden = true;
  const self: Widget = {
    element,
    read,
    at: (path) => (path === "" ? self : (inside?.(path) ?? self)),
    ...(control && { control }),
    message,
  };
  element.append(message);
  return self;
}

/** The first step of a path and the rest: `.a`, `["a b"]`, `[2]`. */
export function step(path: string): [key: string, rest: string] {
  const [whole, property, quoted, index] = /^(?:\.([^.[]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\])/.exec(path) ?? [""];
  const key = property ?? index ?? (quoted === undefined ? "" : (JSON.parse(quoted) as string));
  return [key, path.slice(whole.length)];
}

export function focusIn(element: HTMLElement): void {
  element.querySelector<HTMLElement>("input, textarea, select, button")?.focus({ preventScroll: true });
}
