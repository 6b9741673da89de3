// The section of capacity in docs/performance.md: what carries a rate of requests, from the records.
import { cell, type ScenarioResult } from "../rig/result.ts";

type Results = ReadonlyMap<string, ScenarioResult>;

const RATES = [1_000, 20_000, 100_000, 1_000_000] as const;
/** Share of a core that a process and a primary of Redis use at most. */
const BUSY = 0.7;
const MICROS = 1e6;
/** Keys of a topic that are followed, for each request per second, and keys of a consumer. */
const KEYS_PER_CONSUMER = 100;
/** Addresses of an upstream, and those that a process uses by default and with `subset: 32`. */
const ADDRESSES = 200;
const SUBSETS = [128, 32] as const;
const LIMITS = "three limits, Redis, 32 at once";
const LEASED = `${LIMITS}, leases of 20`;
const NO_RECORD = "no record";

interface Row {
  readonly what: string;
  /** Undefined without a record. */
  readonly of: (rate: number) => number | undefined;
  readonly record: string;
}

export function capacity(results: Results): string {
  const rows = [...coreRows(results), ...sumRows(results)];
  const lines = rows.map(({ what, of, record }) =>
    line(
      what,
      RATES.map((rate) => shown(of(rate))),
      record,
    ),
  );
  return `## Capacity

What carries a rate of requests: the composition of \`fanout\`, with three limits and one followed key for each request
per second. A process and a primary of Redis are at most ${BUSY * 100} % busy. Cores are CPU time. Those of a part are the
difference of the lowest rounds with and without it.

${line(
  "requests per second",
  RATES.map((rate) => rate.toLocaleString("en")),
  "record",
)}
|---|${RATES.map(() => "---:|").join("")}---|
${[...lines, ...limitingLines(results)].join("\n")}

Idle connections take ${shown(figure(results, "idle", "protobff", "kb_per_connection"))} KB each (\`npm run bench -- idle\`),
followers of topics ${shown(figure(results, "growth", "100000 followers, 2 workers", "kb_per_unit"))} KB (\`npm run bench -- growth\`).
NATS carries one copy of an item to each process, however many followers it has. Purges, cached answers and sessions add
commands of Redis that have no record of CPU per command.
`;
}

function figure(results: Results, scenario: string, name: string, key: string): number | undefined {
  const value = results.get(scenario)?.variants.find((variant) => variant.name === name)?.[key];
  return typeof value === "number" ? value : undefined;
}
const line = (what: string, cells: readonly string[], record: string): string =>
  `| ${[what, ...cells, record].join(" | ")} |`;
const shown = (value: number | undefined): string => (value === undefined ? NO_RECORD : String(cell(value)));

/** Difference of the CPU time per request of two variants, in microseconds: of the minima, which noise changes least. */
function added(results: Results, scenario: string, name: string, without: string): number | undefined {
  const [more, less] = [name, without].map((variant) => figure(results, scenario, variant, "cpu_us_min"));
  return more === undefined || less === undefined ? undefined : Math.max(0, more - less);
}

/** Cores by part, in microseconds per request. */
function parts(results: Results): readonly (readonly [what: string, micros: number | undefined, scenario: string])[] {
  return [
    ["cores: composing, fresh ids", figure(results, "fanout", "protobff", "fresh_ids_cpu_us_per_request"), "fanout"],
    ["cores: TLS", added(results, "capacity", "TLS", "plain"), "capacity"],
    ["cores: a token", added(results, "identity", "token", "without identity"), "identity"],
    ["cores: three limits in Redis", figure(results, "capacity", LIMITS, "cpu_us_per_call"), "capacity"],
    ["cores: a tenth traced", added(results, "telemetry", "fanout, 10 % sampled", "fanout, off"), "telemetry"],
    ["cores: access log of all", added(results, "capacity", "access log", "plain"), "capacity"],
  ];
}
function coreRows(results: Results): readonly Row[] {
  return parts(results).map(([what, micros, scenario]) => ({
    what,
    of: (rate) => (micros === undefined ? undefined : (rate * micros) / MICROS),
    record: recordOf(results, scenario),
  }));
}
function recordOf(results: Results, scenario: string): string {
  const date = results.get(scenario)?.recorded_at.slice(0, 10);
  return `\`npm run bench -- ${scenario}\`${date === undefined ? "" : `, ${date}`}`;
}
/** Processes with all parts that have a record. */
function processesOf(results: Results, rate: number): number {
  const micros = parts(results).reduce((sum, [, part]) => sum + (part ?? 0), 0);
  return Math.max(1, Math.ceil((rate * micros) / MICROS / BUSY));
}
function primaries(results: Results, variant: string, rate: number): number | undefined {
  const micros = figure(results, "capacity", variant, "redis_cpu_us_per_call");
  return micros === undefined ? undefined : Math.max(1, Math.ceil((rate * micros) / MICROS / BUSY));
}
function sumRows(results: Results): readonly Row[] {
  const ofRedis = (what: string, variant: string): Row => ({
    what,
    of: (rate) => primaries(results, variant, rate),
    record: recordOf(results, "capacity"),
  });
  return [
    { what: "processes", of: (rate) => processesOf(results, rate), record: "the cores above" },
    ofRedis("primaries of Redis", LIMITS),
    ofRedis("primaries of Redis, `lease: 20`", LEASED),
    {
      what: "consumers of NATS",
      of: (rate) => {
        const processes = processesOf(results, rate);
        return processes * Math.ceil(rate / processes / KEYS_PER_CONSUMER);
      },
      record: "`npx vitest run shared-consumers`",
    },
    ...SUBSETS.map((subset) => ({
      what: `connections to each of ${ADDRESSES} addresses, ${subset === 128 ? "by default" : `\`subset: ${subset}\``}`,
      of: (rate: number) => Math.ceil((processesOf(results, rate) * subset) / ADDRESSES),
      record: "`npx vitest run subset`",
    })),
  ];
}

/** First limit if one of everything runs, and the setting that moves it. */
function limitingLines(results: Results): readonly string[] {
  const found = RATES.map((rate): readonly [first: string, setting: string] => {
    if ((primaries(results, LEASED, rate) ?? 1) > 1) return ["Redis, also with leases", "`redis-cluster://`, `local`"];
    if ((primaries(results, LIMITS, rate) ?? 1) > 1) return ["Redis: scripts of limits", "`lease`, `redis-cluster://`"];
    if (processesOf(results, rate) > 1) return ["the core of a process", "`BFF_WORKERS`, replicas"];
    return ["nothing; a second process for rollouts", "replicas"];
  });
  return [
    line(
      "breaks first",
      found.map(([first]) => first),
      "the rows above",
    ),
    line(
      "setting that moves it",
      found.map(([, setting]) => setting),
      "[deploying](deploying.md#more-than-one-process)",
    ),
  ];
}
