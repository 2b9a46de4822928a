/** What the containers of a call print, as it comes. */
import type { LogEntry } from "../api.ts";
import { logs } from "./api.ts";
import { h } from "./dom.ts";

const MOST_LINES = 2_000;

/** @param left aborts when nobody looks any more @param onEnd nothing more comes: the call has ended */
export function logPane(id: string, left: AbortSignal, onEnd?: () => void): Element {
  const lines = h("div", { class: "log", role: "log", tabindex: 0, "aria-label": "Logs" });
  const note = h("p", { class: "dim" }, "Waiting for output…");
  const pane = h("div", {}, note, lines);
  lines.hidden = true;
  let pending: LogEntry[] = [];
  const flush = (): void => {
    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 30;
    for (const entry of pending) lines.append(line(entry));
    pending = [];
    while (lines.childElementCount > MOST_LINES) lines.firstElementChild?.remove();
    lines.hidden = false;
    note.hidden = true;
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  };
  void (async () => {
    try {
      for await (const entry of logs(id, left)) if (pending.push(entry) === 1) setTimeout(flush, 50);
    } catch {
      // The engine is gone, which the corner tells, or the reader is.
    }
    note.textContent = "It printed nothing.";
    if (!left.aborted) onEnd?.();
  })();
  return pane;
}

function line({ time, stream, text, inputIndex }: LogEntry): Element {
  return h(
    "div",
    { class: stream },
    h(
      "time",
      { datetime: time, title: inputIndex === undefined ? time : `${time}, input ${inputIndex}` },
      new Date(time).toLocaleTimeString("en-GB"),
    ),
    h("span", {}, text.replace(/\n$/, "")),
  );
}
