/** Fields of any number of values: lists and sets, and pairs of a key and a value. */
import type { Field, Tagged } from "../api.ts";
import { h } from "./dom.ts";
import { focusIn, make, type Places, step, type Widget } from "./widget.ts";

function adder(text: string, onClick: () => void): HTMLElement {
  return h("button", { type: "button", class: "quiet add", onclick: onClick }, text);
}

/** A row that can be taken away again. */
function removable(places: Places, name: string, onRemove: () => void, ...content: HTMLElement[]): HTMLElement {
  const row = h("li", {}, h("div", { class: "parts" }, content));
  const remove = h(
    "button",
    { type: "button", class: "quiet remove", "aria-label": `Remove ${name}`, title: "Remove" },
    "×",
  );
  remove.addEventListener("click", () => {
    row.remove();
    onRemove();
    places.changed();
  });
  row.append(remove);
  return row;
}

export function list(
  field: Field & { kind: "array" | "set" },
  places: Places,
  name: string,
  item: (label: string, initial?: Tagged) => Widget,
  initial?: Tagged,
): Widget {
  const items: Widget[] = [];
  const rows = h("ul", { class: "items" });
  const add = (value?: Tagged): Widget => {
    const each = item(`${name}, item ${items.length + 1}`, value);
    items.push(each);
    rows.append(removable(places, "item", () => items.splice(items.indexOf(each), 1), each.element));
    return each;
  };
  for (const value of Array.isArray(initial) ? initial : []) add(value);
  const button = adder("Add item", () => {
    focusIn(add().element);
    places.changed();
  });
  return make(
    h("div", { class: "field nested", role: "group", "aria-label": name }, rows, button),
    () => {
      const values = items.map((each) => each.read());
      return field.kind === "set" ? { $: "set", v: values } : values;
    },
    (path) => {
      const [key, rest] = step(path);
      return items[Number(key)]?.at(rest);
    },
    button,
  );
}

export function pairs(
  places: Places,
  name: string,
  key: (label: string, initial?: Tagged) => Widget,
  value: (label: string, initial?: Tagged) => Widget,
  read: (entries: [Tagged, Tagged][]) => Tagged,
  initial: readonly [Tagged, Tagged][] = [],
): Widget {
  const entries: [Widget, Widget][] = [];
  const rows = h("ul", { class: "items" });
  const add = ([first, second]: [Tagged?, Tagged?]): [Widget, Widget] => {
    const at = entries.length + 1;
    const entry: [Widget, Widget] = [key(`${name}, key ${at}`, first), value(`${name}, value ${at}`, second)];
    entries.push(entry);
    rows.append(
      removable(places, "entry", () => entries.splice(entries.indexOf(entry), 1), entry[0].element, entry[1].element),
    );
    return entry;
  };
  for (const pair of initial) add(pair);
  const button = adder("Add entry", () => {
    focusIn(add([])[0].element);
    places.changed();
  });
  return make(
    h("div", { class: "field nested pairs", role: "group", "aria-label": name }, rows, button),
    () => read(entries.map(([one, other]) => [one.read(), other.read()])),
    (path) => {
      const [wanted, rest] = step(path);
      return entries.find(([one]) => one.read() === wanted)?.[1].at(rest);
    },
    button,
  );
}
