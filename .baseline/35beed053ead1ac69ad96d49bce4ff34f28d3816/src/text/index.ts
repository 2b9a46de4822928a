/** Values, names, lists and units in words. Everything here is pure and independent of farcall. */
export { list } from "./lists.ts";
export { nearest } from "./nearest.ts";
export { matcher } from "./patterns.ts";
export { printable, printableLine } from "./printable.ts";
export { ago, count, duration, scheduled } from "./units.ts";
export { kindText, thrownText, valueText } from "./values.ts";
export { packageVersion } from "./version.ts";
