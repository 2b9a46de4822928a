/**
 * The fields of a form, one for each kind of type. A field reads as a tagged value, exactly; what makes no sense is read as it
 * was written, so that the function's own validator says what is wrong with it.
 */
import type { Field, Tagged } from "../api.ts";
import { h, id, inline } from "./dom.ts";

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

const UNDEFINED: Tagged = { $: "undefined" };
const DEEPEST = 8;

/** @param name for those who hear it */
export function widget(index: number, places: Places, name: string, depth = 0): Widget {
  const field = places.fields[index] as Field;
  if (depth > DEEPEST && field.kind !== "json")
    return scalar({ type: field.type, kind: "json", schema: { kind: "primitive", name: "unknown" } }, name);
  const inner = (child: number, label: string) => widget(child, places, label, depth + 1);
  switch (field.kind) {
    case "array":
    case "set":
      return list(field, places, name, (label) => inner(field.item, label));
    case "map":
      return pairs(
        places,
        name,
        (label) => inner(field.key, label),
        (label) => inner(field.value, label),
        (entries) => ({ $: "map", v: entries }),
      );
    case "tuple":
      return tuple(field, places, name, inner);
    case "object":
      return object(field, places, name, inner);
    case "union":
      return union(field, places, name, inner);
    default:
      return scalar(field, name);
  }
}

function make(
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
function step(path: string): [key: string, rest: string] {
  const [whole, property, quoted, index] = /^(?:\.([^.[]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\])/.exec(path) ?? [""];
  const key = property ?? index ?? (quoted === undefined ? "" : (JSON.parse(quoted) as string));
  return [key, path.slice(whole.length)];
}

// ---- one value ------------------------------------------------------------------------------------------------

function scalar(field: Field, name: string): Widget {
  const box = h("div", { class: "field" });
  const label = { "aria-label": name };
  switch (field.kind) {
    case "constant": {
      box.append(h("code", {}, field.type));
      return make(box, () => field.value);
    }
    case "boolean":
      return select(
        box,
        [false, true].map((value) => ({ label: String(value), value })),
        label,
      );
    case "select":
      return select(box, field.options, label);
    case "number": {
      const input = h("input", { ...label, type: "text", inputmode: "decimal", placeholder: "0", autocomplete: "off" });
      box.append(input);
      return make(box, () => number(input.value.trim()), undefined, input);
    }
    case "date": {
      const input = h("input", { ...label, type: "datetime-local", step: "1" });
      box.append(input);
      const read = (): Tagged => {
        const date = new Date(input.value);
        return Number.isNaN(date.getTime()) ? UNDEFINED : { $: "date", v: date.toISOString() };
      };
      return make(box, read, undefined, input);
    }
    case "bytes": {
      const input = h("input", { ...label, type: "file" });
      let content: Tagged = UNDEFINED;
      input.addEventListener("change", async () => {
        const [file] = input.files ?? [];
        content = file ? { $: "bytes", v: await base64(file), class: field.class } : UNDEFINED;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      });
      box.append(input);
      return make(box, () => content, undefined, input);
    }
    case "bigint":
    case "url":
    case "regexp": {
      const placeholder = { bigint: "0", url: "https://…", regexp: "/pattern/flags" }[field.kind];
      const input = h("input", { ...label, type: "text", placeholder, autocomplete: "off", spellcheck: "false" });
      box.append(input);
      const { kind } = field;
      return make(box, () => (input.value === "" ? UNDEFINED : { $: kind, v: input.value }), undefined, input);
    }
    case "json": {
      const { schema } = field;
      return json(box, schema, label);
    }
    default: {
      const input = h("textarea", { ...label, rows: 1 });
      box.append(input);
      return make(box, () => input.value, undefined, input);
    }
  }
}

function select(
  box: HTMLElement,
  options: readonly { label: string; value: Tagged }[],
  label: { "aria-label": string },
): Widget {
  const control = h(
    "select",
    label,
    options.map((option, index) => h("option", { value: index }, option.label)),
  );
  box.append(control);
  return make(box, () => options[Number(control.value)]?.value ?? UNDEFINED, undefined, control);
}

/** The way out for every type. Throws SyntaxError when it is no JSON. */
export function json(box: HTMLElement, schema: unknown, label: { "aria-label": string }, text = ""): Widget {
  const input = h("textarea", { ...label, class: "json", rows: 3, placeholder: "JSON", spellcheck: "false" });
  input.value = text;
  box.append(input);
  return make(
    box,
    () => (input.value.trim() === "" ? UNDEFINED : { $: "json", v: JSON.parse(input.value), schema }),
    undefined,
    input,
  );
}

function number(text: string): Tagged {
  if (text === "") return UNDEFINED;
  if (/^[-+]?Infinity$|^NaN$|^-0$/.test(text)) return { $: "number", v: text };
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

// ---- many values ----------------------------------------------------------------------------------------------

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

function list(
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

function pairs(
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

function tuple(
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

function object(
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

function union(
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

// ---- labels ---------------------------------------------------------------------------------------------------

export interface Named {
  element: HTMLElement;
  widget(): Widget;
  /** Left out otherwise. */
  given(): boolean;
}

/** A field with its name, type and documentation; what is optional is made once it is wanted. */
export function named(
  name: string,
  doc: string | undefined,
  type: string,
  optional: boolean,
  create: () => Widget,
  places: Places,
  extra?: HTMLElement,
  otherwise = "",
): Named {
  let made: Widget | undefined;
  const widgetOf = (): Widget => {
    made ??= create();
    return made;
  };
  const typeText = h("code", { class: "dim" }, type);
  const about = doc === undefined || doc === "" ? undefined : h("p", { class: "dim about" }, inline(doc));
  const body = h("div", {});
  if (!optional) {
    const own = widgetOf();
    const target = own.control?.tagName === "BUTTON" ? undefined : own.control;
    const title = target ? h("label", { for: labelTarget(target) }, name) : h("span", { class: "label" }, name);
    body.append(own.element);
    return {
      element: h("div", { class: "named" }, h("div", { class: "head" }, title, typeText, extra), about, body),
      widget: widgetOf,
      given: () => true,
    };
  }
  const box = h("input", { type: "checkbox" });
  const element = h(
    "div",
    { class: "named" },
    h(
      "div",
      { class: "head" },
      h("label", {}, box, name),
      typeText,
      h("span", { class: "dim" }, otherwise === "" ? "optional" : `optional, ${otherwise} when left out`),
      extra,
    ),
    about,
    body,
  );
  if (extra) extra.hidden = true;
  box.addEventListener("change", () => {
    body.replaceChildren(box.checked ? widgetOf().element : "");
    if (extra) extra.hidden = !box.checked;
    if (box.checked) focusIn(body);
    places.changed();
  });
  return { element, widget: widgetOf, given: () => box.checked };
}

function labelTarget(control: HTMLElement): string {
  // The label names it, for everybody.
  control.removeAttribute("aria-label");
  control.id = id("field");
  return control.id;
}

function focusIn(element: HTMLElement): void {
  element.querySelector<HTMLElement>("input, textarea, select, button")?.focus({ preventScroll: true });
}
