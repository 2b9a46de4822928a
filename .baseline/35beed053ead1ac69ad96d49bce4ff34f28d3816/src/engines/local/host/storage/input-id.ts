/** The number under which an input lies in the database: that of its call in the upper bits, its index in the lower 32. */

/** Of an input, as frames carry it. */
export const MAX_INDEX = 2 ** 32 - 1;
/** Calls below have numbers of inputs that a double holds exactly. */
const SMALL_CALLS = 2 ** 21;

export function inputId(call: number, index: number): number | bigint {
  return call < SMALL_CALLS ? call * 2 ** 32 + index : (BigInt(call) << 32n) | BigInt(index);
}
