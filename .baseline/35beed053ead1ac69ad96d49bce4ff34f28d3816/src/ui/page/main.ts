/** The page: which view a URL shows, what happens when it is left, and the engine's state in the corner. */
import type { EngineState } from "../api.ts";
import { engineView, get, live, type ServerError } from "./api.ts";
import { appView } from "./app.ts";
import { appsView } from "./apps.ts";
import { callView } from "./call.ts";
import { callsView } from "./calls.ts";
import { classView } from "./class.ts";
import { diffView } from "./diff.ts";
import { h, show } from "./dom.ts";
import { functionView } from "./function.ts";
import { go, onGo, onWatchAnew, type Place, type View } from "./place.ts";
import { workersView } from "./workers.ts";

const views: Record<string, (place: Place) => Promise<View>> = {
  "": appsView,
  app: appView,
  class: classView,
  function: functionView,
  diff: diffView,
  calls: callsView,
  call: callView,
  workers: workersView,
};

const main = document.querySelector("main") as HTMLElement;
const engine = document.getElementById("engine") as HTMLElement;
let left = new AbortController();
let current: View | undefined;
let stopLive = new AbortController();
/** As of a moment before the view was loaded: a deploy after that is news. */
let appsSeen: string | undefined;

/** Renders what the address says. What was there stays until its successor is ready, so nothing jumps. */
async function render(focus: boolean): Promise<void> {
  left.abort();
  left = new AbortController();
  const { signal } = left;
  const [name = "", ...parts] = location.pathname.slice(1).split("/").map(decode);
  const section = name.startsWith("call") ? "/calls" : name === "workers" ? "/workers" : "/";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.setAttribute("aria-busy", "true");
  let view: View;
  try {
    const make = Object.hasOwn(views, name) ? views[name] : undefined;
    appsSeen ??= (await get("apps", {}, signal)).map(({ etag }) => etag).join(" ");
    if (!make) throw Object.assign(new Error("This page does not exist."), { hint: "Start from the list of apps." });
    view = await make({ parts, query: new URLSearchParams(location.search), left: signal });
  } catch (error) {
    if (signal.aborted) return;
    view = { title: "Not shown", element: problem(error as ServerError) };
  }
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  document.title = view.title === "" ? "farcall" : `${view.title} · farcall`;
  current = view;
  show(main, view.element);
  if (focus) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  if (location.hash !== "") document.getElementById(decode(location.hash.slice(1)))?.scrollIntoView();
  connect();
}

function problem(error: ServerError): Element {
  return h(
    "section",
    { class: "problem", role: "alert" },
    h("h1", {}, error.message),
    error.hint !== undefined && h("p", {}, error.hint),
    h("p", {}, h("a", { href: "/" }, "All apps")),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// ---- the engine -----------------------------------------------------------------------------------------------

const STATES: Record<EngineState | "gone", [text: string, title: string]> = {
  live: ["Live", "The engine runs, and this page keeps asking it for news."],
  resting: ["Idle", "Nothing is happening, so the engine is left alone and may stop by itself."],
  asleep: ["Host stopped", "The engine's host process is not running. The next call starts it."],
  failing: ["Not reachable", "The engine cannot be reached."],
  gone: ["Disconnected", "farcall ui has ended. Start it again and open the URL that it prints."],
};

function tellState(state: EngineState | "gone", message?: string): void {
  const [text, title] = STATES[state];
  if (engine.dataset["state"] === state) return;
  engine.dataset["state"] = state;
  engine.title = message ?? title;
  engine.textContent = text;
}

/** Only while somebody looks: a page in the background is no reason to ask anything. */
function connect(): void {
  stopLive.abort();
  if (document.hidden || !current) return;
  const view = current;
  stopLive = new AbortController();
  void live(
    view.watch?.() ?? {},
    stopLive.signal,
    (event) => {
      if (event.event === "state") tellState(event.state, event.message);
      if (event.event === "apps") {
        const news = appsSeen !== event.etag;
        appsSeen = event.etag;
        if (news && view.followsDeploys) return void render(false);
      }
      view.onLive?.(event);
    },
    () => tellState("gone"),
  );
}

// ---- going places ---------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || event.defaultPrevented || event.button !== 0 || link.target !== "") return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.origin !== location.origin) return;
  if (link.pathname === location.pathname && link.search === location.search && link.hash !== "") return;
  event.preventDefault();
  go(link.href);
});
onGo(() => void render(true));
onWatchAnew(connect);
addEventListener("popstate", () => void render(false));
void engineView().then(
  ({ abilities }) => {
    for (const [href, offered] of [
      ["/calls", abilities.monitor],
      ["/workers", abilities.workers],
    ] as const) {
      for (const link of document.querySelectorAll<HTMLElement>(`nav a[href="${href}"]`)) link.hidden = !offered;
    }
  },
  // The view that is shown says what is wrong.
  () => {},
);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stopLive.abort();
  else connect();
});
void render(false);
