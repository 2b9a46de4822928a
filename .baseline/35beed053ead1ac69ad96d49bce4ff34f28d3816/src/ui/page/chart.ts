/**
 * Backlog, runners and running inputs over the last minutes. Three paths whose shape changes; nothing else is laid out
 * again. A time without samples is a gap.
 */
import type { FunctionStats, LiveEvent, StatsSample } from "../api.ts";
import { h, s } from "./dom.ts";

/** What is drawn. */
type Series = Exclude<keyof FunctionStats, "startProblem" | "numHeldBack">;

const SPAN_MS = 120_000;
const [WIDTH, HEIGHT] = [600, 140];
const GAP_MS = 4_000;
const MOST = 300;

const SERIES: [key: Series, label: string][] = [
  ["backlog", "waiting"],
  ["numTotalRunners", "runners"],
  ["numRunningInputs", "running"],
];

export class Chart {
  readonly element: Element;
  readonly #samples: StatsSample[] = [];
  readonly #paths = SERIES.map(([, label]) => s("path", { class: label, "vector-effect": "non-scaling-stroke" }));
  readonly #values = SERIES.map(() => h("strong", {}, "–"));
  readonly #top = h("span", { class: "top dim" }, "1");
  #scheduled = false;
  #moving = false;

  /** @param left aborts when it is no longer seen */
  constructor(left: AbortSignal) {
    this.element = h(
      "figure",
      { class: "chart" },
      h(
        "div",
        { class: "plot" },
        s(
          "svg",
          {
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
            preserveAspectRatio: "none",
            role: "img",
            "aria-label": "Waiting inputs, runners and running inputs over the last two minutes",
          },
          this.#paths,
        ),
        this.#top,
      ),
      h("div", { class: "axis dim" }, h("span", {}, "2 min ago"), h("span", {}, "now")),
      h(
        "figcaption",
        {},
        SERIES.map(([, label], index) => h("span", { class: `legend ${label}` }, `${label} `, this.#values[index])),
      ),
    );
    const timer = setInterval(() => {
      // Time goes on without samples too, as long as there is something to move.
      if (this.#moving) this.#schedule();
    }, 1_000);
    left.addEventListener("abort", () => clearInterval(timer));
  }

  /** What is new of the engine. */
  hear(event: LiveEvent): void {
    if (event.event === "samples") this.#add(event.samples);
    if (event.event === "state" && event.state !== "live") this.#unknown();
  }

  #add(samples: readonly StatsSample[]): void {
    const last = this.#samples.at(-1)?.at ?? 0;
    this.#samples.push(...samples.filter(({ at }) => at > last));
    this.#samples.splice(0, this.#samples.length - MOST);
    this.#schedule();
  }

  /** What follows is of something else. */
  clear(): void {
    this.#samples.length = 0;
    this.#unknown();
    this.#schedule();
  }

  /** Nothing is known of the present. */
  #unknown(): void {
    for (const value of this.#values) value.textContent = "–";
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw(): void {
    const now = Date.now();
    const seen = this.#samples.filter(({ at }) => at > now - SPAN_MS);
    this.#moving = seen.length > 0;
    const most = Math.max(1, ...seen.flatMap((sample) => SERIES.map(([key]) => sample[key])));
    this.#top.textContent = String(most);
    const newest = seen.at(-1);
    for (const [index, [key]] of SERIES.entries()) {
      if (newest && now - newest.at < GAP_MS) this.#values[index]!.textContent = newest[key].toLocaleString("en");
      this.#paths[index]!.setAttribute("d", shape(seen, key, most, now));
    }
  }
}

function shape(samples: readonly StatsSample[], key: Series, most: number, now: number): string {
  let path = "";
  let before = Number.NEGATIVE_INFINITY;
  let height = 0;
  for (const sample of samples) {
    const x = round(WIDTH * (1 - (now - sample.at) / SPAN_MS));
    const y = round(HEIGHT - 3 - (HEIGHT - 8) * (sample[key] / most));
    // A value holds until the next one is known.
    path += sample.at - before > GAP_MS ? `M${x} ${y}` : `H${x}V${y}`;
    before = sample.at;
    height = y;
  }
  return now - before < GAP_MS ? `${path}H${WIDTH}V${height}` : path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
