// The page of telemetry has every metric that a server shows, with its type and labels, and no other.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { expect, test } from "vitest";
import { Metrics } from "../packages/server/src/metrics/metrics.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const page = read("docs/telemetry.md");
const rows = [...page.matchAll(/^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \| ([^|]*)\| \S/gm)].map(
  ([, name = "", type = "", labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, one = ""]) => one),
  }),
);

/** Names of metrics in the sources; one that is put together has its parts in braces. */
function namesInSources(): string[] {
  const folders = ["packages/server/src"];
  const files = folders.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  const sources = files.filter((path) => /(?<!\.test)\.ts$/.test(path) && !OTHERS.test(path)).map(read);
  const quoted = sources.flatMap((text) => [...text.matchAll(/["`]((?:rpc|bff|v8js|nodejs|process)_[\w${}]+)["`]/g)]);
  const names = quoted.map(([, name = ""]) => name).filter((name) => !LABELS.has(name));
  return [...new Set(names.flatMap((name) => (name.includes("$") ? expanded(name) : name)))].sort();
}
/** Rooms without metrics: their quoted names are those of cookies and fields. */
const OTHERS = /\/(testing|session|explorer|gen)\//;
const LABELS = new Set([
  "rpc_method",
  "rpc_service",
  "rpc_response_status_code",
  "nodejs_eventloop_state",
  "v8js_gc_type",
]);
const expanded = (name: string): string[] =>
  ["mean", "max", "p50", "p90", "p99"].map((what) => name.replace(/\$\{.*?\}/, what));

test("every metric has a row, and every row a metric", () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(namesInSources());
});

test("a row has the type that the name says", () => {
  for (const { name, type } of rows) expect([name, type === "counter"]).toEqual([name, name.endsWith("_total")]);
});

test("what is rendered has the labels of its row, in their order", () => {
  const metrics = new Metrics();
  tell(metrics);
  const { families } = metrics.snapshot();
  metrics.close();
  const all = families.flatMap(({ name, type, samples }) =>
    samples.map(({ labels }) => ({ name, type, labels: labels.filter((_, i) => i % 2 === 0) })),
  );
  for (const { name, type, labels } of all) {
    const row = rows.find((one) => one.name === name);
    expect({ name, type, labels }).toEqual({ ...row, labels: row?.labels.filter((one) => labels.includes(one)) });
  }
  // All labels that a row has were there, too: histograms of collections come when there was one.
  const seen = rows.filter(({ name }) => name.startsWith("rpc_") || all.some((one) => one.name === name));
  for (const { name, labels } of seen)
    expect([name, new Set(all.flatMap((one) => (one.name === name ? one.labels : [])))]).toEqual([
      name,
      new Set(labels),
    ]);
  expect(seen.length).toBeGreaterThan(20);
});

/** One of each event, with all that it may say. */
function tell(metrics: Metrics): void {
  const header = () => "";
  const asked = { request: {}, header, method: "web.v1.Web/Get", startedAt: 0 };
  const of = { request: {}, call: {}, service: "a.v1.A", branch: "canary", method: "a.v1.A/Get", startedAt: 0 };
  const bytes = new Uint8Array();
  const degraded = [create(DegradationSchema, { path: "title", upstream: "a.v1.A", reason: 2 })];
  metrics.responseStart(asked);
  const outcome = { ok: true, degraded, failures: [] } as const;
  metrics.response({ ...asked, endedAt: 1, outcome, deprecated: { since: "2020-01-01", source: "user" } });
  metrics.streamOpen({ ...asked, openedAt: 1, items: () => 2 });
  const stream = { openedAt: 1, items: 2, degraded: 0, end: "ended" } as const;
  metrics.response({ ...asked, endedAt: 1, outcome: { ok: true, degraded: [], failures: [] }, stream });
  metrics.callStart(of);
  metrics.attempt({ ...of, number: 1, hedge: false, endedAt: 1, outcome: "ok" });
  metrics.call({ ...of, header, message: bytes, endedAt: 1, attempts: 1, outcome: { ok: true, message: bytes } });
  metrics.cache({ ...of, outcome: "fresh" });
  metrics.limited({ ...asked, limit: "web.v1/user", outcome: "exceeded" });
  metrics.ejection({ ...of, address: "10.0.0.1:80", forMs: 1, consecutive: 5, at: 0 });
  metrics.breaker({ ...of, from: "closed", to: "open", at: 0 });
  const method = "a.v1.A/Get";
  const state = { followers: 1, keys: 1, ringBytes: 1, consumers: 1, resets: 1 };
  metrics.streamDegraded({ ...asked, degraded, failures: [] });
  metrics.topic({ name: "run", service: "a.v1.A", state: () => state });
  metrics.upstream({
    ...of,
    state: () => ({
      breakers: [{ method, state: "open" }],
      limits: [{ method, taken: 0, most: 1, waiting: 0 }],
      streams: [{ method, taken: 0, most: 1, waiting: 0 }],
      addresses: [{ address: "10.0.0.1:80", state: "idle", inFlight: 0 }],
    }),
  });
}
