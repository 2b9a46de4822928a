/** The form of one signature: its parameters, what is wrong with them, and their values. */
import type { ArgumentFault, Form, FormParameter, Tagged } from "../api.ts";
import { h } from "./dom.ts";
import { widget } from "./fields.ts";
import { type Named, named } from "./named.ts";
import { json, plain as plainValue } from "./scalar.ts";
import type { Places, Widget } from "./widget.ts";

/** What a form cannot read: it is shown where it is. */
class Unreadable extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

export class ArgumentForm {
  readonly element: HTMLElement;
  readonly #parameters: { parameter: FormParameter; named: Named }[];
  #messages: HTMLElement[] = [];
  /** For what has no place in it. */
  readonly #general = h("p", { class: "error", role: "alert" });
  /** The fields that somebody has been in: only these complain before the form is sent. */
  readonly #touched = new Set<Element>();
  #sent = false;

  /** @param none what to say when there are no parameters */
  constructor(form: Form, none: string, onChange: () => void) {
    const places: Places = { fields: form.fields, changed: onChange };
    this.#parameters = form.parameters.map((parameter) => ({ parameter, named: parameterField(parameter, places) }));
    this.#general.hidden = true;
    this.element = h(
      "div",
      { class: "form" },
      form.parameters.length === 0 && h("p", { class: "dim" }, none),
      this.#parameters.map((each) => each.named.element),
      this.#general,
    );
    this.element.addEventListener("input", onChange);
    this.element.addEventListener("change", onChange);
    this.element.addEventListener("focusout", (event) => {
      if (event.target instanceof Element) this.#touched.add(event.target);
    });
  }

  /** Undefined when something cannot be read, which it then says. */
  read(): Tagged[] | undefined {
    try {
      return this.#parameters.flatMap(({ parameter, named }): Tagged[] => {
        if (!named.given()) return [{ $: "undefined" }];
        const value = readable(parameter.name, named.widget());
        // A JSON editor gives the list itself.
        if (!parameter.rest) return [value];
        if (Array.isArray(value)) return value;
        return typeof value === "object" && value !== null && value.$ === "json" && Array.isArray(value.v)
          ? value.v.map((item): Tagged => ({ $: "json", v: item, schema: elementOf(value.schema) }))
          : [];
      });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.tell([{ code: "", message: error.message, path: error.path }]);
      return undefined;
    }
  }

  /** From now on every field may complain. */
  sent(): void {
    this.#sent = true;
  }

  /** Shows what is wrong next to the fields; that nothing is when there are no faults. */
  tell(faults: readonly ArgumentFault[], focus = false): void {
    for (const message of this.#messages) message.hidden = true;
    for (const invalid of this.element.querySelectorAll("[aria-invalid]")) invalid.removeAttribute("aria-invalid");
    this.#messages = [];
    for (const fault of faults) this.#tellOne(fault, focus);
  }

  #tellOne(fault: ArgumentFault, focus: boolean): void {
    const found = this.#at(fault.path);
    const untouched = found && ![...this.#touched].some((element) => found.element.contains(element));
    if (untouched && !this.#sent) return;
    const message = found?.message ?? this.#general;
    if (this.#messages.includes(message)) return;
    message.textContent = found ? fault.message.replace(/^[^(]*\([^:]*\): /, "") : fault.message;
    message.hidden = false;
    if (found?.control?.tagName !== "BUTTON") found?.control?.setAttribute("aria-invalid", "true");
    if (this.#messages.push(message) > 1 || !focus) return;
    (found?.control ?? message).focus({ preventScroll: true });
    message.scrollIntoView({ block: "nearest" });
  }

  #at(path: string): Widget | undefined {
    const [, name = "", rest = ""] = /^([^.[]*)(.*)$/s.exec(path) ?? [];
    const found = this.#parameters.find(({ parameter }) => parameter.name === name);
    return found?.named.given() ? found.named.widget().at(rest) : undefined;
  }
}

/** Any but the plainest can be written as JSON instead. */
function parameterField(parameter: FormParameter, places: Places): Named {
  const { name, doc, optional, rest, initial } = parameter;
  const field = places.fields[parameter.field]!;
  const plain = [
    "text",
    "number",
    "boolean",
    "bigint",
    "date",
    "url",
    "regexp",
    "constant",
    "select",
    "bytes",
    "json",
  ].includes(field.kind);
  const toggle = plain
    ? undefined
    : h("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "as JSON");
  const create = (): Widget => {
    const own = widget(parameter.field, places, name, initial);
    if (!toggle) return own;
    const place = h("div", {}, own.element);
    let editor: Widget | undefined;
    let asJson = false;
    toggle.addEventListener("click", () => {
      asJson = !asJson;
      if (asJson)
        editor = json(
          h("div", { class: "field" }),
          parameter.schema,
          { "aria-label": `${name} as JSON` },
          plainJson(own),
        );
      const next = asJson && editor ? editor : own;
      toggle.setAttribute("aria-pressed", String(asJson));
      place.replaceChildren(next.element);
      next.control?.focus({ preventScroll: true });
      places.changed();
    });
    const current = (): Widget => (asJson && editor ? editor : own);
    return {
      element: place,
      read: () => current().read(),
      at: (path) => current().at(path),
      get control() {
        return current().control as HTMLElement;
      },
      get message() {
        return current().message;
      },
    };
  };
  return named({
    name: rest ? `...${name}` : name,
    doc,
    type: field.type,
    optional,
    create,
    places,
    extra: toggle,
    otherwise: parameter.default,
    prefilled: plain && initial !== undefined,
  });
}

function readable(path: string, own: Widget): Tagged {
  try {
    return own.read();
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unreadable(path, `this is not valid JSON: ${error.message}`);
    throw error;
  }
}

/** What a form holds, to go on with as JSON. */
function plainJson(own: Widget): string {
  try {
    return JSON.stringify(plainValue(own.read()), undefined, 2) ?? "";
  } catch {
    return "";
  }
}

function elementOf(schema: unknown): unknown {
  return (schema as { element?: unknown }).element ?? { kind: "primitive", name: "unknown" };
}
