/** Values and errors of calls. */
import type { ShownError, ShownValue } from "../api.ts";
import { block } from "./code.ts";
import { h } from "./dom.ts";

/** @param whole fetches all of a value that was cut */
export function valueBlock(value: ShownValue, whole?: () => Promise<ShownValue>): Element {
  const box = h("div", { class: "value" });
  const draw = (shown: ShownValue): void => {
    const text = shown.text === "" ? h("pre", {}, h("em", { class: "dim" }, "empty")) : block(shown.text);
    box.replaceChildren(text);
    if (!shown.cut || !whole) return;
    const button = h("button", { type: "button", class: "quiet" }, "Show all");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        draw({ ...(await whole()), cut: false });
      } catch (error) {
        button.replaceWith(h("p", { class: "bad" }, (error as Error).message));
      }
    });
    box.append(button);
  };
  draw(value);
  return box;
}

export function errorBlock(error: ShownError): Element {
  return h(
    "div",
    { class: "failure", role: "alert" },
    h("p", {}, h("strong", {}, error.code ?? error.name), " ", error.message),
    error.hint !== undefined && h("p", { class: "hint" }, error.hint),
    error.text !== "" && h("pre", { class: "stack", tabindex: 0 }, error.text),
  );
}
