// Rows of upstreams and of the process.
import { type Panel, panel, type Row } from "./panels.ts";
import { anyOf, rate, sumBy } from "./promql.ts";
import { of, per, total, WINDOW } from "./selectors.ts";
import type { Watched } from "./watched-server.ts";

const INSTANCE = "{{instance}}";
const BY_UPSTREAM = ["upstream", "branch"];
const BY_METHOD = [...BY_UPSTREAM, "rpc_method"];
const METHOD_LEGEND = "{{upstream}} {{branch}} {{rpc_method}}";

export function upstreamRow({ upstreams, followsUpstreams }: Watched): Row {
  const called = anyOf("upstream", upstreams);
  return {
    title: "Upstreams",
    collapsed: true,
    panels: [
      breakerPanel(called),
      {
        title: "Addresses",
        description: "By what is thought of them, in all processes.",
        unit: "short",
        lines: [
          {
            expr: sumBy([...BY_UPSTREAM, "state"], of("bff_addresses", called)),
            legend: "{{upstream}} {{branch}} {{state}}",
          },
        ],
      },
      {
        title: "Ejections",
        description: "Addresses that were left out because they failed.",
        unit: "cps",
        lines: [{ expr: per(BY_UPSTREAM, "bff_ejections_total", called), legend: "{{upstream}} {{branch}}" }],
      },
      {
        title: "Calls in flight",
        description: "Begun and not ended, those that wait included.",
        unit: "short",
        lines: [{ expr: sumBy(BY_UPSTREAM, of("bff_calls_in_flight", called)), legend: "{{upstream}} {{branch}}" }],
      },
      ...limitPanels(called),
      ...(followsUpstreams ? [upstreamStreamsPanel(called)] : []),
    ],
  };
}

function breakerPanel(called: string): Panel {
  const state = (name: string): string => `(${of("bff_breaker_state", called, `state="${name}"`)} > bool 0)`;
  return {
    title: "Breakers",
    description: "The worst of all processes.",
    unit: "short",
    states: [
      { value: 0, text: "closed", color: "green" },
      { value: 1, text: "half-open", color: "yellow" },
      { value: 2, text: "open", color: "red" },
    ],
    lines: [
      {
        expr: `max by (upstream, branch, rpc_method) (2 * ${state("open")} + ignoring (state) ${state("half-open")})`,
        legend: METHOD_LEGEND,
      },
    ],
  };
}

function limitPanels(called: string): readonly Panel[] {
  const most = sumBy(BY_METHOD, of("bff_limit_most", called));
  return [
    {
      title: "Limits in use",
      description: "The share of places that are taken.",
      unit: "percentunit",
      lines: [{ expr: `${sumBy(BY_METHOD, of("bff_limit_taken", called))} / ${most}`, legend: METHOD_LEGEND }],
    },
    {
      title: "Calls that wait for a limit",
      description: "In all processes.",
      unit: "short",
      lines: [{ expr: sumBy(BY_METHOD, of("bff_limit_waiting", called)), legend: METHOD_LEGEND }],
    },
  ];
}

function upstreamStreamsPanel(called: string): Panel {
  const open = sumBy(BY_METHOD, of("bff_upstream_streams_open", called));
  const most = sumBy(BY_METHOD, of("bff_upstream_streams_most", called));
  return {
    title: "Open streams of upstreams",
    description: "The share of what may be open: one more is refused.",
    unit: "percentunit",
    lines: [{ expr: `${open} / ${most}`, legend: METHOD_LEGEND }],
  };
}

export function topicRow({ topics }: Watched): Row {
  const self = [
    anyOf("topic", [...new Set(topics.map(({ name }) => name))]),
    anyOf("rpc_service", [...new Set(topics.map(({ service }) => service))]),
  ];
  const by = ["topic", "rpc_service"];
  const legend = new Set(topics.map(({ service }) => service)).size > 1 ? "{{rpc_service}} {{topic}}" : "{{topic}}";
  const gaugePanel = (title: string, description: string, metric: string, unit = "short"): Panel => ({
    title,
    description,
    unit,
    lines: [{ expr: sumBy(by, of(metric, ...self)), legend }],
  });
  return {
    title: "Topics",
    collapsed: true,
    panels: [
      gaugePanel("Followers", "Followers of keys of a topic.", "bff_topic_followers"),
      gaugePanel("Keys", "Keys with followers, or kept for returning followers.", "bff_topic_keys"),
      gaugePanel("Consumers", "Consumers of JetStream, or open streams of the topic's call.", "bff_topic_consumers"),
      gaugePanel("Kept items", "In the rings of all processes.", "bff_topic_ring_bytes", "bytes"),
      {
        title: "Resets",
        description: "Followers that had to begin anew, since something was lost.",
        unit: "cps",
        lines: [{ expr: per(by, "bff_topic_resets_total", ...self), legend }],
      },
    ],
  };
}

export const PROCESS: Row = {
  title: "Process",
  collapsed: true,
  panels: [
    {
      title: "Delay of the event loop, p99",
      description: "Delay of due timers.",
      unit: "s",
      lines: [{ expr: of("nodejs_eventloop_delay_p99_seconds"), legend: INSTANCE }],
    },
    {
      title: "Use of the event loop",
      description: "The share of time in which it has something to do: of one core.",
      unit: "percentunit",
      lines: [
        {
          expr: sumBy(
            ["instance"],
            rate(of("nodejs_eventloop_time_seconds_total", 'nodejs_eventloop_state="active"'), WINDOW),
          ),
          legend: INSTANCE,
        },
      ],
    },
    panel("CPU", "Cores in use, threads included.", "short", rate(of("process_cpu_seconds_total"), WINDOW), INSTANCE),
    {
      title: "Heap",
      description: "In use, and as large as it may become.",
      unit: "bytes",
      lines: [
        { expr: of("v8js_memory_heap_used_bytes"), legend: "{{instance}} used" },
        { expr: of("v8js_memory_heap_limit_bytes"), legend: "{{instance}} at most" },
      ],
    },
    panel("Memory", "Memory of the whole process.", "bytes", of("process_resident_memory_bytes"), INSTANCE),
    {
      title: "Connections",
      description: "Open connections of clients, and their maximum.",
      unit: "short",
      lines: [
        { expr: of("bff_connections"), legend: INSTANCE },
        { expr: of("bff_connections_most"), legend: "{{instance}}, most" },
      ],
    },
    {
      title: "Spans",
      description: "Sent to the collector, and lost.",
      unit: "cps",
      lines: [
        { expr: total("bff_spans_exported_total"), legend: "sent" },
        { expr: total("bff_spans_dropped_total"), legend: "lost" },
      ],
    },
    {
      title: "Certificates",
      description: "Days until they end.",
      unit: "d",
      lines: [{ expr: `min by (variable) (${of("bff_certificate_days_left")})`, legend: "{{variable}}" }],
    },
    {
      title: "Age of key sets",
      description: "Since the keys of a source of callers were fetched.",
      unit: "s",
      lines: [{ expr: `max by (source) (${of("bff_key_set_age_seconds")})`, legend: "{{source}}" }],
    },
    {
      title: "Processes begun again",
      description: "Restarts after the death of a worker.",
      unit: "cps",
      lines: [{ expr: per(["instance"], "bff_worker_restarts_total"), legend: INSTANCE }],
    },
  ],
};
