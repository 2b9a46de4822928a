/** The entry of `@farcall/client`: what programs that only call import. Nothing here needs another package. */
import "./engines/index.ts";

export * from "./runtime/calling.ts";
