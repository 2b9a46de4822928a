/** Temporal's types, where the platform or a polyfill has them: each crosses as the string that ISO 8601 or RFC 9557 has for it. */
import type { AnyCodec } from "../custom-codecs.ts";

/** `Temporal.Instant` and so on. */
const NAMES = [
  "Instant",
  "ZonedDateTime",
  "PlainDate",
  "PlainDateTime",
  "PlainTime",
  "PlainYearMonth",
  "PlainMonthDay",
  "Duration",
] as const;

interface TemporalClass {
  readonly prototype: object;
  from(text: string): unknown;
}

/** Of the global that was there when it was last looked for: a polyfill may set it at any time. */
let known: { global: object; codecs: Map<string | object, AnyCodec> } | undefined;

/** By name or by prototype. */
export function temporalCodec(key: string | object): AnyCodec | undefined {
  const { Temporal } = globalThis as { Temporal?: Partial<Record<string, TemporalClass>> };
  if (typeof Temporal !== "object" || Temporal === null) return undefined;
  if (known?.global !== Temporal) known = { global: Temporal, codecs: codecsOf(Temporal) };
  return known.codecs.get(key);
}

function codecsOf(Temporal: Partial<Record<string, TemporalClass>>): Map<string | object, AnyCodec> {
  const codecs = new Map<string | object, AnyCodec>();
  for (const name of NAMES) {
    const of = Temporal[name];
    if (!of) continue;
    const made: AnyCodec = {
      name: `Temporal.${name}`,
      class: of,
      encode: String,
      decode: (text) => of.from(text as string),
    };
    codecs.set(made.name, made).set(of.prototype, made);
  }
  return codecs;
}
