/**
 * Defaults of parameters as values: what an author has written as a literal, read without running it. Anything else (`new Date()`,
 * another constant) stays words.
 */
import type { Field, Tagged } from "../api.ts";

/** Undefined for what is no literal. @param field of the parameter, which has the members of an enum */
export function literalValue(text: string, field: Field): Tagged | undefined {
  const named = field.kind === "select" ? field.options.find(({ label }) => label === text.trim()) : undefined;
  if (named) return named.value;
  const reader = new Reader(text);
  try {
    const value = reader.value();
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#space();
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  value(): Tagged {
    if (this.#takes(/\[/y)) return this.#list(/\]/y, () => this.value());
    if (this.#takes(/\{/y)) return { $: "object", v: this.#list(/\}/y, () => this.#property()) };
    const string = this.#takes(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`/y);
    if (string !== undefined) return unquoted(string);
    const number = this.#takes(/[-+]?(?:0x[\da-f_]+|0b[01_]+|0o[0-7_]+|[\d_]*\.?[\d_]+(?:e[-+]?\d+)?\.?n?)(?![\w$])/iy);
    if (number !== undefined) return numberOf(number);
    const word = this.#takes(/[-+]?Infinity\b|NaN\b|true\b|false\b|null\b|undefined\b/y);
    if (word === undefined) throw new NoLiteral();
    if (/Infinity|NaN/.test(word)) return { $: "number", v: word };
    if (word === "undefined") return { $: "undefined" };
    return word === "null" ? null : word === "true";
  }

  #property(): [Tagged, Tagged] {
    const key = this.#takes(/[\p{ID_Start}$_][\p{ID_Continue}$]*/uy);
    const name = key ?? this.value();
    if (typeof name !== "string" || this.#takes(/:/y) === undefined) throw new NoLiteral();
    return [name, this.value()];
  }

  /** Behind the opening bracket. */
  #list<T>(close: RegExp, item: () => T): T[] {
    const items: T[] = [];
    while (this.#takes(close) === undefined) {
      items.push(item());
      if (this.#takes(/,/y) !== undefined) continue;
      if (this.#takes(close) !== undefined) break;
      throw new NoLiteral();
    }
    return items;
  }

  #takes(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return undefined;
    this.#at += found.length;
    this.#space();
    return found;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", "0": "\0" };

function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replaceAll(/\\(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|(.))/gis, (_, point, unit, byte, other: string) => {
      const code = point ?? unit ?? byte;
      if (code === undefined) return ESCAPES[other] ?? other;
      if (Number.parseInt(code, 16) > 0x10ffff) throw new NoLiteral();
      return String.fromCodePoint(Number.parseInt(code, 16));
    });
}

function numberOf(text: string): Tagged {
  const plain = text.replaceAll("_", "");
  if (plain.endsWith("n") && !/^[-+]?0x/i.test(plain)) return { $: "bigint", v: plain.slice(0, -1).replace("+", "") };
  const sign = plain.startsWith("-") ? -1 : 1;
  const value = sign * Number(plain.replace(/^[-+]/, ""));
  if (Number.isNaN(value)) throw new NoLiteral();
  return Object.is(value, -0) ? { $: "number", v: "-0" } : value;
}
