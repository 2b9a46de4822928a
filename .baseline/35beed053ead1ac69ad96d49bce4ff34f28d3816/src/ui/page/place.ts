/** Views and the addresses they are at. */
import type { LiveEvent } from "../api.ts";
import type { Query } from "./api.ts";

/** Where the page is. */
export interface Place {
  /** Of the path, after the view's name. */
  parts: string[];
  query: URLSearchParams;
  /** Aborts when it is left. */
  left: AbortSignal;
}

export interface View {
  title: string;
  element: Element;
  /** A function whose figures it draws. */
  watch?(): Query;
  onLive?(event: LiveEvent): void;
  /** A deploy changes what it shows. */
  followsDeploys?: boolean;
}

const GO = "farcall:go";
const WATCH = "farcall:watch";

export function go(path: string): void {
  history.pushState(undefined, "", path);
  dispatchEvent(new Event(GO));
}

export function onGo(listener: () => void): void {
  addEventListener(GO, listener);
}

/** What the view watches is another thing now. */
export function watchAnew(): void {
  dispatchEvent(new Event(WATCH));
}

export function onWatchAnew(listener: () => void): void {
  addEventListener(WATCH, listener);
}

/** The address changes, the view does not. */
export function replaceAddress(path: string): void {
  history.replaceState(undefined, "", path);
}
