/** Not an app: a module that one imports. */

export class BrokenNumber extends Error {
  override readonly name = "BrokenNumber";
  readonly digits: number;

  constructor(message: string, digits: number, options?: ErrorOptions) {
    super(message, options);
    this.digits = digits;
  }
}

export function digits(text: string): number {
  return [...text].filter((character) => character >= "0" && character <= "9").length;
}
