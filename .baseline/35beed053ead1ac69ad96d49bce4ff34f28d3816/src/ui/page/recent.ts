/** The newest calls of a function or a class, on its page, kept up to date. */
import type { ListedCall } from "../api.ts";
import { engineView, get } from "./api.ts";
import { callTable } from "./calls.ts";
import { type Child, h, show } from "./dom.ts";
import { callsPath } from "./links.ts";
import type { View } from "./place.ts";
import { type Again, whileLive } from "./refresh.ts";

const RECENT = 10;

type Filter = { environment: string; app: string; function: string };

/** Undefined where the engine keeps no record of calls. */
export async function loadRecent(filter: Filter, left: AbortSignal, again?: Again): Promise<ListedCall[] | undefined> {
  const { abilities } = await engineView();
  if (!abilities.monitor) return undefined;
  return get("calls", { ...filter, limit: RECENT, ...again }, left);
}

export interface RecentCalls {
  element: Child;
  reload: (again?: Again) => Promise<void>;
  onLive: NonNullable<View["onLive"]>;
}

/**
 * @param first what `loadRecent` has brought
 * @param named whether to say which function
 * @param none what to say when there are no calls
 */
export function recentCalls(
  filter: Filter,
  first: readonly ListedCall[] | undefined,
  left: AbortSignal,
  named: boolean,
  none: () => Element,
): RecentCalls {
  if (!first) return { element: undefined, reload: async () => {}, onLive() {} };
  const list = h("div", {});
  const draw = (calls: readonly ListedCall[]): void => show(list, calls.length > 0 ? callTable(calls, named) : none());
  draw(first);
  const reload = async (again?: Again): Promise<void> => draw((await loadRecent(filter, left, again)) ?? []);
  return {
    element: [h("h2", {}, "Recent calls"), list, h("p", {}, h("a", { href: callsPath(filter) }, "All its calls"))],
    reload,
    onLive: whileLive(left, reload),
  };
}
