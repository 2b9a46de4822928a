/**
 * Untrusted strings, made safe to print to a terminal. A terminal executes some characters as commands: to erase and rewrite its
 * screen, to set its title or clipboard. Others change the text direction, so that what follows reads as something else.
 */

const ORDERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Escapes such characters as JSON does; line ends and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(ORDERS, escaped);
}

/** The same, on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
