/**
 * How many containers a pool should have. Pure functions of the load and the settings, so that a pool on one machine and
 * whoever spreads containers over many decide alike.
 */
import type { AutoscalerSettings } from "../engine/index.ts";

/** Expected waiting time that justifies another container: about what it takes to start one, in milliseconds. */
const WORTH_A_START_MS = 30;

export interface Load {
  /** Inputs that no container has and no limit holds back. */
  waiting: number;
  /** Of those, the ones that each need a container to themselves. */
  suspects: number;
  /** Containers that take inputs, or will once they have started. */
  containers: number;
  /** Of those, the ones that have started. */
  ready: number;
  /** Of those, the ones that have inputs. */
  busy: number;
  /** Inputs in them. */
  inside: number;
  /** Containers besides those that are kept by inputs that do not stop: of no use, but they take room. */
  draining: number;
  /** Milliseconds that an input takes; undefined before the first has ended. */
  paceMs: number | undefined;
  /** Milliseconds since an input last ended. */
  sinceLastEndMs: number;
}

export interface ScalingPolicy {
  settings: Required<AutoscalerSettings>;
  /** Inputs that one container runs at a time. */
  capacity: number;
  /**
   * `replaced`: a newer version is deployed, so nothing is kept ready for new calls. `leaving`: what is idle should go at
   * once, since the last call has ended too, or others wait for the room.
   */
  standing: "wanted" | "replaced" | "leaving";
}

export interface Target {
  /** Containers to have. Where there are more, `keep` says whether one may go. */
  containers: number;
  /** Idle containers may go as long as so many are left. */
  keep: number;
  /** Once they have been idle for so long; beyond maxContainers at once. */
  idleMs: number;
  /** More containers would be wanted if inputs took longer than lately: ask again after so many milliseconds. */
  askAgainMs: number | undefined;
}

function noTarget(): Target {
  return { containers: 0, keep: 0, idleMs: 0, askAgainMs: undefined };
}

/** @param target to be filled in and returned, for those who ask often */
export function targetOf(
  load: Load,
  { settings, capacity, standing }: ScalingPolicy,
  target: Target = noTarget(),
): Target {
  const { minContainers, maxContainers, bufferContainers, scaledownWindowMs } = settings;
  const { waiting, inside, busy, containers, draining } = load;
  const base = standing === "wanted" ? minContainers : 0;
  const buffer = waiting + inside > 0 ? bufferContainers : 0;
  const wanted = waiting > 0 ? Math.max(Math.ceil((waiting + inside) / capacity), busy + load.suspects) : busy;
  const hold = waiting > 0 && wanted > containers && !isWorthAStart(load, capacity);
  const needed = hold ? containers : wanted;
  target.containers = Math.max(0, Math.min(maxContainers - draining, Math.max(base, needed + buffer)));
  target.keep = Math.max(base, busy + buffer);
  target.idleMs = standing === "leaving" ? 0 : scaledownWindowMs;
  target.askAgainMs = hold ? WORTH_A_START_MS : undefined;
  return target;
}

/** Whether what waits would wait long. */
function isWorthAStart({ waiting, ready, paceMs, sinceLastEndMs }: Load, capacity: number): boolean {
  if (paceMs === undefined || ready === 0) return true;
  if ((waiting * paceMs) / (ready * capacity) >= WORTH_A_START_MS) return true;
  // The average says nothing about an input that runs now and does not end.
  return sinceLastEndMs >= WORTH_A_START_MS;
}

export interface Idle {
  /** By the clock of `now`. */
  readonly idleSince: number;
}

/**
 * Which of the idle containers to stop now, and when to look again (Infinity: when something changes).
 * @param containers all that take inputs or will, the idle ones included
 */
export function surplusOf<C extends Idle>(
  idle: Iterable<C>,
  containers: number,
  { keep, idleMs }: Pick<Target, "keep" | "idleMs">,
  { maxContainers }: Pick<Required<AutoscalerSettings>, "maxContainers">,
  now: number,
): { stop: C[]; lookAt: number } {
  const stop: C[] = [];
  let lookAt = Number.POSITIVE_INFINITY;
  for (const container of idle) {
    const left = containers - stop.length;
    if (left <= keep) break;
    const due = left > maxContainers ? now : container.idleSince + idleMs;
    if (due <= now) stop.push(container);
    else lookAt = Math.min(lookAt, due);
  }
  return { stop, lookAt };
}
