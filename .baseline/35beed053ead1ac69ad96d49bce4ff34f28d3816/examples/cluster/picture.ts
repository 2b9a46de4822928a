/** Draws what waited and what ran over time. */

export interface Sample {
  /** Since the beginning. */
  seconds: number;
  /** Inputs that wait. */
  waiting: number;
  containers: number;
}

export interface Mark {
  seconds: number;
  text: string;
}

const WIDTH = 760;
const HEIGHT = 140;
const LEFT = 60;
const GAP = 40;

/** An SVG of two charts above each other, with a line at each mark. */
export function picture(samples: readonly Sample[], marks: readonly Mark[]): string {
  const end = Math.max(1, ...samples.map(({ seconds }) => seconds));
  const x = (seconds: number): number => LEFT + (seconds / end) * (WIDTH - LEFT - 20);
  const chart = (top: number, title: string, colour: string, valueOf: (sample: Sample) => number): string => {
    const most = Math.max(1, ...samples.map(valueOf));
    const y = (value: number): number => top + HEIGHT - (value / most) * (HEIGHT - 20);
    // Each value holds until the next sample.
    const steps = samples.map(
      (sample, index) =>
        `${index === 0 ? "M" : "H"}${x(sample.seconds).toFixed(1)}${index === 0 ? " " : " V"}${y(valueOf(sample)).toFixed(1)}`,
    );
    return `<text x="${LEFT}" y="${top + 10}" class="title">${title}</text>
<text x="${LEFT - 8}" y="${y(most) + 4}" class="scale">${most}</text><text x="${LEFT - 8}" y="${top + HEIGHT + 4}" class="scale">0</text>
<path d="M${LEFT} ${top + HEIGHT}H${WIDTH - 20}" class="axis"/>
<path d="${steps.join("")}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  };
  const bottom = 2 * HEIGHT + GAP + 30;
  const lines = marks.map(
    ({ seconds, text }, index) =>
      `<path d="M${x(seconds).toFixed(1)} 20V${bottom - 30}" class="mark"/><text x="${(x(seconds) + 5).toFixed(1)}" y="${32 + 16 * index}" class="label">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom}" font-family="system-ui, sans-serif" font-size="12">
<title>What waited and what ran, over time</title>
<style>
  text { fill: #57606a } .title { font-weight: 600 } .scale { text-anchor: end }
  .axis { stroke: #d0d7de } .mark { stroke: #cf222e; stroke-dasharray: 4 3 } .label { fill: #cf222e }
</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${chart(10, "inputs that wait", "#0969da", ({ waiting }) => waiting)}
${chart(10 + HEIGHT + GAP, "containers", "#1a7f37", ({ containers }) => containers)}
${lines.join("\n")}
<text x="${WIDTH - 20}" y="${bottom - 8}" class="scale">${end.toFixed(1)} s</text>
</svg>
`;
}
