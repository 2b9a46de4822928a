/** Counts and times in words, for a terminal and for the page of `farcall ui`. It has no imports, since it also runs in a browser. */

/** `1,234` for counts. Without Intl, whose data takes longer to load than most commands take to run. */
export function count(value: number, noun: string): string {
  return `${String(value).replace(/\B(?=(\d{3})+$)/g, ",")} ${noun}${value === 1 ? "" : "s"}`;
}

/** `850 ms`, `1.2 s`, `3 min 4 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `3 minutes ago`, from an ISO 8601 time. */
export function ago(iso: string, now: number = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return iso;
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const) {
    if (seconds >= size) return `${count(Math.floor(seconds / size), unit)} ago`;
  }
  return seconds < 5 ? "just now" : `${count(Math.floor(seconds), "second")} ago`;
}

/** `scheduled for 2026-12-01T08:00:00Z`, of an ISO 8601 time; undefined once it has come, or where there is none. */
export function scheduled(iso: string | undefined, now: number = Date.now()): string | undefined {
  return iso !== undefined && Date.parse(iso) > now ? `scheduled for ${iso.slice(0, 19)}Z` : undefined;
}

/** `in 3 minutes`, until an ISO 8601 time. */
export function until(iso: string, now: number = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Number.isNaN(seconds)) return iso;
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const) {
    if (seconds >= size) return `in ${count(Math.floor(seconds / size), unit)}`;
  }
  return seconds < 1 ? "now" : `in ${count(Math.floor(seconds), "second")}`;
}
