// `dashboards=grafana+prometheus`: dashboards and alerts of each server, as files beside it, even if the server is not
// written. It walks the plan.

import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../json-schema/json.ts";
import type { Parameter } from "../options/parameter.ts";
import type { Plan } from "../plan/model/plan.ts";
import { DATASOURCE, laidOut } from "./panels.ts";
import { PROCESS, topicRow, upstreamRow } from "./process-rows.ts";
import { rpcsOf, series } from "./promql.ts";
import { overview, rpcRow } from "./rpc-rows.ts";
import { rulesOf } from "./rules.ts";
import { type Watched, watchedOf } from "./watched-server.ts";

/** `web/v1/dashboard.json` and `web/v1/alerts.yaml` beside `web/v1/server.ts`. */
export function dashboardFiles(
  plan: Plan,
  { dashboards: selection, uses }: Pick<Parameter, "dashboards" | "uses">,
): readonly { readonly name: string; readonly content: string }[] {
  return plan.servers.flatMap((server) => {
    const watched = watchedOf(server, plan);
    const named = (suffix: string): string => server.path.replace(/server$/, suffix);
    const dashboard = () => ({
      name: `${named("dashboard")}.json`,
      content: `${jsonText(dashboardOf(watched))}\n`,
    });
    const alerts = () => ({ name: `${named("alerts")}.yaml`, content: rulesOf(watched, uses) });
    return [...(selection.has("grafana") ? [dashboard()] : []), ...(selection.has("prometheus") ? [alerts()] : [])];
  });
}

const WIDTH = 120;

/**
 * Returns JSON in which each value that fits takes one line. The text has a third of the lines, and a changed panel
 * changes one of its lines.
 */
function jsonText(value: Json, indent = ""): string {
  const line = JSON.stringify(value);
  if (value === null || typeof value !== "object" || indent.length + line.length <= WIDTH) return line;
  const inner = `${indent}  `;
  if (isList(value)) return `[\n${value.map((item) => inner + jsonText(item, inner)).join(",\n")}\n${indent}]`;
  const entries = Object.entries(value).map(
    ([name, item]) => `${inner}${JSON.stringify(name)}: ${jsonText(item, inner)}`,
  );
  return `{\n${entries.join(",\n")}\n${indent}}`;
}
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

// A dashboard of Grafana for a server: each rpc with what it calls, in the order of the plan; upstreams; the process.

function dashboardOf(watched: Watched): JsonObject {
  const name = watched.server.name || "BFF";
  const methods = rpcsOf(watched.services);
  const rows = [
    overview(watched, methods),
    ...watched.rpcs.map((rpc, i) => rpcRow(rpc, i > 0)),
    ...(watched.upstreams.length === 0 ? [] : [upstreamRow(watched)]),
    ...(watched.topics.length === 0 ? [] : [topicRow(watched)]),
    PROCESS,
  ];
  return {
    // The same for the same server, so that a new version takes the place of the old one. At most 40 characters.
    uid: `bff-${createHash("sha256").update(name).digest("hex").slice(0, 20)}`,
    title: name,
    description: `Answers and upstream calls of ${name}. Written by protoc-gen-bff from its plan.`,
    tags: ["bff", "protobff"],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    timepicker: {},
    annotations: { list: [] },
    links: [],
    templating: { list: variables(methods) },
    panels: laidOut(rows),
  };
}

function variables(methods: string): readonly JsonObject[] {
  const scraped = (name: string, label: string, query: string): JsonObject => ({
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: "StandardVariableQuery" },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".+",
    current: { selected: true, text: ["All"], value: ["$__all"] },
    hide: 0,
    options: [],
    regex: "",
    skipUrlSync: false,
  });
  const inFlight = (...matchers: readonly string[]): string => series("bff_requests_in_flight", ...matchers, methods);
  return [
    {
      name: "datasource",
      label: "Data Source",
      type: "datasource",
      query: "prometheus",
      refresh: 1,
      current: {},
      hide: 0,
      includeAll: false,
      multi: false,
      options: [],
      regex: "",
      skipUrlSync: false,
    },
    scraped("job", "Job", `label_values(${inFlight()}, job)`),
    scraped("instance", "Instance", `label_values(${inFlight('job=~"$job"')}, instance)`),
  ];
}
