/** Deploys as they happen: Modal streams none, so the lists of apps are compared, the less often the longer nothing changes. */
import type { DeployEvent, Registry } from "../../../engine/index.ts";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import type { Session } from "../client.ts";
import { pause } from "../values.ts";
import type { Deployments, ListedApp } from "./deployments.ts";

const MINUTE_MS = 60_000;

/** How long to wait before the next look, so long after the last change. */
export function intervalAfter(quietMs: number): number {
  if (quietMs < MINUTE_MS) return 2_000;
  return quietMs < 10 * MINUTE_MS ? 5_000 : 15_000;
}

type Apps = ReadonlyMap<string, ListedApp>;

export async function* watchDeploys(
  session: Session,
  deployments: Deployments,
  { after, signal, onReady }: Parameters<Registry["watchDeploys"]>[0],
): AsyncGenerator<DeployEvent> {
  const stop = signal ? AbortSignal.any([signal, session.signal]) : session.signal;
  const environments = await deployments.environments();
  const look = async (): Promise<Apps> => {
    const apps = await deployments.list(environments);
    return new Map(apps.map((each) => [`${each.environment}/${each.app}`, each]));
  };
  let known = await look();
  let changedAt = Date.now() - MINUTE_MS;
  // Of another process's numbers nothing is known: its events before this start are past.
  let sequence = after ?? 0;
  onReady?.(sequence);
  while (!stop.aborted) {
    await pause(intervalAfter(Date.now() - changedAt), stop);
    if (stop.aborted) break;
    const seen = await lookAgain(look);
    if (!seen) continue;
    const events = differences(known, seen);
    known = seen;
    if (events.length > 0) changedAt = Date.now();
    for (const event of events) yield { sequence: ++sequence, ...event };
  }
  if (session.signal.aborted && !signal?.aborted) throw session.closedError();
}

/** Undefined while Modal cannot be reached: the next look may. */
async function lookAgain(look: () => Promise<Apps>): Promise<Apps | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof EngineUnavailableError) return undefined;
    throw error;
  }
}

/** Any other version is a deploy, also an older one: somebody has rolled back. */
function differences(known: Apps, seen: Apps): Omit<DeployEvent, "sequence">[] {
  const deployed = [...seen].flatMap(([key, { app, environment, appId, version }]) => {
    const before = known.get(key);
    if (before?.appId === appId && before.version === version) return [];
    return [{ kind: "deployed" as const, app, environment, version, etag: `${appId}@${version}` }];
  });
  const removed = [...known].flatMap(([key, { app, environment, appId, version }]) =>
    seen.has(key) ? [] : [{ kind: "removed" as const, app, environment, version, etag: `${appId}@${version}` }],
  );
  return [...deployed, ...removed];
}
