/** Lists that are loaded again while something may happen. */
import { engineView } from "./api.ts";
import type { View } from "./place.ts";

const REFRESH_MS = 2_000;

/** A part of a query: nobody asked for it, so a host that has stopped is not started. */
export type Again = { again: 1 };

/** Loads again every few seconds, as long as the engine is looked at anyway. */
export function whileLive(left: AbortSignal, load: (again: Again) => Promise<void>): NonNullable<View["onLive"]> {
  let live = false;
  let loading = false;
  let lastAt = performance.now();
  let pollMs = 0;
  // Until it is known the engine has just been asked.
  void engineView().then((engine) => {
    pollMs = engine.pollMs;
  });
  const timer = setInterval(() => {
    if (!live || loading || document.hidden || performance.now() - lastAt < pollMs) return;
    lastAt = performance.now();
    loading = true;
    load({ again: 1 })
      // The state in the corner tells.
      .catch(() => {})
      .finally(() => {
        loading = false;
      });
  }, REFRESH_MS);
  left.addEventListener("abort", () => clearInterval(timer));
  return (event) => {
    if (event.event === "state") live = event.state === "live";
  };
}
