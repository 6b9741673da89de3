import { create } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";
import type { AttemptEvent, CallEvent } from "@protobff/runtime/internal/observer-calls";
import type { ResponseEvent, RpcEvent } from "@protobff/runtime/internal/observer-requests";
import type { UpstreamEvent } from "@protobff/runtime/internal/observer-upstreams";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { Traffic } from "@protobff/runtime/internal/wire/traffic";
import { afterEach, describe, expect, it } from "vitest";
import { Metrics } from "./metrics.ts";
import { renderPrometheus } from "./render.ts";

const all: Metrics[] = [];
afterEach(() => {
  for (const metrics of all.splice(0)) metrics.close();
});
function metricsOf(): Metrics {
  const metrics = new Metrics(new FakeClock());
  all.push(metrics);
  return metrics;
}
/** The lines of these metrics, without buckets. */
function linesOf(metrics: Metrics, name: RegExp): string[] {
  const lines = renderPrometheus(metrics.snapshot()).split("\n");
  return lines.filter((line) => name.test(line) && !line.startsWith("#") && !line.includes("_bucket"));
}

const header = () => "";
const method = "web.v1.Web/Get";
const request = { request: {}, header, method, startedAt: 1_000 };
const failure = (code: Code) =>
  new Failure({ code, reason: Reason.UNAVAILABLE, callee: "a.v1.A/Get", message: "", clientCode: code });
const failed = (code: Code) => ({ ok: false, failure: failure(code) }) as const;
const answered = (more: Partial<ResponseEvent> = {}): ResponseEvent => ({
  ...request,
  endedAt: 1_030,
  outcome: { ok: true, degraded: [], failures: [] },
  ...more,
});
const of = { service: "a.v1.A", method: "a.v1.A/Get" };
const call = (more: Partial<CallEvent> = {}): CallEvent => ({
  request: {},
  call: {},
  header,
  ...of,
  message: new Uint8Array(),
  startedAt: 1_000,
  endedAt: 1_002,
  attempts: 1,
  outcome: { ok: true, message: new Uint8Array() },
  ...more,
});
const attempt = (more: Partial<AttemptEvent>): AttemptEvent => ({
  call: {},
  ...of,
  number: 1,
  hedge: false,
  startedAt: 0,
  endedAt: 1,
  outcome: "ok",
  ...more,
});

describe("streams", () => {
  it("streams count as requests until they open, and then have items and ends", () => {
    const metrics = metricsOf();
    const lines = () => linesOf(metrics, /^(rpc_server.*_count|bff_requests|bff_stream)/);
    const [first, second] = [{ request: {} }, { request: {} }].map((item) => ({ ...request, ...item }));
    if (first === undefined || second === undefined) throw new Error("two");
    let items = 3;
    for (const [item, source] of [[first, "user"] as const, [second, undefined] as const]) {
      metrics.responseStart(item);
      metrics.streamOpen({ ...item, openedAt: 1_004, items: () => items, source });
    }
    const of = `{rpc_method="${method}"}`;
    const opened = `rpc_server_call_duration_seconds_count{rpc_method="${method}",rpc_response_status_code="OK"} 2`;
    expect(lines()).toEqual([
      opened,
      `bff_requests_in_flight${of} 0`,
      `bff_streams_open${of} 2`,
      `bff_stream_items_total${of} 6`,
      'bff_streams_by_source{source="user"} 1',
      'bff_streams_by_source{source="none"} 1',
    ]);
    items = 5;
    const stream = { openedAt: 1_004, items, degraded: 0 };
    metrics.response(answered({ ...first, outcome: failed(Code.UNAVAILABLE), stream: { ...stream, end: "drained" } }));
    expect(lines().slice(1)).toEqual([
      `bff_requests_in_flight${of} 0`,
      `bff_streams_open${of} 1`,
      `bff_stream_items_total${of} 10`,
      `bff_stream_ends_total{rpc_method="${method}",end="drained",rpc_response_status_code="UNAVAILABLE"} 1`,
      'bff_streams_by_source{source="user"} 0',
      'bff_streams_by_source{source="none"} 1',
    ]);
    metrics.response(answered({ ...second, stream: { ...stream, end: "ended" } }));
    expect(lines()).toContain(`bff_streams_open${of} 0`);
    expect(lines()).toContain(`bff_stream_items_total${of} 10`);
    expect(lines()).toContain(opened);
  });
  it("incomplete messages of streams are counted by field, and are not degraded answers", () => {
    const metrics = metricsOf();
    const degraded = ["runs[3].owner", "title"].map((path) =>
      create(DegradationSchema, { path, upstream: "a.v1.A", reason: 2 }),
    );
    for (let i = 0; i < 3; i++) metrics.streamDegraded({ ...request, degraded, failures: [] });
    const stream = { openedAt: 1_004, items: 5, degraded: 3, end: "ended" } as const;
    metrics.response(answered({ stream }));
    const of = `{rpc_method="${method}"`;
    expect(linesOf(metrics, /degraded/)).toEqual([
      `bff_stream_items_degraded_total${of}} 3`,
      `bff_degraded_total${of},path="runs[*].owner",upstream="a.v1.A",reason="UNAVAILABLE"} 3`,
      `bff_degraded_total${of},path="title",upstream="a.v1.A",reason="UNAVAILABLE"} 3`,
    ]);
  });
});

it("topics with one name are separate per service, and summed over files", () => {
  const metrics = metricsOf();
  const state = () => ({ followers: 2, keys: 1, ringBytes: 64, consumers: 1, resets: 3 });
  for (const service of ["a.v1.A", "b.v1.B", "a.v1.A"]) metrics.topic({ name: "run", service, state });
  metrics.topic({ name: "own", state });
  const of = (service: string) => `{topic="run",rpc_service="${service}"}`;
  expect(linesOf(metrics, /^bff_topic_(followers|resets)/)).toEqual([
    ...[
      `bff_topic_followers${of("a.v1.A")} 4`,
      `bff_topic_followers${of("b.v1.B")} 2`,
      'bff_topic_followers{topic="own"} 2',
    ],
    ...[
      `bff_topic_resets_total${of("a.v1.A")} 6`,
      `bff_topic_resets_total${of("b.v1.B")} 3`,
      'bff_topic_resets_total{topic="own"} 3',
    ],
  ]);
});

describe("requests", () => {
  it("requests are counted by RPC and code, in the buckets of their durations", () => {
    const metrics = metricsOf();
    for (const endedAt of [1_005, 1_005.5, 1_030, 1_000 + 60_000, 990]) {
      metrics.responseStart(request);
      metrics.response(answered({ endedAt }));
    }
    metrics.responseStart(request);
    metrics.response(answered({ outcome: failed(Code.UNAVAILABLE) }));
    metrics.responseStart(request);
    const text = renderPrometheus(metrics.snapshot());
    const ok = 'rpc_server_call_duration_seconds_bucket{rpc_method="web.v1.Web/Get",rpc_response_status_code="OK",le=';
    expect(text).toContain(`${ok}"0.005"} 2\n${ok}"0.01"} 3\n${ok}"0.025"} 3\n${ok}"0.05"} 4\n`);
    expect(text).toContain(`${ok}"10.0"} 4\n${ok}"+Inf"} 5\n`);
    expect(linesOf(metrics, /^(rpc_server|bff_requests)/)).toEqual([
      'rpc_server_call_duration_seconds_sum{rpc_method="web.v1.Web/Get",rpc_response_status_code="OK"} 60.0405',
      'rpc_server_call_duration_seconds_count{rpc_method="web.v1.Web/Get",rpc_response_status_code="OK"} 5',
      'rpc_server_call_duration_seconds_sum{rpc_method="web.v1.Web/Get",rpc_response_status_code="UNAVAILABLE"} 0.03',
      'rpc_server_call_duration_seconds_count{rpc_method="web.v1.Web/Get",rpc_response_status_code="UNAVAILABLE"} 1',
      'bff_requests_in_flight{rpc_method="web.v1.Web/Get"} 1',
    ]);
  });

  it("degraded requests are counted by field, without positions and keys", () => {
    const metrics = metricsOf();
    const degraded = [
      ...["runs[3].owner", "runs[*].owner", 'runs["a"].owner', 'runs["x\\"].y[1]"].owner', "title"].map((path) =>
        create(DegradationSchema, { path, upstream: "a.v1.A", reason: 2 }),
      ),
    ];
    metrics.response(answered({ outcome: { ok: true, degraded, failures: [] } }));
    expect(linesOf(metrics, /^bff_degraded/)).toEqual([
      'bff_degraded_responses_total{rpc_method="web.v1.Web/Get"} 1',
      'bff_degraded_total{rpc_method="web.v1.Web/Get",path="runs[*].owner",upstream="a.v1.A",reason="UNAVAILABLE"} 4',
      'bff_degraded_total{rpc_method="web.v1.Web/Get",path="title",upstream="a.v1.A",reason="UNAVAILABLE"} 1',
    ]);
  });

  it("requests cannot create more series than the plan has, whatever their content", () => {
    const metrics = metricsOf();
    const before = metrics.snapshot().families.flatMap(({ samples }) => samples).length;
    const hostile = (i: number) => `${i}\n"}\\ evil{a="b"} 1 é\u0000\ud800`;
    for (let i = 0; i < 10_000; i++) {
      const more = { header: () => hostile(i), request: { id: hostile(i) } };
      metrics.responseStart({ ...request, ...more });
      const path = `runs[${JSON.stringify(hostile(i))}].owner`;
      const degraded = [create(DegradationSchema, { path, upstream: "a.v1.A", reason: 2 })];
      const deprecated = {
        since: "1970-01-01",
        source: "user",
        issuer: hostile(i),
        subject: hostile(i),
        id: hostile(i),
      };
      metrics.response({ ...answered({ outcome: { ok: true, degraded, failures: [] } }), ...more, deprecated });
      metrics.limited({ ...request, ...more, limit: "web.v1/user", outcome: "exceeded" });
      metrics.call(call({ ...more, message: new TextEncoder().encode(hostile(i)), outcome: failed(Code.UNKNOWN) }));
    }
    const series = metrics.snapshot().families.flatMap(({ samples }) => samples).length;
    expect(series - before).toBeLessThan(14);
    expect(renderPrometheus(metrics.snapshot())).not.toContain("evil");
  });

  it("paths in recursive messages are merged beyond a maximum", () => {
    const metrics = metricsOf();
    for (let i = 0; i < 5_000; i++) {
      const degraded = [create(DegradationSchema, { path: `${"child.".repeat(i)}name`, reason: 2 })];
      metrics.response(answered({ outcome: { ok: true, degraded, failures: [] } }));
    }
    const lines = linesOf(metrics, /^bff_degraded_total/);
    expect(lines).toHaveLength(2_001);
    expect(lines.at(-1)).toBe('bff_degraded_total{left_out="true"} 3000');
  });

  it("requests that are refused under overload are counted by rpc and priority, from 0 on", () => {
    const metrics = metricsOf();
    metrics.rpc(rpcEvent({}));
    metrics.rpc(rpcEvent({ method: "web.v1.Web/Prefetch", priority: "low" }));
    metrics.shed({ method: "web.v1.Web/Prefetch", priority: "low", standingDelayMs: 80 });
    expect(linesOf(metrics, /^bff_shed/).sort()).toEqual([
      'bff_shed_total{rpc_method="web.v1.Web/Get",priority="normal"} 0',
      'bff_shed_total{rpc_method="web.v1.Web/Prefetch",priority="low"} 1',
    ]);
  });

  it("waiters that fair queues refuse are counted by upstream, branch and shard", () => {
    const metrics = metricsOf();
    for (const shard of ["a", "b", "b"]) metrics.shareRefused({ place: "up.v1.S", shard, key: "acme" });
    metrics.shareRefused({ place: "up.v1.S", branch: "canary", key: "acme" });
    metrics.shareRefused({ place: "door", key: "acme" });
    expect(linesOf(metrics, /^bff_share_refused/).sort()).toEqual([
      'bff_share_refused_total{place="door"} 1',
      'bff_share_refused_total{place="up.v1.S",branch="canary"} 1',
      'bff_share_refused_total{place="up.v1.S",shard="a"} 1',
      'bff_share_refused_total{place="up.v1.S",shard="b"} 2',
    ]);
  });

  it("deprecated fields of requests are counted by path, from 0 on", () => {
    const metrics = metricsOf();
    metrics.rpc(rpcEvent({ deprecatedFields: ["old_id", "items[*].sku"] }));
    metrics.response(answered({ deprecatedFields: { paths: ["items[*].sku"], source: "user", subject: "ann" } }));
    expect(linesOf(metrics, /^bff_deprecated/).sort()).toEqual([
      'bff_deprecated_fields_total{rpc_method="web.v1.Web/Get",field="items[*].sku"} 1',
      'bff_deprecated_fields_total{rpc_method="web.v1.Web/Get",field="old_id"} 0',
    ]);
  });

  it("deprecated requests are counted by source, from the date on", () => {
    const metrics = metricsOf();
    metrics.response(answered({ deprecated: { since: "1970-01-01", source: "user" } }));
    metrics.response(answered({ deprecated: { since: "1970-01-01" } }));
    metrics.response(answered({ deprecated: { since: "2999-01-01", source: "user" } }));
    expect(linesOf(metrics, /^bff_deprecated/)).toEqual([
      'bff_deprecated_calls_total{rpc_method="web.v1.Web/Get",source="user"} 1',
      'bff_deprecated_calls_total{rpc_method="web.v1.Web/Get"} 1',
    ]);
  });
});

describe("calls", () => {
  it("calls are counted by method, branch and the upstream's code", () => {
    const metrics = metricsOf();
    for (const branch of [undefined, "canary"]) {
      metrics.callStart({ request: {}, call: {}, ...of, branch, startedAt: 0 });
      metrics.callStart({ request: {}, call: {}, ...of, branch, startedAt: 0 });
      metrics.call(call({ branch }));
    }
    metrics.call(call({ branch: "canary", outcome: failed(Code.NOT_FOUND) }));
    expect(linesOf(metrics, /^(rpc_client.*_count|bff_calls)/)).toEqual([
      'rpc_client_call_duration_seconds_count{rpc_method="a.v1.A/Get",upstream="a.v1.A",rpc_response_status_code="OK"} 1',
      'rpc_client_call_duration_seconds_count{rpc_method="a.v1.A/Get",upstream="a.v1.A",branch="canary",rpc_response_status_code="OK"} 1',
      'rpc_client_call_duration_seconds_count{rpc_method="a.v1.A/Get",upstream="a.v1.A",branch="canary",rpc_response_status_code="NOT_FOUND"} 1',
      'bff_calls_in_flight{rpc_method="a.v1.A/Get",upstream="a.v1.A"} 1',
      'bff_calls_in_flight{rpc_method="a.v1.A/Get",upstream="a.v1.A",branch="canary"} 0',
    ]);
  });

  it("calls of each shard are counted apart", () => {
    const metrics = metricsOf();
    for (const shard of ["a", "b", "a"]) metrics.callStart({ request: {}, call: {}, ...of, shard, startedAt: 0 });
    expect(linesOf(metrics, /^bff_calls/)).toEqual([
      'bff_calls_in_flight{rpc_method="a.v1.A/Get",upstream="a.v1.A",shard="a"} 2',
      'bff_calls_in_flight{rpc_method="a.v1.A/Get",upstream="a.v1.A",shard="b"} 1',
    ]);
  });

  it("attempts are counted by kind and by outcome", () => {
    const metrics = metricsOf();
    const fault = { kind: "transport", code: Code.UNAVAILABLE, message: "" } as const;
    metrics.attempt(attempt({}));
    metrics.attempt(attempt({ outcome: fault }));
    metrics.attempt(attempt({ number: 2 }));
    metrics.attempt(attempt({ number: 2, hedge: true, outcome: "cancelled" }));
    metrics.attempt(attempt({ outcome: "refused" }));
    const attempts = 'bff_attempts_total{rpc_method="a.v1.A/Get",upstream="a.v1.A",kind=';
    expect(linesOf(metrics, /^bff_attempts/)).toEqual([
      `${attempts}"first",outcome="ok"} 1`,
      `${attempts}"first",outcome="transport"} 1`,
      `${attempts}"first",outcome="refused"} 1`,
      `${attempts}"retry",outcome="ok"} 1`,
      `${attempts}"hedge",outcome="cancelled"} 1`,
    ]);
  });

  it("calls answered by caches are counted by outcome", () => {
    const metrics = metricsOf();
    for (const outcome of ["missed", "fresh", "fresh"] as const) metrics.cache({ request: {}, ...of, outcome });
    expect(linesOf(metrics, /^bff_cache/)).toEqual([
      'bff_cache_total{rpc_method="a.v1.A/Get",upstream="a.v1.A",outcome="missed"} 1',
      'bff_cache_total{rpc_method="a.v1.A/Get",upstream="a.v1.A",outcome="fresh"} 2',
    ]);
  });
});

it("the state of upstreams is read at each scrape", () => {
  const metrics = metricsOf();
  let open = false;
  const upstream: UpstreamEvent = {
    service: "a.v1.A",
    branch: "canary",
    state: () => ({
      breakers: [{ state: open ? "open" : "closed" }, { method: "a.v1.A/Get", state: "half-open" }],
      limits: [
        { taken: 1, most: 10, waiting: 0 },
        { method: "a.v1.A/Get", taken: 2, most: 3, waiting: 5 },
        { method: "a.v1.A/Get", taken: 1, most: 4, waiting: 0 },
      ],
      streams: [
        { taken: 4, most: 1_000, waiting: 0 },
        { method: "a.v1.A/Watch", taken: 1, most: 20, waiting: 0 },
      ],
      addresses: [
        { address: "10.0.0.1:80", state: "connected", inFlight: 1 },
        { address: "10.0.0.2:80", state: "connected", inFlight: 0 },
        { address: "10.0.0.3:80", state: "ejected", inFlight: 0 },
      ],
      methods: [],
    }),
  };
  metrics.upstream(upstream);
  open = true;
  metrics.breaker({ service: "a.v1.A", branch: "canary", from: "closed", to: "open", at: 0 });
  const shared = 'upstream="a.v1.A",branch="canary"';
  const labels = `${shared},rpc_method="a.v1.A/Get"`;
  const watch = `${shared},rpc_method="a.v1.A/Watch"`;
  expect(linesOf(metrics, /^bff_ejections/)).toEqual([`bff_ejections_total{${shared}} 0`]);
  expect(linesOf(metrics, /^bff_(breaker|limit|upstream|addresses)/)).toEqual([
    `bff_breaker_transitions_total{${shared},to="open"} 1`,
    ...["closed", "half-open"].map((to) => `bff_breaker_transitions_total{${shared},to="${to}"} 0`),
    ...["closed", "half-open", "open"].map((to) => `bff_breaker_transitions_total{${labels},to="${to}"} 0`),
    `bff_breaker_state{${shared},state="closed"} 0`,
    `bff_breaker_state{${shared},state="half-open"} 0`,
    `bff_breaker_state{${shared},state="open"} 1`,
    `bff_breaker_state{${labels},state="closed"} 0`,
    `bff_breaker_state{${labels},state="half-open"} 1`,
    `bff_breaker_state{${labels},state="open"} 0`,
    ...[`bff_limit_taken{${shared}} 1`, `bff_limit_taken{${labels}} 3`],
    ...[`bff_limit_most{${shared}} 10`, `bff_limit_most{${labels}} 7`],
    ...[`bff_limit_waiting{${shared}} 0`, `bff_limit_waiting{${labels}} 5`],
    ...[`bff_upstream_streams_open{${shared}} 4`, `bff_upstream_streams_open{${watch}} 1`],
    ...[`bff_upstream_streams_most{${shared}} 1000`, `bff_upstream_streams_most{${watch}} 20`],
    `bff_addresses{${shared},state="idle"} 0`,
    `bff_addresses{${shared},state="connected"} 2`,
    `bff_addresses{${shared},state="warming"} 0`,
    `bff_addresses{${shared},state="ejected"} 1`,
    `bff_addresses{${shared},state="leaving"} 0`,
  ]);
});

it("the metrics include the process", async () => {
  const metrics = metricsOf();
  const value = (name: string) => Number(linesOf(metrics, new RegExp(`^${name} `))[0]?.split(" ")[1]);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e7);
  expect(value("v8js_memory_heap_used_bytes")).toBeGreaterThan(1e6);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("process_start_time_seconds")).toBeLessThan(Date.now() / 1000 + 1);
  expect(value("nodejs_eventloop_delay_p99_seconds")).toBe(0); // nothing is measured yet
});

const rpcEvent = (more: Partial<RpcEvent> = {}): RpcEvent => ({
  method,
  streams: false,
  cached: false,
  limits: [],
  sources: [],
  traffic: new Traffic(),
  ...more,
});

describe("zeros", () => {
  it("counters that the plan fixes are 0 before their first event", () => {
    const metrics = metricsOf();
    const limits = [
      { name: "web.v1/user", dryRun: false },
      { name: "web.v1/trial", dryRun: true },
    ];
    const deprecation = { since: "2026-01-01" };
    metrics.rpc(rpcEvent({ cached: true, limits, sources: ["user"], deprecation }));
    metrics.rpc(rpcEvent({ method: "web.v1.Web/Follow", streams: true }));
    const methods = [
      { method: "a.v1.A/Get", cached: true, traffic: new Traffic() },
      { method: "a.v1.A/Watch", cached: false, traffic: new Traffic() },
    ];
    const state = () => ({ breakers: [], limits: [], streams: [], addresses: [], methods });
    metrics.upstream({ service: "a.v1.A", branch: "canary", state });
    const web = `rpc_method="${method}"`;
    const follow = 'rpc_method="web.v1.Web/Follow"';
    const shared = 'upstream="a.v1.A",branch="canary"';
    const callees = ["a.v1.A/Get", "a.v1.A/Watch"].map((callee) => `rpc_method="${callee}",${shared}`);
    const zeros = [
      ...[web, follow].map((of) => `rpc_server_call_duration_seconds_count{${of},rpc_response_status_code="OK"} 0`),
      ...["request", "response"].flatMap((way) => [web, follow].map((of) => `bff_${way}_bytes_total{${of}} 0`)),
      `bff_stream_items_total{${follow}} 0`,
      `bff_stream_items_degraded_total{${follow}} 0`,
      `bff_degraded_responses_total{${web}} 0`,
      `bff_rate_limited_total{${web},limit="web.v1/user",outcome="exceeded"} 0`,
      `bff_rate_limited_total{${web},limit="web.v1/trial",outcome="dry"} 0`,
      ...[web, follow].map((of) => `bff_shed_total{${of},priority="normal"} 0`),
      ...[web, follow].map((of) => `bff_expression_budget_total{${of}} 0`),
      `bff_deprecated_calls_total{${web}} 0`,
      `bff_deprecated_calls_total{${web},source="user"} 0`,
      ...callees.map((of) => `rpc_client_call_duration_seconds_count{${of},rpc_response_status_code="OK"} 0`),
      ...["request", "response"].flatMap((way) => callees.map((of) => `bff_call_${way}_bytes_total{${of}} 0`)),
      ...[`${web},upstream="web.v1.Web"`, `rpc_method="a.v1.A/Get",${shared}`].flatMap((of) =>
        ["fresh", "stale", "joined", "missed"].map((outcome) => `bff_cache_total{${of},outcome="${outcome}"} 0`),
      ),
      ...["retry", "hedge"].map((kind) => `bff_budget_refused_total{${shared},kind="${kind}"} 0`),
    ];
    for (let scrapes = 0; scrapes < 2; scrapes++) expect(linesOf(metrics, /_(total|count)\{.*v1/)).toEqual(zeros);
  });

  /** Series as Prometheus counts them. */
  const seriesOf = (metrics: Metrics): number =>
    metrics
      .snapshot()
      .families.filter(({ name }) => /^(bff|rpc)_/.test(name))
      .flatMap(({ samples }) => samples)
      .reduce((sum, { counts }) => sum + (counts === undefined ? 1 : counts.length + 2), 0);

  it.each([1_000, 100_000])("%i RPCs begin at most 5,000 series with 0, counters first", (rpcs) => {
    const metrics = metricsOf();
    for (let i = 0; i < rpcs; i++) metrics.rpc(rpcEvent({ method: `web.v1.Web/Get${i}` }));
    const begun = seriesOf(metrics);
    expect(begun).toBeGreaterThan(5_000 - 17);
    expect(begun).toBeLessThanOrEqual(5_000);
    expect(seriesOf(metrics)).toBe(begun);
    const last = { ...request, method: `web.v1.Web/Get${rpcs - 1}` };
    metrics.responseStart(last);
    metrics.response({ ...answered(), ...last });
    expect(linesOf(metrics, new RegExp(`_count\\{rpc_method="${last.method}"`))).toHaveLength(1);
    expect(linesOf(metrics, new RegExp(`^bff_request_bytes_total\\{rpc_method="${last.method}"`))).toHaveLength(1);
  });
});
