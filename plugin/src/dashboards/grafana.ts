// A dashboard of Grafana for a server: each rpc with what it calls, in the order of the plan; upstreams; the process.
import { createHash } from "node:crypto";
import type { JsonObject } from "../json-schema/json.ts";
import { DATASOURCE, laidOut } from "./panels.ts";
import { PROCESS, topicRow, upstreamRow } from "./process-rows.ts";
import { rpcsOf, series } from "./promql.ts";
import { overview, rpcRow } from "./rpc-rows.ts";
import type { Watched } from "./watched-server.ts";

export function dashboardOf(watched: Watched): JsonObject {
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
