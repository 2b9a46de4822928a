/** Remembers which stubs fit which functions of an app: a comparison takes far longer than a call. */
import { SignatureMismatchError } from "../../../../runtime/errors.ts";
import { judgeStub, type StubOrigin } from "../../../catalog/index.ts";

export class StubChecks {
  readonly #verdicts = new Map<string, SignatureMismatchError | undefined>();

  /** Throws SignatureMismatchError. @param find looks for the version that the stub was generated from */
  check(signature: string, deployed: StubOrigin, find: () => StubOrigin | undefined): void {
    const key = `${deployed.manifest.version}\0${deployed.schema.name}\0${signature}`;
    if (!this.#verdicts.has(key)) this.#verdicts.set(key, judgeStub(find(), deployed));
    const mismatch = this.#verdicts.get(key);
    // A new error each time, since the stack belongs to the caller.
    if (mismatch) throw new SignatureMismatchError(mismatch.message, { hint: mismatch.hint });
  }
}
