/** The machines that do the engine's work. */
import type { WorkerReport } from "../api.ts";
import { get } from "./api.ts";
import { ago, badge, empty, h, show } from "./dom.ts";
import type { Place, View } from "./place.ts";
import { whileLive } from "./refresh.ts";

const TITLES = ["Worker", "Host", "Process", "Containers", "Memory", "Inputs", "farcall", "Started"];

export async function workersView({ left }: Place): Promise<View> {
  const list = h("div", {});
  const load = async (again = {}): Promise<void> => {
    const workers = await get("workers", again, left);
    show(list, workers.length === 0 ? empty("No worker is there. Start one: farcall worker.") : table(workers));
  };
  await load();
  return {
    title: "Workers",
    onLive: whileLive(left, load),
    element: h("div", {}, h("h1", {}, "Workers"), list),
  };
}

function table(workers: readonly WorkerReport[]): Element {
  const titles = TITLES.map((title) => h("th", { scope: "col" }, title));
  return h(
    "div",
    { class: "scroll" },
    h("table", { class: "apps" }, h("thead", {}, h("tr", {}, titles)), h("tbody", {}, workers.map(row))),
  );
}

function row(worker: WorkerReport): Element {
  const { id, host, pid, version, startedAt, labels, inputs, draining } = worker;
  const { containers, maxContainers, usedMemoryMiB, memoryMiB } = worker;
  return h(
    "tr",
    {},
    h(
      "td",
      { class: "name" },
      h("code", { title: id }, id.slice(-6)),
      labels.map((label) => [" ", badge(label)]),
      draining && [" ", badge("stopping")],
    ),
    h("td", { "data-title": "host" }, host),
    h("td", { class: "number", "data-title": "process" }, pid),
    h("td", { class: "number", "data-title": "containers" }, outOf(containers, maxContainers)),
    h(
      "td",
      { class: "number", "data-title": "memory" },
      memoryMiB === undefined ? "–" : `${outOf(usedMemoryMiB, memoryMiB)} MiB`,
    ),
    h("td", { class: "number", "data-title": "inputs" }, inputs),
    h("td", { "data-title": "farcall" }, version),
    h("td", { "data-title": "started" }, ago(startedAt)),
  );
}

function outOf(number: number, most: number | undefined): string {
  return most === undefined ? String(number) : `${number} of ${most}`;
}
