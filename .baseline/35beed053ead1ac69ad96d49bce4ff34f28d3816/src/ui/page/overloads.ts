/** The form of a function or a constructor: one for each of its signatures, and a choice among them. */
import type { ArgumentFault, Form, Tagged } from "../api.ts";
import { h, id, show } from "./dom.ts";
import { ArgumentForm } from "./form.ts";

export class Overloads {
  readonly element: HTMLElement;
  #form: ArgumentForm;

  /** @param none what to say when there are no parameters */
  constructor(signatures: readonly Form[], none: string, onChange: () => void) {
    const forms = signatures.map((each) => new ArgumentForm(each, none, onChange));
    this.#form = forms[0]!;
    const place = h("div", {}, this.#form.element);
    const choice = h(
      "select",
      { id: id("overload") },
      signatures.map(({ label }, index) => h("option", { value: index }, label)),
    );
    choice.addEventListener("change", () => {
      this.#form = forms[Number(choice.value)]!;
      show(place, this.#form.element);
      onChange();
    });
    this.element = h(
      "div",
      {},
      forms.length > 1 && h("p", {}, h("label", { for: choice.id }, "Signature"), choice),
      place,
    );
  }

  /** Undefined when something cannot be read, which it then says. */
  read(): Tagged[] | undefined {
    return this.#form.read();
  }

  sent(): void {
    this.#form.sent();
  }

  tell(faults: readonly ArgumentFault[], focus = false): void {
    this.#form.tell(faults, focus);
  }
}
