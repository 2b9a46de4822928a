/** Fields of one value: strings, numbers, choices, files, dates, and JSON for every other type. */
import type { Field, Tagged } from "../api.ts";
import { h } from "./dom.ts";
import { make, UNDEFINED, type Widget } from "./widget.ts";

/** @param initial what it holds to begin with */
export function scalar(field: Field, name: string, initial?: Tagged): Widget {
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
        initial,
      );
    case "select":
      return select(box, field.options, label, initial);
    case "number": {
      const input = h("input", { ...label, type: "text", inputmode: "decimal", placeholder: "0", autocomplete: "off" });
      input.value = wordOf(initial);
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
      input.value = wordOf(initial);
      box.append(input);
      const { kind } = field;
      return make(box, () => (input.value === "" ? UNDEFINED : { $: kind, v: input.value }), undefined, input);
    }
    case "json": {
      const { schema } = field;
      return json(box, schema, label, initial === undefined ? "" : JSON.stringify(plain(initial), undefined, 2));
    }
    default: {
      const input = h("textarea", { ...label, rows: 1 });
      input.value = wordOf(initial);
      box.append(input);
      return make(box, () => input.value, undefined, input);
    }
  }
}

function select(
  box: HTMLElement,
  options: readonly { label: string; value: Tagged }[],
  label: { "aria-label": string },
  initial: Tagged | undefined,
): Widget {
  const wanted = JSON.stringify(initial);
  const control = h(
    "select",
    label,
    options.map(({ label: words, value }, index) =>
      h("option", { value: index, selected: JSON.stringify(value) === wanted }, words),
    ),
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

/** As somebody would write it into the field. */
function wordOf(value: Tagged | undefined): string {
  if (value === undefined || value === null || Array.isArray(value)) return "";
  if (typeof value !== "object") return String(value);
  return "v" in value && typeof value.v === "string" ? value.v : "";
}

/** As JSON, without what JSON cannot say. */
export function plain(value: Tagged): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  switch (value.$) {
    case "undefined":
      return undefined;
    case "object":
      return Object.fromEntries(value.v.map(([key, part]) => [key, plain(part)]));
    case "map":
      return value.v.map(([key, part]) => [plain(key), plain(part)]);
    case "set":
      return value.v.map(plain);
    default:
      return value.v;
  }
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
