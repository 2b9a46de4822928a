/** Follows the changes of the registry by their sequence in the store: notices only say that it is time to look. */

import type { DeployEvent, Registry } from "../../../engine/index.ts";
import { clearTimeout, setTimeout } from "../../../runtime/timers.ts";
import type { Connection } from "../connection.ts";
import type { Apps, KnownApp } from "./apps.ts";

/** A notice may get lost. */
const LOOK_MS = 5_000;

export async function* watchDeploys(
  connection: Connection,
  apps: Apps,
  { after, signal, onReady }: Parameters<Registry["watchDeploys"]>[0],
): AsyncGenerator<DeployEvent, void, undefined> {
  if (signal?.aborted) return;
  let wake = (): void => {};
  const forget = apps.onChange(() => wake());
  const aborted = (): void => wake();
  signal?.addEventListener("abort", aborted);
  connection.hold();
  try {
    await apps.listen();
    let last = after ?? (await apps.lastSequence());
    onReady?.(last);
    while (!signal?.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const change = await apps.after(last);
      if (signal?.aborted) return;
      if (!change) {
        const timer = setTimeout(wake, LOOK_MS);
        await woken;
        clearTimeout(timer);
        continue;
      }
      last = change.sequence;
      yield eventOf(change);
    }
  } finally {
    forget();
    signal?.removeEventListener("abort", aborted);
    connection.release();
  }
}

function eventOf({ sequence, kind, app, environment, lastVersion, etag }: KnownApp): DeployEvent {
  return {
    sequence,
    kind,
    app,
    environment,
    version: lastVersion,
    etag: kind === "removed" ? `${etag}-removed` : etag,
  };
}
