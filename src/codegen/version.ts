/** farcall's own version, which the lock remembers. */
import { readFileSync } from "node:fs";

/** From the package's package.json, which lies as far above src/ as above dist/. */
export const FARCALL_VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
