// Panels of Grafana: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
import type { Json, JsonObject } from "../json-schema/json.ts";

/** A panel without its place. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  /** Expressions with what a line of each is called: \`{{label}}\`. */
  readonly lines: readonly { readonly expr: string; readonly legend: string }[];
  /** Width in columns, of 24. */
  readonly width?: number;
  /** From 0 to this. */
  readonly max?: number;
  /** Lines on top of each other. */
  readonly stacked?: boolean;
  /** A value that is to be seen as a line. */
  readonly mark?: number;
  /** Names of values, with a colour: drawn as states over time. */
  readonly states?: readonly { readonly value: number; readonly text: string; readonly color: string }[];
}
/** Returns a panel with one expression. */
export const panel = (title: string, description: string, unit: string, expr: string, legend: string): Panel => ({
  title,
  description,
  unit,
  lines: [{ expr, legend }],
});
export interface Row {
  readonly title: string;
  readonly collapsed: boolean;
  readonly panels: readonly Panel[];
}

/** Data source that the dashboard's variable selects. */
export const DATASOURCE: JsonObject = { type: "prometheus", uid: "$datasource" };

const COLUMNS = 24;
const HEIGHT = 8;

/** Rows from top to bottom, each with its panels from left to right; ids count in that order. */
export function laidOut(rows: readonly Row[]): readonly JsonObject[] {
  const all: JsonObject[] = [];
  let id = 0;
  let y = 0;
  for (const { title, collapsed, panels } of rows) {
    const header = { id: ++id, type: "row", title, collapsed, gridPos: { h: 1, w: COLUMNS, x: 0, y: y++ } };
    let x = 0;
    const inside = panels.map((panel) => {
      const width = panel.width ?? HEIGHT;
      if (x + width > COLUMNS) [x, y] = [0, y + HEIGHT];
      const placed = { id: ++id, gridPos: { h: HEIGHT, w: width, x, y }, ...panelOf(panel) };
      x += width;
      return placed;
    });
    all.push({ ...header, panels: collapsed ? inside : [] }, ...(collapsed ? [] : inside));
    y += HEIGHT;
  }
  return all;
}

function panelOf(panel: Panel): JsonObject {
  const { title, description, lines, states } = panel;
  return {
    type: states === undefined ? "timeseries" : "state-timeline",
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options:
      states === undefined
        ? {
            legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
            tooltip: { mode: "multi", sort: "desc" },
          }
        : {
            legend: { displayMode: "list", placement: "bottom", showLegend: true },
            tooltip: { mode: "single", sort: "none" },
            mergeValues: true,
            rowHeight: 0.9,
            showValue: "auto",
          },
    targets: lines.map(({ expr, legend }, i) => ({
      refId: refId(i),
      datasource: DATASOURCE,
      editorMode: "code",
      expr,
      legendFormat: legend,
      range: true,
    })),
  };
}

function defaultsOf({ unit, max, stacked, mark, states }: Panel): JsonObject {
  const mappings: Json = (states ?? []).map(({ value, text, color }, index) => ({
    type: "value",
    options: { [String(value)]: { text, color, index } },
  }));
  const steps: Json =
    mark === undefined
      ? [{ color: "green", value: null }]
      : [
          { color: "green", value: null },
          { color: "red", value: mark },
        ];
  return {
    unit,
    ...(states === undefined && { min: 0 }),
    ...(max !== undefined && { max }),
    mappings,
    thresholds: { mode: "absolute", steps },
    custom:
      states === undefined
        ? {
            drawStyle: "line",
            lineWidth: 1,
            fillOpacity: stacked === true ? 30 : 0,
            showPoints: "never",
            stacking: { mode: stacked === true ? "normal" : "none", group: "A" },
            thresholdsStyle: { mode: mark === undefined ? "off" : "dashed" },
          }
        : { fillOpacity: 70, lineWidth: 0 },
  };
}

/** A to Z, AA to AZ, … */
function refId(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : refId(Math.floor(index / 26) - 1) + letter;
}
