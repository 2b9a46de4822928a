/**
 * Names in generated code. Functions are named by their authors, who may use other languages: names are kept where
 * TypeScript allows them, changed predictably where it does not, and never become code.
 */
import { isBindingName, isIdentifierName } from "../schema/index.ts";

/** Identifiers that cannot be declared in a module. */
const UNDECLARABLE = new Set(["undefined", "globalThis", "__esModule", "exports", "module", "require"]);

/** Whether it can be the name of an exported const. */
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
 * A base name that is valid on every file system: without separators, a leading dot or Windows' device names; nor is it the name of a
 * declaration file, `a.d.ts`, in which compilers look only for types.
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

/** Most file systems limit names to 255 bytes, and an extension follows. */
function shortened(name: string): string {
  let text = "";
  for (const character of name) {
    if (text.length >= 100 || Buffer.byteLength(text + character) > 200) break;
    text += character;
  }
  return text;
}

/** The names of one module: gives each name out once. */
export class Scope {
  readonly #taken: Set<string>;
  /** By preferred name, so that a thousand equal names do not each try a thousand alternatives. */
  readonly #counts = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** `preferred`, with an underscore and a number if it is taken. */
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

/** Gives a file's parts the names that they use in it. */
export interface Names {
  /** Imports a helper from "farcall" and returns its name in the file. */
  use(helper: string): string;
  /** A global type's name in the file, which may declare another type of that name. */
  global(name: string): string;
  /** A name for an interface, as close to the wanted one as possible. */
  claim(wanted: string): string;
}

/** An order that does not depend on the machine's locale. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
