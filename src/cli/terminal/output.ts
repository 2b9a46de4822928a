/**
 * Where a command's words go. Results go to stdout and everything about them (progress, notes, errors) to stderr, so that
 * a command can be piped. With `--json` stdout carries JSON alone. Much of what is written comes from elsewhere (names, logs,
 * errors, results), so a terminal gets no codes but those that are made here; a pipe gets everything as it is.
 */
import { printable, printableLine } from "../../text/index.ts";

type Style = Parameters<typeof import("node:util").styleText>[0];

/** Not imported: that reads all that node:util exports, and loads what is behind it, for 10 ms of each command's start. */
const { styleText } = process.getBuiltinModule("node:util");

const ESCAPE = "\u001b";
const CLEAR_LINE = `\r${ESCAPE}[2K`;

export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  /** Stands for the first character of a code until it is written. Different in each run, so that nothing from elsewhere has it. */
  readonly #own = `\0${Math.random().toString(36)}`;

  constructor(json: boolean, stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** True when a person watches stderr and nothing says otherwise: the place for a spinner. */
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

  /** A line of a person's result; nothing with `--json`. */
  line(text = ""): void {
    if (!this.json) this.#write(this.#stdout, `${text}\n`);
  }

  /** A line on stderr that is not part of the result; nothing with `--json`. */
  note(text: string): void {
    if (!this.json) this.#write(this.#stderr, `${text}\n`);
  }

  /** The result of a command with `--json`: one document, indented for a terminal. */
  document(value: unknown): void {
    if (this.json) this.#write(this.#stdout, `${JSON.stringify(value, undefined, this.#stdout.isTTY ? 2 : 0)}\n`);
  }

  /** One of many results with `--json`: one a line. */
  event(value: object): void {
    if (this.json) this.#write(this.#stdout, `${JSON.stringify(value)}\n`);
  }

  /** A result as it is, whatever the mode. */
  raw(bytes: string | Uint8Array): void {
    if (typeof bytes === "string") this.#write(this.#stdout, bytes);
    else this.#stdout.write(bytes);
  }

  /** Draws over the line of stderr that the cursor is on; removes it when there is nothing to draw. */
  redraw(text = ""): void {
    this.#stderr.write(CLEAR_LINE);
    if (text !== "") this.#write(this.#stderr, text.replaceAll("\n", " "));
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    stream.write(this.#shown(stream, text));
  }

  /** As it is written to a stream. */
  #shown(stream: NodeJS.WriteStream, text: string): string {
    const parts = text.split(this.#own);
    return (stream.isTTY ? parts.map(printable) : parts).join(ESCAPE);
  }

  /** For text whose terminal codes were made here, and that holds no others. */
  own(text: string): string {
    return text.replaceAll(ESCAPE, this.#own);
  }

  /** A cell of a table: on a terminal one line, whatever a name holds. */
  cell(text: string): string {
    return this.#stdout.isTTY ? printableLine(text) : text;
  }

  /** Styles text for stdout; plain when stdout takes no colours. NO_COLOR, FORCE_COLOR and NODE_DISABLE_COLORS decide first. */
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

  /** Text for stderr that a terminal opens the URL of; plain where no person watches. FORCE_HYPERLINK (0, 1) decides first. */
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
