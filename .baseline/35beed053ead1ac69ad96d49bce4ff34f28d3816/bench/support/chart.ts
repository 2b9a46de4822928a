/**
 * Draws the measures of one benchmark as an SVG of horizontal bars: farcall in its colour, peers in grey. Small enough to
 * be read; colours suit light and dark pages.
 */
import { type Measure, median } from "./measure.ts";
import { formatFigure, type Results, verdicts } from "./report.ts";

const WIDTH = 760;
const LABELS = 210;
const BAR_WIDTH = 420;
const ROW = 24;

export function drawChart(results: Results): string {
  let y = 28;
  const parts: string[] = [text(0, y, results.title, "title")];
  for (const measure of results.measures) {
    y += 36;
    parts.push(text(0, y, `${measure.name}, ${measure.unit} (${measure.better} is better)`, "measure"));
    y += 10;
    const { rows, height } = drawBars(measure, y);
    parts.push(rows);
    y += height;
    for (const line of verdicts(measure)) {
      y += 18;
      parts.push(text(LABELS, y, line, "verdict"));
    }
  }
  const { machine } = results;
  y += 32;
  parts.push(
    text(
      0,
      y,
      `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}. Contestants in turns; medians.`,
      "verdict",
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 16}" viewBox="0 0 ${WIDTH} ${y + 16}" role="img">`,
    `<title>${escape(results.title)}</title>`,
    "<style>text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-size:17px;font-weight:600}.measure{font-weight:600}",
    ".verdict{font-size:11px}.bar{fill:#8c959f}.farcall{fill:#0969da}",
    "@media(prefers-color-scheme:dark){text{fill:#9198a1}.bar{fill:#656c76}.farcall{fill:#4493f8}}</style>",
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function drawBars(measure: Measure, top: number): { rows: string; height: number } {
  const names = Object.keys(measure.samples);
  const largest = Math.max(...names.map((name) => median(measure.samples[name]!)));
  const rows = names.map((name, i) => {
    const value = median(measure.samples[name]!);
    const y = top + i * ROW;
    const width = Math.max(1, (value / largest) * BAR_WIDTH);
    return [
      text(0, y + 15, name, "label"),
      `<rect x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="16" rx="2" class="bar${name.startsWith("farcall") ? " farcall" : ""}"/>`,
      text(LABELS + width + 8, y + 15, formatFigure(value), "label"),
    ].join("\n");
  });
  return { rows: rows.join("\n"), height: names.length * ROW };
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text x="${x.toFixed(0)}" y="${y}" class="${kind}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
