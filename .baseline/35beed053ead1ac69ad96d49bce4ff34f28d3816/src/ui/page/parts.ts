/** Fields of values with parts of their own: objects, tuples, and a choice among types. */
import type { Field, Tagged } from "../api.ts";
import { h } from "./dom.ts";
import { list, pairs } from "./many.ts";
import { named } from "./named.ts";
import { scalar } from "./scalar.ts";
import { make, type Places, step, UNDEFINED, type Widget } from "./widget.ts";

/** The field of a part, by its place among all fields. */
type Inner = (index: number, label: string, initial?: Tagged) => Widget;

function entriesOf(value: Tagged | undefined): [Tagged, Tagged][] {
  return typeof value === "object" && value !== null && "$" in value && value.$ === "object" ? value.v : [];
}

/** Whether a field of this kind is one for such a value. */
function holds(field: Field, value: Tagged): boolean {
  if (field.kind === "constant") return JSON.stringify(field.value) === JSON.stringify(value);
  if (field.kind === "select")
    return field.options.some((option) => JSON.stringify(option.value) === JSON.stringify(value));
  if (Array.isArray(value)) return field.kind === "array" || field.kind === "tuple";
  if (typeof value === "string") return field.kind === "text";
  if (typeof value === "object") return value !== null && field.kind === value.$;
  return field.kind === typeof value;
}

export function tuple(
  field: Field & { kind: "tuple" },
  places: Places,
  name: string,
  inner: Inner,
  initial?: Tagged,
): Widget {
  const given = Array.isArray(initial) ? initial : [];
  const items = field.items.map((item, at) =>
    named({
      name: item.name,
      type: places.fields[item.field]?.type ?? "",
      optional: item.optional,
      create: () => inner(item.field, item.name, given[at]),
      places,
      ticked: at < given.length,
    }),
  );
  const rest = field.rest;
  const more =
    rest === undefined
      ? undefined
      : list(
          { type: "", kind: "array", item: rest },
          places,
          `${name}, more`,
          (label, value) => inner(rest, label, value),
          given.slice(field.items.length),
        );
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
  inner: Inner,
  initial?: Tagged,
): Widget {
  const given = new Map(entriesOf(initial));
  const properties = field.properties.map((property) => ({
    name: property.name,
    ...named({
      name: property.name,
      doc: property.doc,
      otherwise: property.default,
      type: places.fields[property.field]?.type ?? "",
      optional: property.optional,
      create: () => inner(property.field, property.name, given.get(property.name)),
      places,
      ticked: given.has(property.name),
    }),
  }));
  const { values } = field;
  const others =
    values === undefined
      ? undefined
      : pairs(
          places,
          properties.length > 0 ? `${name}, other properties` : name,
          (label, value) => scalar({ type: "string", kind: "text" }, label, value),
          (label, value) => inner(values, label, value),
          (entries) => ({ $: "object", v: entries }),
          entriesOf(initial).filter(([key]) => !field.properties.some((property) => property.name === key)),
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
  inner: Inner,
  initial?: Tagged,
): Widget {
  const first =
    initial === undefined ? -1 : field.options.findIndex((each) => holds(places.fields[each.field]!, initial));
  const control = h(
    "select",
    { "aria-label": `${name}, type` },
    field.options.map(({ label }, index) => h("option", { value: index, selected: index === first }, label)),
  );
  const place = h("div", {});
  const made = new Map<number, Widget>();
  let chosen: Widget;
  const choose = (): void => {
    const index = Number(control.value);
    let next = made.get(index);
    if (!next) {
      next = inner(field.options[index]?.field ?? 0, name, index === first ? initial : undefined);
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
