/** Whether a stub that was generated from one signature may call the function as it is deployed now. */
import { SignatureMismatchError } from "../../runtime/errors.ts";
import {
  type AppManifest,
  type Compatibility,
  classOf,
  compareClasses,
  compareFunctions,
  type FunctionSchema,
} from "../../schema/index.ts";

const HINT = "Run `npx farcall codegen`, and let the compiler show which calls have to change.";

/** A function as some version of its app has it. */
export interface StubOrigin {
  schema: FunctionSchema;
  manifest: AppManifest;
}

/**
 * The error for calls of such a stub; `undefined` when they fit.
 * @param origin the version with the stub's signature; `undefined` when the engine has never had it
 */
export function judgeStub(origin: StubOrigin | undefined, deployed: StubOrigin): SignatureMismatchError | undefined {
  const { schema, manifest } = deployed;
  const where = `${manifest.app}/${schema.name} (${manifest.environment}, version ${manifest.version})`;
  if (!origin) {
    const message = `the stub was generated from a signature of ${where} that was never deployed to this engine`;
    return new SignatureMismatchError(message, { hint: HINT });
  }
  const { verdict, reasons } = compareCalls(origin, deployed);
  if (verdict !== "breaking") return undefined;
  const message = `${where} has changed since the stub was generated: ${reasons.join("; ")}`;
  return new SignatureMismatchError(message, { hint: HINT });
}

/** A caller of a method constructs its class too. */
function compareCalls(before: StubOrigin, after: StubOrigin): Pick<Compatibility, "verdict" | "reasons"> {
  const [was, is] = [classOf(before.schema, before.manifest), classOf(after.schema, after.manifest)];
  const [old, current] = [before.manifest, after.manifest];
  if (was && is) {
    const construction = compareClasses(
      { of: was, declarations: old.declarations },
      { of: is, declarations: current.declarations },
    );
    if (construction.verdict === "breaking") {
      return { ...construction, reasons: construction.reasons.map((reason) => `constructor: ${reason}`) };
    }
  }
  return compareFunctions(
    { fn: before.schema, declarations: old.declarations },
    { fn: after.schema, declarations: current.declarations },
  );
}
