import { cell } from "../rig/result.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn in the colour that stands out. */
  readonly ours: boolean;
}

const WIDTH = 640;
const LABEL_WIDTH = 130;
const VALUE_WIDTH = 70;
const ROW = 26;
const BAR = 16;
const TOP = 34;

/** One horizontal bar per value, from 0, as an SVG document that can be read on light and on dark pages. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const height = TOP + bars.length * ROW + 6;
  const rows = bars.flatMap(({ label, value, ours }, index) => {
    const middle = TOP + index * ROW + BAR / 2;
    const length = Math.max(1, ((WIDTH - LABEL_WIDTH - VALUE_WIDTH) * value) / most);
    return [
      `  <text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end" dominant-baseline="central">${escaped(label)}</text>`,
      `  <rect x="${LABEL_WIDTH}" y="${middle - BAR / 2}" width="${length.toFixed(1)}" height="${BAR}" rx="2" class="${ours ? "ours" : "peer"}"/>`,
      `  <text x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${middle}" dominant-baseline="central">${cell(value)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `  <title>${escaped(title)}</title>`,
    "  <style>text { font: 12px sans-serif; fill: #57606a } .title { font-weight: bold } .ours { fill: #1a7f5a } .peer { fill: #8c959f }</style>",
    `  <text x="8" y="18" class="title">${escaped(title)}</text>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
