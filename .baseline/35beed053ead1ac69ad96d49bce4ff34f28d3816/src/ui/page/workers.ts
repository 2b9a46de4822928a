/** The machines that do the engine's work. */
import type { WorkerReport } from "../api.ts";
import { get } from "./api.ts";
import { ago, badge, type Child, empty, h, show } from "./dom.ts";
import type { Place, View } from "./place.ts";
import { whileLive } from "./refresh.ts";

/** After the worker's id and labels; those that are numbers stand to the right. */
const COLUMNS: [title: string, cell: (worker: WorkerReport) => Child, kind?: "number"][] = [
  ["Host", ({ host }) => host],
  ["Process", ({ pid }) => pid, "number"],
  ["Containers", ({ containers, maxContainers }) => outOf(containers, maxContainers), "number"],
  [
    "Memory",
    ({ usedMemoryMiB, memoryMiB }) => (memoryMiB === undefined ? "–" : `${outOf(usedMemoryMiB, memoryMiB)} MiB`),
    "number",
  ],
  ["Inputs", ({ inputs }) => inputs, "number"],
  ["farcall", ({ version }) => version],
  ["Started", ({ startedAt }) => ago(startedAt)],
];

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
  const titles = ["Worker", ...COLUMNS.map(([title]) => title)].map((title) => h("th", { scope: "col" }, title));
  return h(
    "div",
    { class: "scroll" },
    h("table", { class: "apps" }, h("thead", {}, h("tr", {}, titles)), h("tbody", {}, workers.map(row))),
  );
}

function row(worker: WorkerReport): Element {
  const { id, labels, draining } = worker;
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
    COLUMNS.map(([title, cell, kind]) => h("td", { class: kind, "data-title": title.toLowerCase() }, cell(worker))),
  );
}

function outOf(number: number, most: number | undefined): string {
  return most === undefined ? String(number) : `${number} of ${most}`;
}
