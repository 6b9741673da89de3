// Rows of requests: all rpcs, then each with what it calls.
import { amountText } from "../text/amount.ts";
import { type Panel, panel, type Row } from "./panels.ts";
import { anyOf, BROKEN, ERRORS, quantile, sumBy } from "./promql.ts";
import { CLIENT, of, per, SERVER, total } from "./selectors.ts";
import type { Watched, WatchedCall, WatchedRpc } from "./watched-server.ts";

/** Returns a share, which is 0 before the first event of the part. */
const shareOf = (part: string, whole: string): string => `(${part} or ${whole} * 0) / ${whole}`;

const BY_RPC = ["rpc_method"];
const RPC_LEGEND = "{{rpc_method}}";

export function overview({ rpcs, upstreams }: Watched, methods: string): Row {
  const streams = rpcs.filter((rpc) => rpc.streams);
  const count = per(BY_RPC, `${SERVER}_count`, methods);
  return {
    title: "All rpcs",
    collapsed: false,
    panels: [
      panel("Requests", "Requests of each RPC per second.", "reqps", count, RPC_LEGEND),
      {
        title: "Failed requests",
        description: "The share that the server is to blame for; what it refuses is an answer.",
        unit: "percentunit",
        lines: [{ expr: shareOf(per(BY_RPC, `${SERVER}_count`, methods, ERRORS), count), legend: RPC_LEGEND }],
      },
      {
        title: "Duration, p99",
        description: "One request in a hundred takes longer.",
        unit: "s",
        lines: [{ expr: quantile(0.99, per(["le", ...BY_RPC], `${SERVER}_bucket`, methods)), legend: RPC_LEGEND }],
      },
      ...(rpcs.some(({ degrades }) => degrades) ? [degradedPanel(rpcs, methods)] : []),
      {
        title: "Requests in flight",
        description: "Being answered.",
        unit: "short",
        lines: [{ expr: sumBy(BY_RPC, of("bff_requests_in_flight", methods)), legend: RPC_LEGEND }],
      },
      ...(streams.length === 0 ? [] : allStreamsPanels(methodsOf(streams))),
      bytesPanel(upstreams, methods),
    ],
  };
}

function bytesPanel(upstreams: readonly string[], methods: string): Panel {
  const fetched = total("bff_call_response_bytes_total", anyOf("upstream", upstreams));
  return {
    title: "Bytes of messages",
    description: "Sent to clients, and received from upstreams, in a second.",
    unit: "Bps",
    lines: [
      { expr: total("bff_response_bytes_total", methods), legend: "to clients" },
      ...(upstreams.length === 0 ? [] : [{ expr: fetched, legend: "from upstreams" }]),
    ],
  };
}

function degradedPanel(rpcs: readonly WatchedRpc[], methods: string): Panel {
  const answers = rpcs.filter(({ streams }) => !streams);
  const streams = rpcs.filter((rpc) => rpc.streams);
  const lacking = (all: readonly WatchedRpc[], part: string, whole: string): Panel["lines"] => {
    if (!all.some(({ degrades }) => degrades)) return [];
    const self = all.length === rpcs.length ? methods : methodsOf(all);
    return [{ expr: shareOf(per(BY_RPC, part, self), per(BY_RPC, whole, self)), legend: RPC_LEGEND }];
  };
  return {
    title: "Degraded answers",
    description:
      streams.length === 0
        ? "The share of answers that lack something."
        : "The share of answers, of streams of their messages, that lack something.",
    unit: "percentunit",
    lines: [
      ...lacking(answers, "bff_degraded_responses_total", `${SERVER}_count`),
      ...lacking(streams, "bff_stream_items_degraded_total", "bff_stream_items_total"),
    ],
  };
}

function allStreamsPanels(self: string): readonly Panel[] {
  return [
    panel("Open streams", "That are followed.", "short", sumBy(BY_RPC, of("bff_streams_open", self)), RPC_LEGEND),
    {
      title: "Broken streams",
      description: "The share of ends that the server is to blame for.",
      unit: "percentunit",
      lines: [{ expr: shareOf(per(BY_RPC, ENDS, self, BROKEN, ERRORS), per(BY_RPC, ENDS, self)), legend: RPC_LEGEND }],
    },
  ];
}

const ENDS = "bff_stream_ends_total";
const methodsOf = (rpcs: readonly WatchedRpc[]): string =>
  anyOf(
    "rpc_method",
    rpcs.map(({ method }) => method),
  );

/** Panels of answers to clients, then panels of upstream calls. */
export function rpcRow(rpc: WatchedRpc, collapsed: boolean): Row {
  return { title: rpc.title, collapsed, panels: [...rpcPanels(rpc), ...callPanels(rpc)] };
}

function rpcPanels(rpc: WatchedRpc): readonly Panel[] {
  const { method, streams, timeout } = rpc;
  const self = anyOf("rpc_method", [method]);
  return [
    {
      title: "Requests by code",
      description: `Requests per second of ${method}, by the code that clients receive.`,
      unit: "reqps",
      stacked: true,
      lines: [
        { expr: per(["rpc_response_status_code"], `${SERVER}_count`, self), legend: "{{rpc_response_status_code}}" },
      ],
    },
    {
      title: "Failed requests by code",
      description: "The share that the server is to blame for.",
      unit: "percentunit",
      stacked: true,
      lines: [
        {
          expr: `${per(["rpc_response_status_code"], `${SERVER}_count`, self, ERRORS)} / scalar(${total(`${SERVER}_count`, self)})`,
          legend: "{{rpc_response_status_code}}",
        },
      ],
    },
    {
      title: "Duration",
      description: `${streams ? "Until it is open. " : ""}The line is its ${timeout.env === undefined ? `timeout, ${timeout.value / 1000} s` : `longest timeout, of ${amountText(timeout)}`}.`,
      unit: "s",
      mark: timeout.value / 1000,
      lines: [0.5, 0.95, 0.99].map((q) => ({
        expr: quantile(q, per(["le"], `${SERVER}_bucket`, self)),
        legend: `p${q * 100}`,
      })),
    },
    ...(streams ? streamPanels(self) : []),
    ...promisePanels(rpc, self),
  ];
}

/** Returns panels for fields that an rpc may leave out, requests that it may refuse, and its deprecation. */
function promisePanels({ degrades, limited, deprecated }: WatchedRpc, self: string): readonly Panel[] {
  const panels: Panel[] = [];
  if (degrades)
    panels.push({
      title: "Degraded fields",
      description: "Degraded fields of answers, by upstream and reason.",
      unit: "cps",
      lines: [
        {
          expr: per(["path", "upstream", "reason"], "bff_degraded_total", self),
          legend: "{{path}}: {{upstream}} {{reason}}",
        },
      ],
    });
  if (limited)
    panels.push({
      title: "Limits",
      description: "Requests that its limits have refused, or admitted without counting.",
      unit: "cps",
      lines: [{ expr: per(["limit", "outcome"], "bff_rate_limited_total", self), legend: "{{limit}} {{outcome}}" }],
    });
  if (deprecated !== undefined)
    panels.push({
      title: "Callers of deprecated RPCs",
      description: `Deprecated since ${deprecated.since}${deprecated.sunset === undefined ? "" : `, ends on ${deprecated.sunset}`}.`,
      unit: "reqps",
      lines: [{ expr: per(["source"], "bff_deprecated_calls_total", self), legend: "{{source}}" }],
    });
  return panels;
}

/** From when a stream is open. */
function streamPanels(self: string): readonly Panel[] {
  return [
    {
      title: "Open streams",
      description: "That are followed.",
      unit: "short",
      lines: [{ expr: sumBy(["instance"], of("bff_streams_open", self)), legend: "{{instance}}" }],
    },
    {
      title: "Messages",
      description: "That followers are given in a second, without heartbeats.",
      unit: "cps",
      lines: [
        { expr: total("bff_stream_items_total", self), legend: "all" },
        { expr: total("bff_stream_items_degraded_total", self), legend: "that lack something" },
      ],
    },
    {
      title: "Ends of streams",
      description: "By why, with the code that clients get: failed and idle are faults.",
      unit: "cps",
      stacked: true,
      lines: [
        { expr: per(["end", "rpc_response_status_code"], ENDS, self), legend: "{{end}} {{rpc_response_status_code}}" },
      ],
    },
  ];
}

/** A line for each of several calls. */
function each(
  calls: readonly Pick<WatchedCall, "method" | "title">[],
  line: (self: string, title: string) => Panel["lines"][number],
): Panel["lines"] {
  return calls.map(({ method, title }) => line(anyOf("rpc_method", [method]), title));
}

const OTHERS = "Calls of other rpcs to the same methods are among them.";

/** In the order of the plan, so that what begins first stands first. */
function callPanels({ method, cached: cache, calls }: WatchedRpc): readonly Panel[] {
  const repeated = calls.filter((call) => call.repeated);
  const cached = [...(cache ? [{ method, title: "the answer" }] : []), ...calls.filter((call) => call.cached)];
  const panels: Panel[] = [];
  if (calls.length > 0)
    panels.push(
      {
        title: "Calls",
        description: `In the order of the plan. ${OTHERS}`,
        unit: "reqps",
        lines: each(calls, (self, title) => ({ expr: total(`${CLIENT}_count`, self), legend: title })),
      },
      {
        title: "Failed calls by code",
        description: `All codes but OK. ${OTHERS}`,
        unit: "reqps",
        lines: each(calls, (self, title) => ({
          expr: per(["rpc_response_status_code"], `${CLIENT}_count`, self, 'rpc_response_status_code!="OK"'),
          legend: `${title} {{rpc_response_status_code}}`,
        })),
      },
      callDurationPanel(calls, 0.5),
      callDurationPanel(calls, 0.99),
    );
  if (repeated.length > 0)
    panels.push({
      title: "Retries and hedges",
      description: `Attempts besides the first. ${OTHERS}`,
      unit: "reqps",
      lines: each(repeated, (self, title) => ({
        expr: per(["kind"], "bff_attempts_total", self, 'kind!="first"'),
        legend: `${title} {{kind}}`,
      })),
    });
  if (cached.length > 0)
    panels.push({
      title: "Cache",
      description: "Sources of answers: fresh, stale, joined another fetch, missed.",
      unit: "cps",
      lines: each(cached, (self, title) => ({
        expr: per(["outcome"], "bff_cache_total", self),
        legend: `${title} {{outcome}}`,
      })),
    });
  return panels;
}

function callDurationPanel(calls: readonly WatchedCall[], q: number): Panel {
  return {
    title: `Duration of calls, p${q * 100}`,
    description: `With all attempts and waiting. ${OTHERS}`,
    unit: "s",
    lines: each(calls, (self, title) => ({ expr: quantile(q, per(["le"], `${CLIENT}_bucket`, self)), legend: title })),
  };
}
