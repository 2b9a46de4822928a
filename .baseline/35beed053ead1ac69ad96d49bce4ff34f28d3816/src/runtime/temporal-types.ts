/**
 * Temporal's types as stubs name them: those of the program's own library or polyfill. A program whose compiler has neither can
 * still pass such values on and print them.
 */

interface Printable {
  toString(): string;
  toJSON(): string;
}

type Temporal<N extends string> = typeof globalThis extends { Temporal: { [K in N]: { prototype: infer T } } }
  ? T
  : Printable;

/** `Temporal.Instant`. */
export type TemporalInstant = Temporal<"Instant">;
/** `Temporal.ZonedDateTime`. */
export type TemporalZonedDateTime = Temporal<"ZonedDateTime">;
/** `Temporal.PlainDate`. */
export type TemporalPlainDate = Temporal<"PlainDate">;
/** `Temporal.PlainDateTime`. */
export type TemporalPlainDateTime = Temporal<"PlainDateTime">;
/** `Temporal.PlainTime`. */
export type TemporalPlainTime = Temporal<"PlainTime">;
/** `Temporal.PlainYearMonth`. */
export type TemporalPlainYearMonth = Temporal<"PlainYearMonth">;
/** `Temporal.PlainMonthDay`. */
export type TemporalPlainMonthDay = Temporal<"PlainMonthDay">;
/** `Temporal.Duration`. */
export type TemporalDuration = Temporal<"Duration">;
