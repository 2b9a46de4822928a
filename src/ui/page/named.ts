/** A field under its name; one that is optional is made when its box is ticked, and left out otherwise. */
import { h, id, inline } from "./dom.ts";
import { focusIn, type Places, type Widget } from "./widget.ts";

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
