/** farcall's own version. */
import { readFileSync } from "node:fs";

let version: string | undefined;

/** From the package's package.json, which is as far above src/ as above dist/. Read on first use. */
export function packageVersion(): string {
  version ??= (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
  return version;
}
