/**
 * Strings from elsewhere, as a terminal may show them. A terminal takes some characters for orders: to erase and rewrite what it
 * shows, to set its title or clipboard. And some turn the direction of what follows, so that it reads as something else.
 */

const ORDERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** With such characters as escapes, as JSON writes them; line ends and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(ORDERS, escaped);
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
