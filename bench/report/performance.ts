// docs/performance.md with its plots, and the table of costs in the README, from bench/results.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cell, type Machine, type ScenarioResult, type VariantResult } from "../rig/result.ts";
import { type About, about, IDS, MEMORY } from "../scenarios/about.ts";
import { barChart } from "./bar-chart.ts";
import { capacity } from "./capacity.ts";
import { changesToCodeSince, changesToInputs, INPUTS } from "./changes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = `${root}/bench/results`;
const PAGE = `${root}/docs/performance.md`;
const PLOTS = `${root}/docs/performance`;
const README = `${root}/README.md`;
/** The README's table of costs is between these lines. */
const COST_BEGIN = "<!-- Written by `npm run bench -- --report`. Do not edit. -->\n";
const COST_END = "<!-- End of the written table. -->\n";
const COST_ROWS = ["protobff", "grpc-go", "grpc-federation", "grpc-js", "connect-node"];
const COST_COLUMNS = ["cpu_us_per_request", "cold_cpu_us_per_request", "requests_per_second", "p99_ms", "max_rss_mb"];

/** Writes the page and the README's table, and removes plots of scenarios that are no longer recorded. */
export function writeReport(): void {
  const results = readResults();
  rmSync(PLOTS, { recursive: true, force: true });
  for (const entry of about) {
    const result = results.get(entry.scenario);
    if (result === undefined) continue;
    mkdirSync(PLOTS, { recursive: true });
    writeFileSync(`${PLOTS}/${entry.scenario}.svg`, plot(entry, result));
  }
  writeFileSync(PAGE, page(results));
  const fanout = results.get("fanout");
  if (fanout !== undefined) writeFileSync(README, withCosts(readFileSync(README, "utf8"), fanout));
}

function withCosts(readme: string, fanout: ScenarioResult): string {
  const [before, rest] = readme.split(COST_BEGIN);
  const after = rest?.split(COST_END)[1];
  if (before === undefined || after === undefined) throw new Error("README.md lacks the marks of the table of costs");
  const variants = COST_ROWS.flatMap((name) => fanout.variants.filter((variant) => variant.name === name));
  const lines = table({ ...fanout, variants }, COST_COLUMNS).filter((line) => line !== "");
  return [before, COST_BEGIN, ...lines.map((line) => `${line}\n`), COST_END, after].join("");
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

With this page you can compare the cost of a composed request with the same composition by hand.
\`npm run bench -- <scenario>\` measures, and \`--record\` keeps the result. \`--report\` writes this page and the table of the
README. \`--quick\` only checks that everything works.

## Method

All variants of a scenario run together, in interleaved rounds. Each measurement has a fresh process, over the same
upstream process (raw node:http2, with answers encoded beforehand). The load generator is h2load, with 4 connections of 8
streams each; a stream sends its next request after an answer. If clients have deadlines or a rate, a generator of this
repository replaces h2load. Every request has a deadline, an \`authorization\` of 200 characters and an \`x-request-id\`;
servers pass on both headers.

Each variant's answer is decoded and compared with the expected message, before the measurement and after the warm-up of
6,000 requests. The mean length of the replies under load must equal that of the checked reply, so errors do not count
as answers. Figures are medians over the rounds.

| figure | meaning |
|---|---|
| CPU | CPU time of all threads of the server's process, garbage collection and compilation included, after the warm-up |
| cold CPU | CPU time of the first 2,500 requests of a process after the checked one: a hundred one after the other, then 32 at a time |
| cold × warm in order | cold CPU divided by the CPU of 2,500 requests in the same order to a warm process |
| RSS, max RSS | memory of the process right after the load, and its maximum in any round |
| garbage | bytes allocated for the measured requests. In Node these are objects of the heap, from its size before and after each collection, without buffers outside the heap |
| allocations | in Go over the measured requests; in Node over 200 more requests, one at a time, by V8's sampling of every allocation. A combined allocation of optimised code counts as one |
| GC | in Node the time for which collections stop the JavaScript thread, in Go the CPU of the collector |
| fresh ids, same ids | three rounds of 2,000 requests each by one client on node:http2, after 1,000 unmeasured ones: with random \`x-request-id\` and \`traceparent\`, and with constant ones |

h2load sends the same headers each time. A server that remembers earlier headers therefore benefits more than with real
callers; the columns of fresh ids show the difference.

Upstreams, load generator and server share the machine. Compare CPU per request rather than requests per second, and
compare only within one run.

Peers are in [bench/peers](../bench/peers). One [composition](../bench/peers/compositions.ts) is served and called with
connect-node, with grpc-js (and protobuf-es), and with raw node:http2 on both sides, the minimum in Node. In Go,
[grpc-go](../bench/peers/grpc-go) is the same composition by hand, with errgroup.
[grpc-federation](../bench/peers/grpc-federation) is the output of its plugin for the same compositions in its options.
Both are generated and built if Go is installed. The variants of protobff are generated servers as they are deployed.

All servers in Node run as the generated Dockerfile deploys them, hand-written ones as well: bundled by esbuild, with a
filled cache of compiled code, and with \`MALLOC_ARENA_MAX=2\`. \`BENCH_PROFILE=<folder>\` writes a CPU profile of every server there.
`;

function page(results: ReadonlyMap<string, ScenarioResult>): string {
  const recorded = about.flatMap((entry) => results.get(entry.scenario) ?? []);
  return [
    INTRODUCTION,
    machines(recorded),
    ...about.map((entry) => section(entry, results.get(entry.scenario))),
    capacity(results),
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
  const lines = [`## ${scenario}`, "", text, ...(goal === undefined ? [] : ["", `Goal: ${goal}.`]), ""];
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
    `${result.recorded_at.slice(0, 10)}, commit ${result.machine.commit}, ${rounds}${result.quick ? ", **quick: no figure to rely on**" : ""}.${age(result)}`,
    ...result.variants.flatMap(fastPaths),
    ...result.failures.map((failure) => `\n**Failed**: ${failure}.`),
    "",
  ].join("\n");
}

/** A mark if the code has changed since the record. */
function age({ machine }: ScenarioResult): string {
  const changes = changesToCodeSince(machine.commit.replace("+", ""));
  if (changes === 0) return "";
  return changes === undefined
    ? " **The commit is unknown here.**"
    : ` **Older than the code**, which ${changes === 1 ? "1 later commit" : `${changes} later commits`} changed.`;
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
  ratio_to_protobff_grpc: "× the same in gRPC",
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
  ratio_to_plain: "× plain",
  ratio_to_answered: "× answered",
  wall_us_per_call: "µs/call",
  cpu_us_per_call: "CPU µs/call",
  redis_cpu_us_per_call: "CPU of Redis µs/call",
  calls_per_second: "calls/s",
  kb_per_unit: "KB/unit",
  cost_us_per_unit: "CPU µs/unit",
  ratio_to_smaller: "× smaller",
  start_cpu_ms: "CPU ms to the first answer",
  supervisor_rss_mb: "RSS MB of the supervisor",
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
