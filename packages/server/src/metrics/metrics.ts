// Metrics: counters of this process since its start, which Prometheus scrapes. Labels are from the plan (RPCs,
// upstreams, fields, limits, sources), never from clients' data. This room imports events, and nothing of servers.

import { Degradation_Reason } from "@protobff/messages/bff/v1/degradation_pb.js";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { Code } from "@protobff/runtime/internal/failure";
import { type Observer, withoutPositions } from "@protobff/runtime/internal/observer";
import type { AttemptEvent, CacheEvent, CallEvent, CallStartEvent } from "@protobff/runtime/internal/observer-calls";
import type {
  LimitEvent,
  ResponseEvent,
  ResponseStartEvent,
  StreamDegradedEvent,
  StreamOpenEvent,
} from "@protobff/runtime/internal/observer-requests";
import type {
  BreakerEvent,
  BudgetEvent,
  EjectionEvent,
  TopicEvent,
  UpstreamEvent,
} from "@protobff/runtime/internal/observer-upstreams";
import { Callee } from "./callee.ts";
import { Durations, durationsFamily } from "./durations.ts";
import { ProcessMetrics } from "./process.ts";
import { Counter } from "./series.ts";
import type { Family, MetricsSnapshot } from "./snapshot.ts";
import { StreamMetrics } from "./streams.ts";
import { topicFamilies } from "./topics.ts";
import { BREAKER_STATES, upstreamFamilies } from "./upstreams.ts";

/** Counts the events that it observes. */
export class Metrics implements Observer {
  readonly #clock: Clock;
  readonly #process = new ProcessMetrics();
  readonly #servers = new Map<string, Durations>();
  /** By method, without the calls of branches. */
  readonly #clients = new Map<string, Callee>();
  readonly #branches = new Map<string, Map<string, Callee>>();
  readonly #upstreams: UpstreamEvent[] = [];
  readonly #streams = new StreamMetrics();
  readonly #topics: TopicEvent[] = [];
  readonly #collectors: (() => readonly Family[])[] = [];
  readonly #ejections = new Counter(
    "bff_ejections_total",
    "Ejections of addresses of upstreams after repeated failures.",
    ["upstream", "branch"],
  );
  readonly #budget = new Counter(
    "bff_budget_refused_total",
    "Retries and hedges that were not sent, because the budget of their upstream was used up.",
    ["upstream", "branch", "kind"],
  );
  readonly #transitions = new Counter("bff_breaker_transitions_total", "Changes of the state of a breaker.", [
    ...["upstream", "branch", "rpc_method", "to"],
  ]);
  readonly #cache = new Counter("bff_cache_total", "Answers of rpcs and calls with a cache, by where they came from.", [
    ...["rpc_method", "upstream", "branch", "outcome"],
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
  readonly #deprecated = new Counter("bff_deprecated_calls_total", "Requests for RPCs that are marked as deprecated.", [
    ...["rpc_method", "source"],
  ]);

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }
  /** Adds a source of further metrics, which each snapshot reads. */
  add(collector: () => readonly Family[]): void {
    this.#collectors.push(collector);
  }
  /** Shows the counters of these rpcs before their first event. */
  begin(methods: readonly { readonly name: string; readonly isStream: boolean }[]): void {
    for (const { name, isStream } of methods)
      if (isStream) this.#streams.begin(name);
      else this.#responses.begin(name);
  }
  close(): void {
    this.#process.close();
  }

  upstream(event: UpstreamEvent): void {
    this.#upstreams.push(event);
  }
  topic(event: TopicEvent): void {
    this.#topics.push(event);
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
    const { method, startedAt, endedAt, outcome, deprecated, stream } = event;
    if (stream !== undefined) this.#streams.ended(event, stream);
    else this.#answered(method, outcome.ok ? Code.OK : outcome.failure.clientCode, endedAt - startedAt);
    if (outcome.ok && outcome.degraded.length > 0) {
      this.#responses.add(method);
      this.#lacking(method, outcome.degraded);
    }
    if (deprecated !== undefined && this.#clock.date().getTime() >= Date.parse(deprecated.since))
      this.#deprecated.add(method, deprecated.source ?? "");
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
  callStart({ service, branch, method }: CallStartEvent): void {
    this.#client(service, branch, method).inFlight++;
  }
  call({ service, branch, method, startedAt, endedAt, outcome }: CallEvent): void {
    const client = this.#client(service, branch, method);
    client.inFlight--;
    client.record(outcome.ok ? Code.OK : outcome.failure.code, endedAt - startedAt);
  }
  attempt(event: AttemptEvent): void {
    this.#client(event.service, event.branch, event.method).attempted(event);
  }
  ejection({ service, branch = "" }: EjectionEvent): void {
    this.#ejections.add(service, branch);
  }
  budgetRefused({ service, branch = "", kind }: BudgetEvent): void {
    this.#budget.add(service, branch, kind);
  }
  breaker({ service, branch = "", method = "", to }: BreakerEvent): void {
    this.#transitions.add(service, branch, method, to);
  }
  cache({ service, branch = "", method, outcome }: CacheEvent): void {
    this.#cache.add(method, service, branch, outcome);
  }
  limited({ method, limit, outcome }: LimitEvent): void {
    this.#limited.add(method, limit, outcome);
  }

  #server(method: string): Durations {
    let found = this.#servers.get(method);
    if (found === undefined) {
      found = new Durations(["rpc_method", method]);
      this.#servers.set(method, found);
    }
    return found;
  }
  #client(service: string, branch: string | undefined, method: string): Callee {
    const all = branch === undefined ? this.#clients : this.#ofBranch(branch);
    let found = all.get(method);
    if (found === undefined) {
      found = new Callee(service, branch, method);
      all.set(method, found);
    }
    return found;
  }
  #ofBranch(branch: string): Map<string, Callee> {
    const all = this.#branches.get(branch) ?? new Map<string, Callee>();
    this.#branches.set(branch, all);
    return all;
  }

  /** Shows what breakers and addresses have done as 0 until it happens: each scrape may be the last before. */
  #beginUpstreams(): void {
    for (const upstream of this.#upstreams) {
      const { service, branch = "" } = upstream;
      const { breakers, addresses } = upstream.state();
      for (const { method = "" } of breakers)
        for (const to of BREAKER_STATES) this.#transitions.begin(service, branch, method, to);
      if (addresses.length > 0) this.#ejections.begin(service, branch);
    }
  }

  snapshot(): MetricsSnapshot {
    this.#beginUpstreams();
    const servers = [...this.#servers.values()];
    const clients = [...this.#clients.values(), ...[...this.#branches.values()].flatMap((all) => [...all.values()])];
    const families: readonly Family[] = [
      durationsFamily(
        "rpc_server_call_duration_seconds",
        "How long requests took, until they were answered; of streams, until they were open.",
        servers,
      ),
      inFlight("bff_requests_in_flight", "Requests that are being answered.", servers),
      ...this.#streams.families,
      this.#responses.family,
      this.#degraded.family,
      this.#limited.family,
      this.#deprecated.family,
      durationsFamily(
        "rpc_client_call_duration_seconds",
        "How long calls of upstreams took, with all of their attempts and the waiting before and between.",
        clients,
      ),
      inFlight(
        "bff_calls_in_flight",
        "Calls of upstreams that have begun and not ended, those that wait included.",
        clients,
      ),
      {
        name: "bff_attempts_total",
        type: "counter",
        merge: "sum",
        help: "Attempts of calls, by what they were and how they ended; refused: a breaker or a limit let it not go out.",
        samples: clients.flatMap(({ attempts }) => attempts),
      },
      this.#cache.family,
      this.#transitions.family,
      this.#ejections.family,
      this.#budget.family,
      ...upstreamFamilies(this.#upstreams),
      ...topicFamilies(this.#topics),
      ...this.#collectors.flatMap((collect) => collect()),
      ...this.#process.families(),
    ];
    return { families };
  }
}

function inFlight(name: string, help: string, all: readonly Durations[]): Family {
  const samples = all.map(({ labels, inFlight }) => ({ labels, value: inFlight }));
  return { name, help, type: "gauge", merge: "sum", samples };
}

const REASONS = new Map<number, string>(Object.entries(Degradation_Reason).map(([name, reason]) => [reason, name]));
