/**
 * The entry of a process that does one thing to the files of a state directory: `backup`, `restore` or `repair`, then the
 * directory and, for the first two, the file. It says on its stdout, as a line of JSON, how that went.
 */
import { statePaths } from "../paths.ts";
import { prepareDirectory } from "../private.ts";
import type { MaintenanceResult } from "../protocol.ts";
import { asFailure } from "./failures.ts";
import { checkArtifacts, maintenance } from "./storage/index.ts";

const [what, state, file = ""] = process.argv.slice(2);
const paths = statePaths(`local:${state}`);
let result: MaintenanceResult;
try {
  prepareDirectory(paths);
  if (what === "backup") {
    maintenance.backup(paths, file);
    result = { done: {} };
  } else if (what === "restore") {
    const replaced = maintenance.restore(paths, file);
    result = { done: replaced === undefined ? {} : { aside: replaced } };
  } else {
    const report = maintenance.repair(paths);
    result = { done: { ...report, ...checkArtifacts(paths) } };
  }
} catch (error) {
  result = { failure: asFailure(error) };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
