/** A field under its name; one that is optional is made when its box is ticked, and left out otherwise. */
import { inline } from "./docs.ts";
import { type Child, h, id } from "./dom.ts";
import { focusIn, type Places, type Widget } from "./widget.ts";

export interface Named {
  element: HTMLElement;
  widget(): Widget;
  /** Left out otherwise. */
  given(): boolean;
}

interface NamedOptions {
  name: string;
  doc?: string | undefined;
  type: string;
  optional: boolean;
  create: () => Widget;
  places: Places;
  /** Beside the name, while there is a field. */
  extra?: HTMLElement | undefined;
  /** What counts when it is left out, as its author wrote it. */
  otherwise?: string | undefined;
  /** `create` makes a field that shows just that: it is there from the start, and using it is ticking the box. */
  prefilled?: boolean;
  /** It is given to begin with. */
  ticked?: boolean;
}

/** A field with its name, type and documentation; what is optional is made once it is wanted. */
export function named(options: NamedOptions): Named {
  const { name, doc = "", type, optional, create, extra } = options;
  if (optional) return optionalField(options);
  const own = create();
  const target = own.control?.tagName === "BUTTON" ? undefined : own.control;
  const title = target ? h("label", { for: labelTarget(target) }, name) : h("span", { class: "label" }, name);
  return {
    element: h(
      "div",
      { class: "named" },
      h("div", { class: "head" }, title, h("code", { class: "dim" }, type), extra),
      about(doc),
      h("div", {}, own.element),
    ),
    widget: () => own,
    given: () => true,
  };
}

function optionalField(options: NamedOptions): Named {
  const { name, doc = "", type, create, places, extra, otherwise, prefilled = false, ticked = false } = options;
  let made: Widget | undefined;
  const widget = (): Widget => {
    made ??= create();
    return made;
  };
  const box = h("input", { type: "checkbox", checked: ticked });
  const body = h("div", {});
  const draw = (): void => {
    body.replaceChildren(box.checked || prefilled ? widget().element : "");
    body.className = box.checked ? "" : "untouched";
    if (extra) extra.hidden = !box.checked;
  };
  box.addEventListener("change", () => {
    // The default is back.
    if (!box.checked && prefilled) made = undefined;
    draw();
    if (box.checked) focusIn(body);
    places.changed();
  });
  body.addEventListener("input", () => {
    box.checked = true;
    body.className = "";
  });
  draw();
  const note: Child =
    otherwise === undefined || prefilled ? "optional" : ["optional, ", inline(otherwise), " when left out"];
  const head = [h("label", {}, box, name), h("code", { class: "dim" }, type), h("span", { class: "dim" }, note), extra];
  return {
    element: h("div", { class: "named" }, h("div", { class: "head" }, head), about(doc), body),
    widget,
    given: () => box.checked,
  };
}

function about(doc: string): Element | undefined {
  return doc === "" ? undefined : h("p", { class: "dim about" }, inline(doc));
}

function labelTarget(control: HTMLElement): string {
  // The label names it, for everybody.
  control.removeAttribute("aria-label");
  control.id = id("field");
  return control.id;
}
