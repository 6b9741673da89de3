// Rules of Prometheus for a server: recordings of each rpc, and alerts.

import { usageSubjects } from "../plan/rpcs/plan-limits.ts";
import { comment, quoted } from "../text/yaml.ts";
import { type Alert, BY, COUNT, rpcsWith } from "./alert.ts";
import { anyOf, BROKEN, ERRORS, rate, rpcsOf, series, sumBy } from "./promql.ts";
import { shareAlerts } from "./share-alerts.ts";
import type { Watched } from "./watched-server.ts";

/** The share of requests that may fail: of an objective of 99.9 %. */
const BUDGET = 0.001;
/** Minimum number of failures in the longer window for an alert. */
const LEAST = 10;

/** Burn rates of the error budget, each over two windows: https://sre.google/workbook/alerting-on-slos/, table 5-8. */
const BURNS = [
  { factor: 14.4, long: "1h", short: "5m", wait: "2m", severity: "page" },
  { factor: 6, long: "6h", short: "30m", wait: "15m", severity: "page" },
  { factor: 3, long: "1d", short: "2h", wait: "1h", severity: "ticket" },
  { factor: 1, long: "3d", short: "6h", wait: "3h", severity: "ticket" },
] as const;
const WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

const recorded = (window: string): string => `rpc_method:rpc_server_errors:ratio_rate${window}`;

/** @param uses true if the server can compare deployed upstreams */
export function rulesOf(watched: Watched, uses: boolean): string {
  const name = watched.server.name || "the BFF";
  const methods = rpcsOf(watched.services);
  const groups = [
    group(
      `${name}: errors`,
      WINDOWS.map((window) => record(recorded(window), ratio(methods, window))),
    ),
    group(
      `${name}: rpcs`,
      [...burns(methods), ...broken(watched), ...shareAlerts(watched, methods), ...sunsets(watched)].map(rule),
    ),
    ...(watched.upstreams.length === 0 ? [] : [group(`${name}: upstreams`, upstreams(watched, uses).map(rule))]),
    ...(watched.topics.length === 0 ? [] : [group(`${name}: topics`, topics(watched).map(rule))]),
    group(`${name}: process`, [...PROCESS, ...usage(watched)].map(rule)),
  ];
  return `# Rules for ${comment(name)}, written by protoc-gen-bff: docs/telemetry.md, "Dashboards and alerts".
# Rules of other servers repeat the alerts of upstreams and processes. Alertmanager merges equal alerts.
groups:
${groups.join("\n")}
`;
}

// ---- rpcs ----

/** 0, too, where nothing has failed yet. */
function ratio(methods: string, window: string): string {
  const all = sumBy(BY, rate(series(COUNT, methods), window));
  return `(
  ${sumBy(BY, rate(series(COUNT, methods, ERRORS), window))}
  or
  ${all} * 0
)
/
${all}`;
}

function burns(methods: string): readonly Alert[] {
  return BURNS.map(({ factor, long, short, wait, severity }) => ({
    name: "BffErrorBudgetBurns",
    expr: `${series(recorded(long), methods)} > ${factor} * ${BUDGET}
and
${series(recorded(short), methods)} > ${factor} * ${BUDGET}
and
${sumBy(BY, `increase(${series(COUNT, methods, ERRORS)}[${long}])`)} >= ${LEAST}`,
    wait,
    severity,
    labels: { window: long },
    summary: "{{ $labels.rpc_method }} fails for {{ $value | humanizePercentage }} of its requests",
    description: `Over ${long} and over ${short} more than ${factor === 1 ? "" : `${factor} times `}what an objective of ${100 - BUDGET * 100} % allows.`,
  }));
}

/** Returns alerts for streams after their opening. */
function broken(watched: Watched): readonly Alert[] {
  if (!watched.rpcs.some(({ streams }) => streams)) return [];
  const self = rpcsWith(watched, ({ streams }) => streams);
  const ends = (by: (counter: string) => string, ...more: readonly string[]): string =>
    sumBy(BY, by(series("bff_stream_ends_total", self, ...more)));
  return [
    {
      name: "BffStreamsBreak",
      expr: `${ends((counter) => rate(counter, "10m"), BROKEN, ERRORS)}
/
${ends((counter) => rate(counter, "10m"))}
> 0.05
and
${ends((counter) => `increase(${counter}[10m])`, BROKEN, ERRORS)} >= ${LEAST}`,
      wait: "10m",
      severity: "ticket",
      summary: "{{ $value | humanizePercentage }} of the streams of {{ $labels.rpc_method }} that end are broken off",
      description: "Why: bff_stream_ends_total by end and code. Their followers come again where the code lets them.",
    },
  ];
}

/**
 * Returns one alert for all rpcs that end on the same day, because promtool takes alerts with equal names and labels
 * for the same.
 */
function sunsets({ rpcs }: Watched): readonly Alert[] {
  const ending = rpcs.flatMap(({ method, deprecated }) =>
    deprecated?.sunset === undefined ? [] : [{ method, sunset: deprecated.sunset }],
  );
  return [...Map.groupBy(ending, ({ sunset }) => sunset)].map(([sunset, all]) => {
    const called = anyOf(
      "rpc_method",
      all.map(({ method }) => method),
    );
    return {
      name: "BffSunsetRpcCalled",
      expr: `${sumBy([...BY, "source"], `increase(${series("bff_deprecated_calls_total", called)}[1d])`)} > 0
and on ()
vector(time()) >= ${Date.parse(sunset) / 1000}`,
      wait: "5m",
      severity: "ticket",
      labels: { sunset },
      summary: `{{ $labels.rpc_method }} is still called, and was to end on ${sunset}`,
      description: "By callers of the source {{ $labels.source }}: {{ $value | humanize }} times in a day.",
    };
  });
}

// ---- upstreams ----

function upstreams({ upstreams: services, followsUpstreams }: Watched, uses: boolean): readonly Alert[] {
  const called = anyOf("upstream", services);
  const target = "{{ $labels.upstream }}{{ with $labels.branch }} (branch {{ . }}){{ end }}";
  return [
    {
      name: "BffBreakerOpen",
      expr: `min by (job, upstream, branch, rpc_method) (
  max_over_time(${series("bff_breaker_state", called, 'state="closed"')}[5m])
) == 0
and on (job, upstream, branch)
${sumBy(["job", "upstream", "branch"], `increase(${series("bff_attempts_total", called, 'outcome="refused"')}[10m])`)} > 0`,
      wait: "5m",
      severity: "page",
      summary: `The breaker of ${target} does not close`,
      description: "For five minutes and more it has let nothing through but probes, and calls are refused.",
    },
    {
      name: "BffAddressEjected",
      expr: `${sumBy(["job", "upstream", "branch"], `max_over_time(${series("bff_addresses", called, 'state="ejected"')}[5m])`)} > 0`,
      wait: "10m",
      severity: "ticket",
      summary: `An address of ${target} fails again and again`,
      description: "It is left out, tried, and left out anew; the other addresses bear its load.",
    },
    {
      name: "BffBudgetExhausted",
      expr: `${sumBy(["job", "upstream", "branch", "kind"], `increase(${series("bff_budget_refused_total", called)}[10m])`)} > ${LEAST}`,
      wait: "10m",
      severity: "ticket",
      summary: `The budget of ${target} stops each further {{ $labels.kind }}`,
      description:
        "{{ $value | humanize }} within 10 minutes: the upstream fails, or is slower than the delay of its hedges.",
    },
    ...(uses ? [drift(called, target)] : []),
    ...(followsUpstreams ? [streamsFull(called, target)] : []),
  ];
}
function drift(called: string, place: string): Alert {
  return {
    name: "BffUpstreamDrift",
    expr: `max by (job, upstream, branch, kind) (${series("bff_upstream_drift", called)}) > 0`,
    wait: "10m",
    severity: "ticket",
    summary: `${place} is deployed with other protos than the BFF was generated from`,
    description: "{{ $value }} elements differ ({{ $labels.kind }}). The log of the BFF names each of them.",
  };
}
function streamsFull(called: string, place: string): Alert {
  const by = ["job", "instance", "upstream", "branch", "rpc_method"];
  return {
    name: "BffUpstreamStreamsFull",
    expr: `${sumBy(by, series("bff_upstream_streams_open", called))}
/
${sumBy(by, series("bff_upstream_streams_most", called))}
> 0.9`,
    wait: "10m",
    severity: "ticket",
    summary: `{{ $labels.instance }} has {{ $value | humanizePercentage }} of the streams of ${place} open that it may have`,
    description: "One more than `limit.streams` is refused with RESOURCE_EXHAUSTED.",
  };
}

// ---- topics ----

function topics({ topics: all }: Watched): readonly Alert[] {
  const self = series(
    "bff_topic_resets_total",
    anyOf("topic", [...new Set(all.map(({ name }) => name))]),
    anyOf("rpc_service", [...new Set(all.map(({ service }) => service))]),
  );
  return [
    {
      name: "BffTopicResets",
      expr: `${sumBy(["job", "topic", "rpc_service"], `increase(${self}[15m])`)} > ${LEAST}`,
      wait: "0s",
      severity: "ticket",
      summary: "Followers of the topic {{ $labels.topic }} of {{ $labels.rpc_service }} have to begin anew",
      description:
        "{{ $value | humanize }} within 15 minutes: what its stream keeps is too little for those who come again, or it was made anew.",
    },
  ];
}

// ---- the process ----

/** Selects processes that are BFFs, because other processes may export the same series. */
const OURS = "and on (job, instance)\nbff_ready";

function full(name: string, gauge: string, resource: string, description: string): Alert {
  return {
    name,
    expr: `${gauge} / ${gauge}_most > 0.9`,
    wait: "5m",
    severity: "page",
    summary: `{{ $labels.instance }} has {{ $value | humanizePercentage }} of the ${resource} that it may have`,
    description,
  };
}

/** Each lost event is an unbilled charge. */
function usage({ server }: Watched): readonly Alert[] {
  if (usageSubjects(server).length === 0) return [];
  return [
    {
      name: "BffUsageLost",
      expr: "sum by (job) (increase(bff_usage_lost_total[15m])) > 0",
      wait: "0m",
      severity: "page",
      summary: "{{ $labels.job }} loses usage events",
      description: "Too many wait for NATS or for BFF_USAGE_FILE: the log names the cause.",
    },
  ];
}

const PROCESS: readonly Alert[] = [
  {
    name: "BffEventLoopDelayed",
    expr: `nodejs_eventloop_delay_p99_seconds > 0.1\n${OURS}`,
    wait: "10m",
    severity: "ticket",
    summary: "{{ $labels.instance }} is late by {{ $value | humanizeDuration }}",
    description: "One turn in a hundred of its event loop takes that long: it is overloaded or blocked.",
  },
  {
    name: "BffShedding",
    expr: `sum by (job, instance) (increase(bff_shed_total[5m])) > 0\n${OURS}`,
    wait: "5m",
    severity: "page",
    summary: "{{ $labels.instance }} is overloaded and refuses requests",
    description: "{{ $value | humanize }} within 5 minutes: bff_shed_total by rpc and priority.",
  },
  {
    name: "BffHeapNearlyFull",
    expr: `v8js_memory_heap_used_bytes / v8js_memory_heap_limit_bytes > 0.9\n${OURS}`,
    wait: "10m",
    severity: "ticket",
    summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its heap in use",
    description: "When it is full, the process ends.",
  },
  full(
    "BffConnectionsFull",
    "bff_connections",
    "connections",
    "One more than BFF_MAX_CONNECTIONS is closed as it comes.",
  ),
  full(
    "BffFollowersFull",
    "bff_followers",
    "followers of streams",
    "One more than BFF_MAX_FOLLOWERS is refused with RESOURCE_EXHAUSTED.",
  ),
  {
    name: "BffSpansDropped",
    expr: "sum by (job) (increase(bff_spans_dropped_total[15m])) > 0",
    wait: "15m",
    severity: "ticket",
    summary: "{{ $labels.job }} loses spans",
    description: "Their receiver is unreachable, or accepts too few of them: the log names the cause.",
  },
  {
    name: "BffCertificateEnds",
    expr: "min by (job, variable) (bff_certificate_days_left) < 7",
    wait: "1h",
    severity: "page",
    summary: "The certificate of {{ $labels.variable }} of {{ $labels.job }} ends in {{ $value | humanize }} days",
    description: "A renewed one is taken from its file without a restart.",
  },
  {
    name: "BffKeySetOld",
    expr: "max by (job, source) (bff_key_set_age_seconds) > 86400",
    wait: "1h",
    severity: "ticket",
    summary: "The keys of the source {{ $labels.source }} are {{ $value | humanizeDuration }} old",
    description: "Its issuer cannot be reached; the keys remain valid for up to `max_stale`.",
  },
  {
    name: "BffWorkersRestart",
    expr: "sum by (job, instance) (increase(bff_worker_restarts_total[15m])) > 3",
    wait: "0s",
    severity: "page",
    summary: "Processes of {{ $labels.instance }} die",
    description: "{{ $value | humanize }} were begun again within 15 minutes.",
  },
];

// ---- as YAML ----

const indented = (block: string, by: string): string =>
  block
    .split("\n")
    .map((line) => by + line)
    .join("\n");

function group(name: string, rules: readonly string[]): string {
  return `  - name: ${quoted(name)}\n    rules:\n${rules.join("\n")}`;
}

function record(name: string, expr: string): string {
  return `      - record: ${quoted(name)}\n        expr: |-\n${indented(expr, "          ")}`;
}

function rule({ name, expr, wait, severity, labels = {}, summary, description }: Alert): string {
  const all = Object.entries({ severity, ...labels }).map(([label, value]) => `${label}: ${quoted(value)}`);
  return `      - alert: ${name}
        expr: |-
${indented(expr, "          ")}
        for: ${wait}
        labels: { ${all.join(", ")} }
        annotations:
          summary: ${quoted(summary)}
          description: ${quoted(description)}`;
}
