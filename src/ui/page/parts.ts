/** Fields of values with parts of their own: objects, tuples, and a choice among types. */
import type { Field, Tagged } from "../api.ts";
import { h } from "./dom.ts";
import { list, pairs } from "./many.ts";
import { named } from "./named.ts";
import { scalar } from "./scalar.ts";
import { make, type Places, step, UNDEFINED, type Widget } from "./widget.ts";

export function tuple(
  field: Field & { kind: "tuple" },
  places: Places,
  name: string,
  inner: (index: number, label: string) => Widget,
): Widget {
  const items = field.items.map((item) =>
    named(
      item.name,
      undefined,
      places.fields[item.field]?.type ?? "",
      item.optional,
      () => inner(item.field, item.name),
      places,
    ),
  );
  const rest = field.rest;
  const more =
    rest === undefined
      ? undefined
      : list({ type: "", kind: "array", item: rest }, places, `${name}, more`, (label) => inner(rest, label));
  const read = (): Tagged[] => {
    const values = items.map((item) => (item.given() ? item.widget().read() : UNDEFINED));
    const others = more ? (more.read() as Tagged[]) : []; // a list reads as an array
    while (others.length === 0 && values.length > 0 && !items[values.length - 1]?.given()) values.pop();
    return [...values, ...others];
  };
  return make(
    h(
      "div",
      { class: "field nested", role: "group", "aria-label": name },
      items.map(({ element }) => element),
      more?.element ?? "",
    ),
    read,
    (path) => {
      const [key, rest] = step(path);
      const item = items[Number(key)];
      return item ? item.widget().at(rest) : more?.at(`[${Number(key) - items.length}]${rest}`);
    },
  );
}

export function object(
  field: Field & { kind: "object" },
  places: Places,
  name: string,
  inner: (index: number, label: string) => Widget,
): Widget {
  const properties = field.properties.map((property) => ({
    name: property.name,
    ...named(
      property.name,
      property.doc,
      places.fields[property.field]?.type ?? "",
      property.optional,
      () => inner(property.field, property.name),
      places,
    ),
  }));
  const { values } = field;
  const others =
    values === undefined
      ? undefined
      : pairs(
          places,
          properties.length > 0 ? `${name}, other properties` : name,
          (label) => scalar({ type: "string", kind: "text" }, label),
          (label) => inner(values, label),
          (entries) => ({ $: "object", v: entries }),
        );
  return make(
    h(
      "div",
      { class: "field nested", role: "group", "aria-label": name },
      properties.map(({ element }) => element),
      others?.element ?? "",
    ),
    () => {
      const own = properties
        .filter((property) => property.given())
        .map((property): [Tagged, Tagged] => [property.name, property.widget().read()]);
      const more = others ? (others.read() as { v: [Tagged, Tagged][] }).v : []; // as `read` above makes it
      return { $: "object", v: [...own, ...more] };
    },
    (path) => {
      const [key, rest] = step(path);
      const property = properties.find((each) => each.name === key);
      return property ? property.widget().at(rest) : others?.at(path);
    },
  );
}

export function union(
  field: Field & { kind: "union" },
  places: Places,
  name: string,
  inner: (index: number, label: string) => Widget,
): Widget {
  const control = h(
    "select",
    { "aria-label": `${name}, type` },
    field.options.map(({ label }, index) => h("option", { value: index }, label)),
  );
  const place = h("div", {});
  const made = new Map<number, Widget>();
  let chosen: Widget;
  const choose = (): void => {
    const index = Number(control.value);
    let next = made.get(index);
    if (!next) {
      next = inner(field.options[index]?.field ?? 0, name);
      made.set(index, next);
    }
    chosen = next;
    place.replaceChildren(places.fields[field.options[index]?.field ?? 0]?.kind === "constant" ? "" : next.element);
  };
  control.addEventListener("change", () => {
    choose();
    places.changed();
  });
  choose();
  return make(
    h("div", { class: "field union" }, control, place),
    () => chosen.read(),
    (path) => chosen.at(path),
    control,
  );
}
