/** TypeScript and printed values with colours, and declared types as links. A look at words is enough for both. */
import { h } from "./dom.ts";

const WORDS =
  /(\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|(-?\b\d[\w.]*)|([\p{ID_Start}$_][\p{ID_Continue}$]*)|(=>|[^\p{ID_Start}$_\d"'`/]+|.)/gsu;

const KEYWORDS = new Set(
  "interface type enum const extends keyof infer in as readonly is asserts unique abstract new null undefined true false".split(
    " ",
  ),
);
const PRIMITIVES = new Set("string number boolean bigint void unknown any never object symbol".split(" "));

/** @param link where a declared type of this name is shown */
export function code(text: string, link?: (name: string) => string | undefined): HTMLElement {
  const element = h("code", { class: "code" });
  for (const [whole, comment, string, number, word] of text.matchAll(WORDS)) {
    const href = word === undefined ? undefined : link?.(word);
    if (href !== undefined) element.append(h("a", { href, class: "t" }, whole));
    else {
      const kind = comment
        ? "c"
        : string
          ? "s"
          : number
            ? "n"
            : word === undefined
              ? ""
              : KEYWORDS.has(word)
                ? "k"
                : PRIMITIVES.has(word)
                  ? "p"
                  : /^[A-Z]/.test(word)
                    ? "t"
                    : "";
      element.append(kind === "" ? whole : h("span", { class: kind }, whole));
    }
  }
  return element;
}

/** A string as other values have it inside of them: in the quotes that need the fewest backslashes. */
export function quotedText(text: string): string {
  const plain = JSON.stringify(text).slice(1, -1);
  if (text.includes("'")) return text.includes('"') ? `\`${plain.replaceAll('\\"', '"')}\`` : `"${plain}"`;
  return `'${plain.replaceAll('\\"', '"')}'`;
}

/** Beyond this, colours cost more than they help. */
const COLOURED = 20_000;

export function block(text: string, link?: (name: string) => string | undefined): HTMLElement {
  const body = text.length > COLOURED ? h("code", { class: "code" }, text) : code(text, link);
  return h("pre", { tabindex: 0 }, body);
}
