/** Fields of one value: strings, numbers, choices, files, dates, and JSON for every other type. */
import type { Field, Tagged } from "../api.ts";
import { h } from "./dom.ts";
import { make, UNDEFINED, type Widget } from "./widget.ts";

export function scalar(field: Field, name: string): Widget {
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
