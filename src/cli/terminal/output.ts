/**
 * Where a command's words go. Results go to stdout and everything about them (progress, notes, errors) to stderr, so that
 * a command can be piped. With `--json` stdout carries JSON alone.
 */

type Style = Parameters<typeof import("node:util").styleText>[0];

/** Not imported: that reads all that node:util exports, and loads what is behind it, for 10 ms of each command's start. */
const { styleText } = process.getBuiltinModule("node:util");

export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;

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
    if (!this.json) this.#stdout.write(`${text}\n`);
  }

  /** A line on stderr that is not part of the result; nothing with `--json`. */
  note(text: string): void {
    if (!this.json) this.#stderr.write(`${text}\n`);
  }

  /** The result of a command with `--json`: one document, indented for a terminal. */
  document(value: unknown): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(value, undefined, this.#stdout.isTTY ? 2 : 0)}\n`);
  }

  /** One of many results with `--json`: one a line. */
  event(value: object): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A result as it is, whatever the mode. */
  raw(bytes: string | Uint8Array): void {
    this.#stdout.write(bytes);
  }

  /** Styles text for stdout; plain when stdout takes no colours. NO_COLOR, FORCE_COLOR and NODE_DISABLE_COLORS decide first. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stdout });
  }

  /** The same for stderr. */
  styleNote(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stderr });
  }

  /** Text for stderr that a terminal opens the URL of; plain where no person watches. FORCE_HYPERLINK (0, 1) decides first. */
  linkNote(url: string, text: string): string {
    const forced = process.env.FORCE_HYPERLINK;
    const isLink = forced ? forced !== "0" : this.animated;
    return isLink ? `\u001b]8;;${url}\u001b\\${text}\u001b]8;;\u001b\\` : text;
  }
}

/** Aligns columns by the longest cell; the header row is dim. */
export function table(output: Output, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  output.line(output.style("dim", format(header)));
  for (const row of rows) output.line(format(row));
}
