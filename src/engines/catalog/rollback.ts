/** Which version a rollback goes to when nobody says. */
import type { DeploymentRecord } from "../../engine/index.ts";
import { InvalidError } from "../../runtime/errors.ts";

/**
 * The version before the newest. Of a newest that is itself a rollback, the one before the version that it is a copy of: a
 * second rollback goes further back instead of returning to what the first one left.
 * @param history newest first; not empty
 */
export function earlierVersion(
  { app, environment }: { app: string; environment: string },
  history: readonly DeploymentRecord[],
): number {
  const [newest] = history;
  const current = newest?.rollbackOf ?? newest?.version ?? 0;
  const earlier = history.find(({ version }) => version < current);
  if (earlier) return earlier.version;
  throw new InvalidError(`app ${app} (${environment}) has no version before version ${current}`, {
    hint: "Name the version to go back to. `farcall history` lists them.",
  });
}
