/** Values and errors of calls. */
import type { ShownArgument, ShownError, ShownValue } from "../api.ts";
import { file, get } from "./api.ts";
import { bytesBlock, type FetchBytes } from "./bytes.ts";
import { block, quotedText } from "./code.ts";
import { copyButton, h } from "./dom.ts";

/** Where the rest of a value is to be had. */
export interface Source {
  /** All of a value that was cut. */
  whole(): Promise<ShownValue>;
  bytes: FetchBytes;
}

/** Of a value that the engine remembers. @param part as the server's `wholeValue` has it */
export function remembered(id: string, index: number, part: string | number): Source {
  return {
    whole: () => get("value", { id, index, part }),
    bytes: (path) => file({ id, index, part, path }),
  };
}

const SHORT = 40;

/** @param quoted whether a short string is shown as code, so that it cannot be taken for a number */
export function valueBlock(value: ShownValue, source?: Source, quoted = false): Element {
  const box = h("div", { class: "value" });
  const binary = (value.bytes ?? []).flatMap((each) => bytesBlock(each, source?.bytes) ?? []);
  const draw = (shown: ShownValue): void => {
    const copied = async (): Promise<string> => (shown.cut && source ? (await source.whole()).text : shown.text);
    // Bytes are saved, and what is short is as soon selected.
    const copies = shown.kind === "string" ? shown.text !== "" : shown.text.length > SHORT && !isOnlyBytes(value);
    const tools = copies && h("div", { class: "corner" }, copyButton(copied));
    box.replaceChildren(h("div", { class: "body" }, textOf(shown, quoted, isOnlyBytes(value)), tools), ...binary);
    if (!shown.cut || !source) return;
    const button = h("button", { type: "button", class: "quiet" }, "Show all");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        draw({ ...(await source.whole()), cut: false });
      } catch (error) {
        button.replaceWith(h("p", { class: "bad" }, (error as Error).message));
      }
    });
    box.append(button);
  };
  draw(value);
  return box;
}

function isOnlyBytes({ bytes }: ShownValue): boolean {
  return bytes?.length === 1 && bytes[0]?.path === "";
}

function textOf({ kind, text }: ShownValue, quoted: boolean, onlyBytes: boolean): Element {
  if (kind !== "string" && !onlyBytes) return block(text);
  if (quoted && !onlyBytes && text.length < 200 && !text.includes("\n")) return block(quotedText(text));
  // A string's words are no code.
  return h("pre", { tabindex: 0 }, text === "" ? h("em", { class: "dim" }, "empty") : text);
}

/** Arguments under their names. */
export function argumentList(args: readonly ShownArgument[], sourceOf: (at: number) => Source | undefined): Element {
  if (args.length === 0) return h("p", { class: "dim" }, "None.");
  return h(
    "dl",
    { class: "arguments" },
    args.map(({ name, value }, at) => [
      h("dt", {}, h("code", {}, name === "" ? String(at) : name)),
      h("dd", {}, valueBlock(value, sourceOf(at), true)),
    ]),
  );
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
