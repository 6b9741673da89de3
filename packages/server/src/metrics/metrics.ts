// Metrics: counters of this process since its start, which Prometheus scrapes. Labels are from the plan (RPCs,
// upstreams, fields, limits, sources), never from clients' data. This room imports events, and nothing of servers.

import { Degradation_Reason } from "@protobff/messages/bff/v1/degradation_pb.js";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { StepsExceeded } from "@protobff/runtime/internal/error-info";
import { Code } from "@protobff/runtime/internal/failure";
import { type Observer, withoutPositions } from "@protobff/runtime/internal/observer";
import type {
  AttemptEvent,
  CacheEvent,
  CallEvent,
  CallStartEvent,
  MirrorEvent,
} from "@protobff/runtime/internal/observer-calls";
import type {
  LimitEvent,
  MeterEvent,
  ResponseEvent,
  ResponseStartEvent,
  RpcEvent,
  ShedEvent,
  StreamDegradedEvent,
  StreamOpenEvent,
} from "@protobff/runtime/internal/observer-requests";
import type {
  BreakerEvent,
  BudgetEvent,
  EjectionEvent,
  ShareEvent,
  TopicEvent,
  UpstreamEvent,
} from "@protobff/runtime/internal/observer-upstreams";
import { Callees } from "./callee.ts";
import { Durations, durationsFamily, inFlightFamily, trafficFamily } from "./durations.ts";
import { Meters } from "./meters.ts";
import { MirrorMetrics } from "./mirrors.ts";
import { ProcessMetrics } from "./process.ts";
import { Counter } from "./series.ts";
import type { Family, MetricsSnapshot } from "./snapshot.ts";
import { StreamMetrics } from "./streams.ts";
import { UpstreamMetrics } from "./upstreams.ts";
import { Zeros } from "./zeros.ts";

const CACHE_OUTCOMES: readonly CacheEvent["outcome"][] = ["fresh", "stale", "joined", "missed"];
/** Maximum number of paths of deprecated fields that are counted apart. */
const MAX_FIELDS = 5_000;

/** Counts the events that it observes. */
export class Metrics implements Observer {
  readonly #clock: Clock;
  readonly #process = new ProcessMetrics();
  readonly #servers = new Map<string, Durations>();
  readonly #callees = new Callees();
  readonly #upstreams = new UpstreamMetrics();
  /** RPCs since the last snapshot. */
  readonly #rpcs: RpcEvent[] = [];
  readonly #zeros = new Zeros();
  readonly #streams = new StreamMetrics();
  readonly #meters = new Meters();
  readonly #mirrors = new MirrorMetrics();
  readonly #collectors: (() => readonly Family[])[] = [];
  readonly #cache = new Counter("bff_cache_total", "Answers of rpcs and calls with a cache, by where they came from.", [
    ...["rpc_method", "upstream", "branch", "shard", "outcome"],
  ]);
  readonly #degraded = new Counter(
    "bff_degraded_total",
    "Fields of answers that a failure has affected, by upstream and reason. Fields joined into one entry count once.",
    ["rpc_method", "path", "upstream", "reason"],
  );
  readonly #responses = new Counter("bff_degraded_responses_total", "Answers with at least one degradation.", [
    "rpc_method",
  ]);
  readonly #limited = new Counter(
    "bff_rate_limited_total",
    "Requests that rate limits have refused, admitted without counting, or would refuse (dry).",
    [...["rpc_method", "limit", "outcome"]],
  );
  readonly #shareRefused = new Counter(
    "bff_share_refused_total",
    "Waiters that a fair queue refused, because their key had too many: at the door, or at the limit of an upstream.",
    ["place", "branch", "shard"],
  );
  readonly #shed = new Counter(
    "bff_shed_total",
    "Requests that the overloaded server has refused, or its door (BFF_MAX_REQUESTS).",
    [...["rpc_method", "priority"]],
  );
  readonly #steps = new Counter(
    "bff_expression_budget_total",
    "Requests that failed because their expressions take more steps than BFF_MAX_STEPS allows.",
    ["rpc_method"],
  );
  readonly #deprecated = new Counter("bff_deprecated_calls_total", "Requests for RPCs that are marked as deprecated.", [
    ...["rpc_method", "source"],
  ]);
  readonly #deprecatedFields = new Counter(
    "bff_deprecated_fields_total",
    "Requests that set a field that is marked as deprecated.",
    ["rpc_method", "field"],
    MAX_FIELDS,
  );

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }
  /** Adds a source of further metrics, which each snapshot reads. */
  add(collector: () => readonly Family[]): void {
    this.#collectors.push(collector);
  }
  close(): void {
    this.#process.close();
  }

  rpc(event: RpcEvent): void {
    this.#server(event.method).traffic.add(event.traffic);
    this.#rpcs.push(event);
  }
  upstream(event: UpstreamEvent): void {
    this.#upstreams.events.push(event);
  }
  topic(event: TopicEvent): void {
    this.#upstreams.topics.push(event);
  }
  responseStart({ method }: ResponseStartEvent): undefined {
    this.#server(method).inFlight++;
  }
  /** The stream is then open, and counts no longer as a call that is being answered. */
  streamOpen(event: StreamOpenEvent): void {
    const { method, startedAt, openedAt } = event;
    this.#answered(method, Code.OK, openedAt - startedAt);
    this.#streams.opened(event);
  }
  response(event: ResponseEvent): void {
    const { method, startedAt, endedAt, outcome, deprecated, deprecatedFields, stream } = event;
    if (stream !== undefined) this.#streams.ended(event, stream);
    else this.#answered(method, outcome.ok ? Code.OK : outcome.failure.clientCode, endedAt - startedAt);
    if (outcome.ok && outcome.degraded.length > 0) {
      this.#responses.add(method);
      this.#lacking(method, outcome.degraded);
    }
    if (!outcome.ok && outcome.failure instanceof StepsExceeded) this.#steps.add(method);
    if (deprecated !== undefined && this.#clock.date().getTime() >= Date.parse(deprecated.since))
      this.#deprecated.add(method, deprecated.source ?? "");
    for (const path of deprecatedFields?.paths ?? []) this.#deprecatedFields.add(method, path);
  }
  #answered(method: string, code: Code, tookMs: number): void {
    const server = this.#server(method);
    if (server.inFlight > 0) server.inFlight--;
    server.record(code, tookMs);
  }
  streamDegraded({ method, degraded }: StreamDegradedEvent): void {
    this.#streams.degraded.add(method);
    this.#lacking(method, degraded);
  }
  #lacking(method: string, degraded: StreamDegradedEvent["degraded"]): void {
    for (const { path, upstream, reason } of degraded)
      this.#degraded.add(method, withoutPositions(path), upstream, REASONS.get(reason) ?? "");
  }
  callStart({ service, branch, shard, method }: CallStartEvent): void {
    this.#callees.of(service, branch, shard, method).inFlight++;
  }
  call({ service, branch, shard, method, startedAt, endedAt, outcome }: CallEvent): void {
    const client = this.#callees.of(service, branch, shard, method);
    client.inFlight--;
    client.record(outcome.ok ? Code.OK : outcome.failure.code, endedAt - startedAt);
  }
  attempt(event: AttemptEvent): void {
    this.#callees.of(event.service, event.branch, event.shard, event.method).attempted(event);
  }
  ejection({ service, branch = "", shard = "" }: EjectionEvent): void {
    this.#upstreams.ejections.add(service, branch, shard);
  }
  budgetRefused({ service, branch = "", shard = "", kind }: BudgetEvent): void {
    this.#upstreams.refused.add(service, branch, shard, kind);
  }
  breaker({ service, branch = "", shard = "", method = "", to }: BreakerEvent): void {
    this.#upstreams.transitions.add(service, branch, shard, method, to);
  }
  cache({ service, branch = "", shard = "", method, outcome }: CacheEvent): void {
    this.#cache.add(method, service, branch, shard, outcome);
  }
  limited({ method, limit, outcome }: LimitEvent): void {
    this.#limited.add(method, limit, outcome);
  }
  mirrored(event: MirrorEvent): void {
    this.#mirrors.add(event);
  }
  metered(event: MeterEvent): void {
    this.#meters.add(event);
  }
  shareRefused({ place, branch = "", shard = "" }: ShareEvent): void {
    this.#shareRefused.add(place, branch, shard);
  }
  shed({ method, priority }: ShedEvent): void {
    this.#shed.add(method, priority);
  }

  #server(method: string): Durations {
    let found = this.#servers.get(method);
    if (found === undefined) {
      found = new Durations(["rpc_method", method]);
      this.#servers.set(method, found);
    }
    return found;
  }

  /** Shows counters as 0 until their first event: each scrape may be the last before. */
  #begin(): void {
    for (const rpc of this.#rpcs.splice(0)) this.#beginRpc(rpc);
    for (const upstream of this.#upstreams.events) this.#beginUpstream(upstream);
    for (const durations of [...this.#servers.values(), ...this.#callees.all]) this.#zeros.histogram(durations);
  }
  #beginRpc(event: RpcEvent): void {
    const { method, streams, cached, limits, sources, priority = "normal" } = event;
    const { deprecation, deprecatedFields = [] } = event;
    const zeros = this.#zeros;
    zeros.method(this.#server(method));
    if (streams) this.#streams.begin(method, zeros);
    else zeros.series(this.#responses, method);
    zeros.series(this.#shed, method, priority);
    zeros.series(this.#steps, method);
    for (const { name, dryRun } of limits) zeros.series(this.#limited, method, name, dryRun ? "dry" : "exceeded");
    if (cached) this.#beginCache(method, method.slice(0, method.indexOf("/")), "", "");
    if (deprecation !== undefined)
      for (const source of ["", ...sources]) zeros.series(this.#deprecated, method, source);
    for (const path of deprecatedFields) zeros.series(this.#deprecatedFields, method, path);
    this.#meters.begin(event, zeros);
  }
  #beginUpstream(upstream: UpstreamEvent): void {
    const { service, branch, shard } = upstream;
    const state = upstream.state();
    this.#upstreams.begin({ upstream, state }, this.#zeros);
    for (const { method, cached, traffic } of state.methods) {
      const callee = this.#callees.of(service, branch, shard, method);
      callee.traffic.add(traffic);
      this.#zeros.method(callee);
      if (cached) this.#beginCache(method, service, branch ?? "", shard ?? "");
    }
  }
  #beginCache(method: string, service: string, ...sides: readonly string[]): void {
    for (const outcome of CACHE_OUTCOMES) this.#zeros.series(this.#cache, method, service, ...sides, outcome);
  }

  snapshot(): MetricsSnapshot {
    this.#begin();
    const families: readonly Family[] = [
      ...this.#requestFamilies([...this.#servers.values()].filter(({ isShown }) => isShown)),
      ...this.#callees.families,
      this.#cache.family,
      ...this.#upstreams.counters,
      ...this.#mirrors.families,
      ...this.#upstreams.states,
      ...this.#collectors.flatMap((collect) => collect()),
      ...this.#process.families(),
    ];
    return { families };
  }
  #requestFamilies(servers: readonly Durations[]): readonly Family[] {
    return [
      durationsFamily(
        "rpc_server_call_duration_seconds",
        "How long requests took, until they were answered; of streams, until they were open.",
        servers,
      ),
      inFlightFamily("bff_requests_in_flight", "Requests that are being answered.", servers),
      trafficFamily(
        "bff_request_bytes_total",
        "Bytes of request messages that were read, as received.",
        "received",
        servers,
      ),
      trafficFamily(
        "bff_response_bytes_total",
        "Bytes of answers and messages of streams, as sent, without errors.",
        "sent",
        servers,
      ),
      ...this.#streams.families,
      this.#responses.family,
      this.#degraded.family,
      this.#limited.family,
      this.#shareRefused.family,
      this.#shed.family,
      this.#steps.family,
      this.#deprecated.family,
      this.#deprecatedFields.family,
      ...this.#meters.families,
    ];
  }
}

const REASONS = new Map<number, string>(Object.entries(Degradation_Reason).map(([name, reason]) => [reason, name]));
