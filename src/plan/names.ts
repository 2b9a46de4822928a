/**
 * Names in generated code. What is deployed is named by people, and in other languages too: names are kept where
 * TypeScript can take them, changed predictably where it cannot, and never become code.
 */
import { isBindingName, isIdentifierName } from "../schema/index.ts";

/** Cannot be declared in a module although they are identifiers. */
const UNDECLARABLE = new Set(["undefined", "globalThis", "__esModule", "exports", "module", "require"]);

/** Can be the name of an exported const. */
export function canDeclare(name: string): boolean {
  return isBindingName(name) && !UNDECLARABLE.has(name);
}

/** An identifier that reads like `text`: itself, or `my-app` as `myApp`. */
export function toIdentifier(text: string): string {
  if (isIdentifierName(text)) return text;
  const words = text
    .normalize("NFC")
    .split(/[^\p{ID_Continue}$]+/u)
    .filter((word) => word !== "");
  const joined = words.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join("");
  return isIdentifierName(joined) ? joined : `_${joined}`;
}

/**
 * A file's base name that every file system takes: no separators, no leading dot, none of Windows' devices; and not the name of a
 * declaration file, `a.d.ts`, to which compilers look for types alone.
 */
export function toFileName(text: string): string {
  const safe = text
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-")
    .replace(/^[.-]+/, "");
  const name =
    shortened(safe)
      .replace(/[.-]+$/, "")
      .replace(/\.d(?=\.|$)/g, ".d_") || "app";
  return /^(con|prn|aux|nul|com\d|lpt\d|index)(\.|$)/i.test(name) ? `${name}_` : name;
}

/** File systems count bytes, 255 of them mostly, and what names end in comes after. */
function shortened(name: string): string {
  let text = "";
  for (const character of name) {
    if (text.length >= 100 || Buffer.byteLength(text + character) > 200) break;
    text += character;
  }
  return text;
}

/** The names of one module: hands out each once. */
export class Scope {
  readonly #taken: Set<string>;
  /** By preferred name, so that a thousand of one kind do not try a thousand names each. */
  readonly #counts = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** `preferred`, or with an underscore and a number where that is taken. */
  claim(preferred: string): string {
    let name = preferred;
    let count = this.#counts.get(preferred) ?? 0;
    for (; this.#taken.has(name); count++) name = `${preferred}_${count === 0 ? "" : count + 1}`;
    this.#counts.set(preferred, count);
    this.#taken.add(name);
    return name;
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }
}

/** How a file's parts get the names that they use in it. */
export interface Names {
  /** Imports a helper from "farcall" and gives the name that it has in the file. */
  use(helper: string): string;
  /** How a global type is called in the file, which may declare another of its name. */
  global(name: string): string;
  /** A name for an interface, as near to the wanted one as possible. */
  claim(wanted: string): string;
}

/** Order that does not depend on the machine's language. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
