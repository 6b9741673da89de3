// The page of metrics has every metric that a server shows, with its type and labels, and no other.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Metrics } from "../../packages/server/src/metrics/metrics.ts";
import { observeEach } from "../support/metric-events.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const page = read("docs/metrics.md");
const rows = [...page.matchAll(/^\| `([a-z0-9_<>]+)` \| (counter|gauge|histogram) \| ([^|]*)\| \S/gm)].map(
  ([, name = "", type = "", labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
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
  const names = quoted.map(([, name = ""]) => name).filter((name) => !LABELS.has(name) && !TABLES.has(name));
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
/** Tables of the store. */
const TABLES = new Set(["bff_servers"]);
/** Meters have the names that packages declare. */
const expanded = (name: string): string[] =>
  name.startsWith("bff_meter_")
    ? [name.replace(/\$\{.*?\}/, "<name>")]
    : ["mean", "max", "p50", "p90", "p99"].map((what) => name.replace(/\$\{.*?\}/, what));

test("every metric has a row, and every row a metric", () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(namesInSources());
});

test("a row has the type that the suffix of its name implies", () => {
  for (const { name, type } of rows) expect([name, type === "counter"]).toEqual([name, name.endsWith("_total")]);
});

test("rendered metrics have the labels of their row, in the same order", () => {
  const metrics = new Metrics();
  observeEach(metrics);
  const { families } = metrics.snapshot();
  metrics.close();
  const all = families.flatMap(({ name, type, samples }) =>
    samples.map(({ labels }) => ({ name, type, labels: labels.filter((_, i) => i % 2 === 0) })),
  );
  for (const { name, type, labels } of all) {
    const row = rows.find((row) => row.name === name);
    expect({ name, type, labels }).toEqual({ ...row, labels: row?.labels.filter((label) => labels.includes(label)) });
  }
  // All labels that a row has were there, too: histograms of collections come when there was one.
  const seen = rows.filter(({ name }) => name.startsWith("rpc_") || all.some((metric) => metric.name === name));
  for (const { name, labels } of seen)
    expect([name, new Set(all.flatMap((metric) => (metric.name === name ? metric.labels : [])))]).toEqual([
      name,
      new Set(labels),
    ]);
  expect(seen.length).toBeGreaterThan(20);
});
