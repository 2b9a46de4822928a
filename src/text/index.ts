/** Words for people: values, names, lists and measures as text. Everything here is pure and knows nothing of farcall. */
export { list } from "./lists.ts";
export { nearest } from "./nearest.ts";
export { matcher } from "./patterns.ts";
export { printable, printableLine } from "./printable.ts";
export { ago, count, duration } from "./units.ts";
export { kindText, thrownText, valueText } from "./values.ts";
export { packageVersion } from "./version.ts";
