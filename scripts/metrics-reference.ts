// Writes docs/metrics.md from the metrics of a server that has observed one event of each kind.

import { familyOf } from "../packages/server/src/deployed/open-upstream-checks.ts";
import { Metrics } from "../packages/server/src/metrics/metrics.ts";
import type { Family } from "../packages/server/src/metrics/snapshot.ts";
import { purgeFamilies, waitFamily } from "../packages/server/src/process/cache-families.ts";
import { serverFamilies } from "../packages/server/src/process/open-admin.ts";
import {
  addCertificates,
  addOverrides,
  addSpans,
  addUsage,
  KeySets,
} from "../packages/server/src/process/server-families.ts";
import { workerFamilies } from "../packages/server/src/workers/workers-admin.ts";
import { noWaits } from "../runtime/src/cache/lease/leased-level.ts";
import { Purges } from "../runtime/src/cache/purges.ts";
import { observeEach } from "../test/support/metric-events.ts";

const INTRODUCTION = `# Metrics

<!-- Written by \`npm run docs\` from the metrics of packages/server. Do not edit. -->

With this page you can look up every metric at \`/metrics\`, with its labels. [Telemetry](telemetry.md#metrics) describes
the port that serves them, the values of labels, useful queries, dashboards and alerts.

| metric | type | labels | meaning |
|---|---|---|---|
`;

/** Labels of metrics whose samples follow events of the process, such as collections of garbage. */
const LATER = new Map([["v8js_gc_duration_seconds", ["v8js_gc_type"]]]);

function families(): readonly Family[] {
  const metrics = new Metrics();
  observeEach(metrics);
  const keys = new KeySets();
  keys.fetched("user");
  metrics.add(() => keys.families);
  addCertificates(metrics, [{ variable: "TLS_CERT_FILE", ends: new Date() }]);
  addSpans(metrics, { counts: () => ({ exported: 0, dropped: 0 }) });
  addUsage(metrics, { lost: 0 });
  addOverrides(metrics, { faultyRows: [["bff_deny", 0]] });
  const drifts = [{ element: "", kind: "removed", text: "" }] as const;
  const drifted = { service: "a.v1.A", part: "canary", check: { state: { state: "drift", drifts } } } as const;
  metrics.add(() => [familyOf([drifted])]);
  const purges = new Purges();
  purges.counts.tagFailed("a.v1.A/Get");
  purges.counts.purgedHit("a.v1.A/Get");
  metrics.add(() => purgeFamilies(purges));
  metrics.add(() => [waitFamily(noWaits())]);
  metrics.add(() => serverFamilies(SERVER));
  const { families: found } = metrics.snapshot();
  metrics.close();
  const serving = [{ place: { number: 1 }, open: 0 }];
  return [...found, ...workerFamilies({ serving, restarts: 0 }, { waiting: 0 }, { missed: 0 })];
}

const SERVER: NonNullable<Parameters<typeof serverFamilies>[0]> = {
  connections: 0,
  protocols: { http1: 0, http2: 0, websocket: 0 },
  followers: 0,
  open: 0,
  standingDelayMs: 0,
  state: "ready",
  room: { connections: 0, followers: 0 },
  requests: { all: 0, fast: 0 },
};

function labelsOf({ name, samples }: Family): readonly string[] {
  const seen = samples.flatMap(({ labels }) => labels.filter((_, index) => index % 2 === 0));
  return [...new Set([...seen, ...(LATER.get(name) ?? [])])];
}

export function metricsPage(): string {
  const rows = families().map((family) => {
    const labels = labelsOf(family).map((label) => `\`${label}\``);
    return `| \`${family.name}\` | ${family.type} | ${labels.join(", ")} | ${family.help} |\n`;
  });
  return INTRODUCTION + rows.join("");
}
