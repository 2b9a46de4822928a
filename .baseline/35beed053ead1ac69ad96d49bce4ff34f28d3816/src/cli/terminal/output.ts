/**
 * A command's output. Results go to stdout and everything about them (progress, notes, errors) to stderr, so that
 * a command can be piped. With `--json`, stdout has only JSON. Much of the output comes from elsewhere (names, logs,
 * errors, results), so only control codes made here reach a terminal; a pipe gets everything unchanged.
 */
import { printable, printableLine } from "../../text/index.ts";

type Style = Parameters<typeof import("node:util").styleText>[0];

/** Not imported: an import statement would read all of node:util's exports and load their modules, which adds 10 ms to each command. */
const { styleText } = process.getBuiltinModule("node:util");

const ESCAPE = "\u001b";
const CLEAR_LINE = `\r${ESCAPE}[2K`;

export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  /** Stands for a code's first character until it is written. Random in each run, so that strings from elsewhere cannot contain it. */
  readonly #own = `\0${Math.random().toString(36)}`;

  constructor(json: boolean, stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Whether to show a spinner: stderr is a terminal and nothing turns it off. */
  get animated(): boolean {
    return this.#stderr.isTTY === true && !this.json && process.env.CI === undefined && process.env.TERM !== "dumb";
  }

  /** Columns of the terminal; 100 when there is none. */
  get width(): number {
    return this.#stdout.columns ?? 100;
  }

  get interactive(): boolean {
    return this.#stdout.isTTY === true && !this.json;
  }

  /** A line of the result for people; nothing with `--json`. */
  line(text = ""): void {
    if (!this.json) this.#write(this.#stdout, `${text}\n`);
  }

  /** A line on stderr that is not part of the result; nothing with `--json`. */
  note(text: string): void {
    if (!this.json) this.#write(this.#stderr, `${text}\n`);
  }

  /** A command's result with `--json`: one document, indented on a terminal. */
  document(value: unknown): void {
    if (this.json) this.#write(this.#stdout, `${JSON.stringify(value, undefined, this.#stdout.isTTY ? 2 : 0)}\n`);
  }

  /** One of many results with `--json`: one per line. */
  event(value: object): void {
    if (this.json) this.#write(this.#stdout, `${JSON.stringify(value)}\n`);
  }

  /** Writes a result unchanged, whatever the mode. */
  raw(bytes: string | Uint8Array): void {
    if (typeof bytes === "string") this.#write(this.#stdout, bytes);
    else this.#stdout.write(bytes);
  }

  /** Replaces stderr's current line; clears it when there is nothing to draw. */
  redraw(text = ""): void {
    this.#stderr.write(CLEAR_LINE);
    if (text !== "") this.#write(this.#stderr, text.replaceAll("\n", " "));
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    stream.write(this.#shown(stream, text));
  }

  /** A string as written to a stream. */
  #shown(stream: NodeJS.WriteStream, text: string): string {
    const parts = text.split(this.#own);
    return (stream.isTTY ? parts.map(printable) : parts).join(ESCAPE);
  }

  /** For strings whose only terminal codes were made here. */
  own(text: string): string {
    return text.replaceAll(ESCAPE, this.#own);
  }

  /** A cell of a table: on a terminal it is one line, whatever a name contains. */
  cell(text: string): string {
    return this.#stdout.isTTY ? printableLine(text) : text;
  }

  /** Styles text for stdout; plain if stdout does not support colours. NO_COLOR, FORCE_COLOR and NODE_DISABLE_COLORS decide first. */
  style(style: Style, text: string): string {
    return this.#styled(style, text, this.#stdout);
  }

  /** The same for stderr. */
  styleNote(style: Style, text: string): string {
    return this.#styled(style, text, this.#stderr);
  }

  #styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
    const [before = "", after = ""] = styleText(style, "|", { stream }).split("|");
    return this.own(before) + text + this.own(after);
  }

  /** A hyperlink for stderr; plain text outside a terminal. FORCE_HYPERLINK (0, 1) decides first. */
  linkNote(url: string, text: string): string {
    const forced = process.env.FORCE_HYPERLINK;
    const isLink = forced ? forced !== "0" : this.animated;
    return isLink ? this.own(`${ESCAPE}]8;;${url}${ESCAPE}\\`) + text + this.own(`${ESCAPE}]8;;${ESCAPE}\\`) : text;
  }
}

/** Aligns columns by the longest cell; the header row is dim. */
export function table(output: Output, header: readonly string[], given: readonly (readonly string[])[]): void {
  const rows = given.map((cells) => cells.map((cell) => output.cell(cell)));
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  output.line(output.style("dim", format(header)));
  for (const row of rows) output.line(format(row));
}
