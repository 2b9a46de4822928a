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
  item: (label: string) => Widget,
): Widget {
  const items: Widget[] = [];
  const rows = h("ul", { class: "items" });
  const add = (): void => {
    const each = item(`${name}, item ${items.length + 1}`);
    items.push(each);
    rows.append(removable(places, "item", () => items.splice(items.indexOf(each), 1), each.element));
    focusIn(each.element);
    places.changed();
  };
  const button = adder("Add item", add);
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
  key: (label: string) => Widget,
  value: (label: string) => Widget,
  read: (entries: [Tagged, Tagged][]) => Tagged,
): Widget {
  const entries: [Widget, Widget][] = [];
  const rows = h("ul", { class: "items" });
  const button = adder("Add entry", () => {
    const at = entries.length + 1;
    const entry: [Widget, Widget] = [key(`${name}, key ${at}`), value(`${name}, value ${at}`)];
    entries.push(entry);
    rows.append(
      removable(places, "entry", () => entries.splice(entries.indexOf(entry), 1), entry[0].element, entry[1].element),
    );
    focusIn(entry[0].element);
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
