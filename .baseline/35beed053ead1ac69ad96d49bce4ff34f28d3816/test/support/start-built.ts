/**
 * Hosts and containers that tests start are those of dist, which users have too: they load in half the time of the sources, and
 * a run of all tests starts thousands. The rest of farcall runs from its sources, in the tests' own process.
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "vite";

const repo = resolve(import.meta.dirname, "../..");

/** Modules that start a program of this package, which they find beside themselves. */
const STARTERS = [
  "deploy/inspect",
  "engines/local/client/maintenance",
  "engines/local/client/start",
  "engines/local/host/storage/store",
  "pool/launchers/node",
];

/** Tells these modules that they are in dist. */
export const startBuilt: Plugin = {
  name: "start-built",
  enforce: "pre",
  transform(code, id) {
    const name = STARTERS.find((each) => id === join(repo, "src", `${each}.ts`));
    if (name === undefined) return undefined;
    const built = JSON.stringify(pathToFileURL(join(repo, "dist", `${name}.js`)).href);
    return code.replaceAll("import.meta.url", built);
  },
};
