// docs/performance.md and its plots, from bench/results.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cell, type Machine, type ScenarioResult, type VariantResult } from "../rig/result.ts";
import { type About, about, IDS, MEMORY } from "../scenarios/about.ts";
import { barChart } from "./bar-chart.ts";
import { changesToInputs, INPUTS } from "./changes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = `${root}/bench/results`;
const PAGE = `${root}/docs/performance.md`;
const PLOTS = `${root}/docs/performance`;

/** Writes the page anew. Plots of scenarios that are no more recorded go away. */
export function writeReport(): void {
  const results = readResults();
  rmSync(PLOTS, { recursive: true, force: true });
  for (const one of about) {
    const result = results.get(one.scenario);
    if (result === undefined) continue;
    mkdirSync(PLOTS, { recursive: true });
    writeFileSync(`${PLOTS}/${one.scenario}.svg`, plot(one, result));
  }
  writeFileSync(PAGE, page(results));
}

function readResults(): Map<string, ScenarioResult> {
  let files: string[] = [];
  try {
    files = readdirSync(RESULTS).filter((file) => file.endsWith(".json"));
  } catch {
    // nothing has been recorded yet
  }
  return new Map(
    files.map((file) => {
      const result = JSON.parse(readFileSync(`${RESULTS}/${file}`, "utf8")) as ScenarioResult;
      return [result.scenario, result];
    }),
  );
}

const INTRODUCTION = `# Performance

<!-- Written by \`npm run bench -- --report\` from bench/results. Do not edit. -->

With this page you can compare the cost of a composed request with the same composition by hand. \`npm run bench -- <scenario>\` measures, \`--record\` keeps the
result, \`--report\` writes this page. \`--quick\` only shows that all of it works.

How it is measured: all variants in one run, in interleaved rounds, a fresh process for each measurement, over the same upstream process
(raw node:http2, answers encoded beforehand). Load is h2load's, 4 connections with 8 streams each in a closed loop, or a generator of our own
where clients have deadlines or a rate. Every request has a deadline, an \`authorization\` of 200 characters and an \`x-request-id\`; both are passed on.
Before it is timed, and again after the warm-up, each variant's answer is decoded and compared with the expected message, and the mean length
of the replies under load has to be that of the checked one, so that no error counts as an answer. CPU is that of all threads of the server's
process, garbage collection and compilation included, after 6,000 requests of warm-up; figures are medians over the rounds.

Cold is the CPU of the first 2,500 requests of a process after the one that was checked: a hundred one after the other, then 32 at a time.
"In order" is that by the CPU of 2,500 more that are asked in the same way once all is warm: one after the other they cost more however warm a process is.
RSS is what the process held right after the load; the most is that of any round since its start. Garbage is what was allocated for the measured
requests: in Node the objects of the heap, by its size before and after each collection, without buffers outside of the heap; in Go all bytes.
Allocations are counted with 200 more requests, one at a time, by V8's sampling of every allocation, where objects that optimised code allocates
in one go count as one; in Go over the measured requests. GC is in Node how long the thread of JavaScript stood still for collections, in Go the
CPU of its collector.

h2load says the same headers each time, so that what a server remembers of earlier requests helps it as no real callers do. Where fresh ids have a column, 2,000 requests
follow in each of three rounds whose \`x-request-id\` and \`traceparent\` are random, and 2,000 whose are not, by one client on node:http2; a thousand more
before are not measured.

Upstreams, load and server share the machine, so requests per second say less than CPU per request, and only ratios within one run compare.
Peers are in [bench/peers](../bench/peers): one [composition](../bench/peers/compositions.ts), served and called with connect-node, grpc-js
(with protobuf-es) and raw node:http2 on both sides, the floor. [grpc-go](../bench/peers/grpc-go) is the same composition as people write it in Go,
with errgroup; [grpc-federation](../bench/peers/grpc-federation) is what its plugin generates of the same compositions in its options. Both are
generated and built where Go is installed. Ours are the generated servers as they are deployed. All that run in Node have two settings of our Dockerfile:
what Node compiles of them is kept (\`NODE_COMPILE_CACHE\`, filled beforehand, types taken away), and \`MALLOC_ARENA_MAX=2\`. \`BENCH_PROFILE=<folder>\` leaves a
CPU profile of every server there.
`;

function page(results: ReadonlyMap<string, ScenarioResult>): string {
  const recorded = about.flatMap((one) => results.get(one.scenario) ?? []);
  return [
    INTRODUCTION,
    machines(recorded),
    ...about.map((one) => section(one, results.get(one.scenario))),
    leftOut(recorded),
    changes(),
  ].join("\n");
}

function machines(results: readonly ScenarioResult[]): string {
  const byText = Map.groupBy(results, ({ machine }) => machineText(machine));
  const lines = [...byText].map(([text, ofMachine]) =>
    byText.size === 1 ? text : `${text}: ${ofMachine.map(({ scenario }) => scenario).join(", ")}`,
  );
  if (lines.length === 0) return "## Machine\n\nNothing has been recorded yet.\n";
  return `## Machine\n\n${lines.map((line) => `- ${line}`).join("\n")}\n`;
}

function machineText({ cpu, cores, memory_gb, node, packages }: Machine): string {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return `${cores} cores, ${cpu}, ${memory_gb} GB; Node ${node}, ${versions.join(", ")}`;
}

function section({ scenario, text, goal, columns }: About, result: ScenarioResult | undefined): string {
  const lines = [`## ${scenario}`, "", text, ...(goal === undefined ? [] : ["", `Wanted: ${goal}.`]), ""];
  if (result === undefined) return [...lines, "Not recorded yet.", ""].join("\n");
  const rounds = result.rounds === 1 ? "1 round" : `${result.rounds} rounds`;
  return [
    ...lines,
    ...table(result, columns),
    ...table(
      result,
      MEMORY.filter((column) => !columns.includes(column)),
    ),
    ...table({ ...result, variants: result.variants.filter((variant) => IDS[0] in variant) }, IDS),
    `![${scenario}](performance/${scenario}.svg)`,
    "",
    `${result.recorded_at.slice(0, 10)}, commit ${result.machine.commit}, ${rounds}${result.quick ? ", **quick: no figure to rely on**" : ""}.`,
    ...result.variants.flatMap(fastPaths),
    ...result.failures.map((failure) => `\n**Failed**: ${failure}.`),
    "",
  ].join("\n");
}

/** Nothing where no variant has any of the figures. */
function table({ variants }: ScenarioResult, columns: readonly string[]): string[] {
  const shown = columns.filter((column) => variants.some((variant) => variant[column] !== undefined));
  if (shown.length === 0) return [];
  return [
    `| | ${shown.map(heading).join(" | ")} |`,
    `|---|${shown.map(() => "---:|").join("")}`,
    ...variants.map((variant) => `| ${variant.name} | ${shown.map((column) => cell(variant[column])).join(" | ")} |`),
    "",
  ];
}

const HEADINGS: Readonly<Record<string, string>> = {
  cpu_us_per_request: "CPU µs/request",
  requests_per_second: "requests/s",
  p50_ms: "p50 ms",
  p95_ms: "p95 ms",
  p99_ms: "p99 ms",
  cpu_us_per_item: "CPU µs/item",
  items_per_second: "items/s",
  calls_per_item: "calls/item",
  max_rss_mb: "max RSS MB",
  rss_mb: "RSS MB",
  cold_cpu_us_per_request: "cold CPU µs/request",
  cold_ratio: "cold × warm",
  cold_order_ratio: "cold × warm in order",
  garbage_kb_per_request: "garbage KB/request",
  allocations_per_request: "allocations/request",
  gc_us_per_request: "GC µs/request",
  upstream_calls_per_request: "upstream calls",
  same_ids_cpu_us_per_request: "same ids CPU µs/request",
  fresh_ids_cpu_us_per_request: "fresh ids CPU µs/request",
  fresh_ids_ratio_to_connect_node: "fresh ids × connect-node",
  ratio_to_connect_node: "× connect-node",
  ratio_to_grpc_js: "× grpc-js",
  ratio_to_grpc_go: "× grpc-go",
  ratio_to_grpc_federation: "× grpc-federation",
  p50_ratio_to_client: "p50 × client's own calls",
  p99_ratio_to_client: "p99 × client's own calls",
  ratio_to_envoy: "× Envoy forwarding",
  ratio_to_nginx: "× nginx forwarding",
  ratio_to_raw_http2: "× raw-http2",
  ratio_to_policies_off: "× policies off",
  p99_ratio_to_hedging_off: "p99 × hedging off",
  extra_calls: "extra calls",
  reply_length_off: "replies off",
  rest_in_time: "rest in time",
  per_second: "requests/s",
  calls_per_second_of_a_method: "calls/s of a method",
  wall_ms: "ms",
  cpu_ms: "CPU ms",
  ratio_to_protoc_gen_es: "× protoc-gen-es",
  ratio_to_buf_generate: "× buf generate and a restart",
  slowest_ms: "slowest ms",
  load_average: "load of the machine",
  ratio_to_without: "× without identity",
  ratio_to_open: "× without an edge",
  ratio_to_off: "× off",
  ratio_to_answered: "× answered",
  ratio_above_least: "× answered, above node:http2",
  wall_us_per_call: "µs/call",
  cpu_us_per_call: "CPU µs/call",
  calls_per_second: "calls/s",
  kb_per_connection: "KB/connection",
  kb_per_follower: "KB/follower",
  rss_mb_followed: "RSS MB followed",
  rss_mb_before: "RSS MB before",
  rss_mb_idle: "RSS MB idle",
  own_ratio_to_quiet: "own: p99 × quiet",
  own_p99_ms_quiet: "own: p99 ms quiet",
  own_p99_ms: "own: p99 ms",
  own_bff_percent: "own: BFF busy %",
  own_upstream_percent: "own: upstream busy %",
  own_bad: "own: not answered",
  node_ratio_to_quiet: "node: p99 × quiet",
  node_p99_ms_quiet: "node: p99 ms quiet",
  node_p99_ms: "node: p99 ms",
  node_bad: "node: not answered",
  node_ended: "node: process ended",
};
function heading(column: string): string {
  return HEADINGS[column] ?? column;
}

function fastPaths({ name, fast_paths }: VariantResult): string[] {
  const shares = Object.entries(fast_paths ?? {}).map(
    ([what, { fast, all }]) => `${what} ${all === 0 ? "none" : `${((100 * fast) / all).toFixed(1)} %`}`,
  );
  return shares.length === 0 ? [] : [`\nOn a fast path with ${name}: ${shares.join(", ")}.`];
}

function plot({ scenario, drawn }: About, { variants }: ScenarioResult): string {
  const bars = variants.flatMap((variant) => {
    const value = variant[drawn];
    return typeof value === "number"
      ? [{ label: variant.name, value, ours: /^proto(bff|c-gen-bff)/.test(variant.name) }]
      : [];
  });
  return barChart(`${scenario}: ${heading(drawn)}`, bars);
}

function leftOut(results: readonly ScenarioResult[]): string {
  const lines = results.flatMap(({ scenario, left_out }) =>
    left_out.map(({ name, reason }) => `- ${name} in ${scenario}: ${reason}`),
  );
  return `## Left out\n\n${lines.length === 0 ? "None." : lines.join("\n")}\n`;
}

function changes(): string {
  const lines = changesToInputs().map(
    ({ commit, date, subject, files }) =>
      `- ${date} ${commit} ${subject}: ${files.map((file) => `\`${file}\``).join(", ")}`,
  );
  const text = lines.length === 0 ? "None." : lines.join("\n");
  return `## Changes to peers and inputs since they were first committed\n\n(${INPUTS.map((path) => `\`${path}\``).join(", ")})\n\n${text}\n`;
}
