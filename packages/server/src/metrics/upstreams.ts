// Events of upstreams and topics, and the current state: breakers, limits and addresses are read at each scrape.

import type { BreakerState, TopicEvent, UpstreamEvent } from "@protobff/runtime/internal/observer-upstreams";
import { gauge } from "./family.ts";
import { addedUp, Counter, labelled } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";
import { topicFamilies } from "./topics.ts";
import type { Zeros } from "./zeros.ts";

const BREAKER_STATES: readonly BreakerState[] = ["closed", "half-open", "open"];
const BUDGETS = ["retry", "hedge"] as const;
const ADDRESS = ["idle", "connected", "warming", "ejected", "leaving"] as const;
const LIMITS: readonly (readonly [string, "limits" | "streams", "taken" | "most" | "waiting", help: string])[] = [
  ["bff_limit_taken", "limits", "taken", "How many calls a limit lets run at this moment."],
  ["bff_limit_most", "limits", "most", "How many calls a limit lets run at most, as it is now."],
  ["bff_limit_waiting", "limits", "waiting", "How many calls wait for a place."],
  ["bff_upstream_streams_open", "streams", "taken", "How many streams of an upstream are open."],
  ["bff_upstream_streams_most", "streams", "most", "How many streams of an upstream may be open."],
];

/** The state of an upstream at this moment. */
interface Found {
  readonly upstream: UpstreamEvent;
  readonly state: ReturnType<UpstreamEvent["state"]>;
}

/** Metrics of upstreams and topics, without those of calls. */
export class UpstreamMetrics {
  /** The upstreams, as reported when they were made. */
  readonly events: UpstreamEvent[] = [];
  readonly topics: TopicEvent[] = [];
  readonly ejections = new Counter(
    "bff_ejections_total",
    "Ejections of addresses of upstreams after repeated failures.",
    ["upstream", "branch", "shard"],
  );
  readonly refused = new Counter(
    "bff_budget_refused_total",
    "Retries and hedges that were not sent, because the budget of their upstream was used up.",
    ["upstream", "branch", "shard", "kind"],
  );
  readonly transitions = new Counter("bff_breaker_transitions_total", "Changes of the state of a breaker.", [
    ...["upstream", "branch", "shard", "rpc_method", "to"],
  ]);

  /** Shows the counters of an upstream before its first event. */
  begin({ upstream: { service, branch = "", shard = "" }, state }: Found, zeros: Zeros): void {
    for (const { method = "" } of state.breakers)
      for (const to of BREAKER_STATES) zeros.series(this.transitions, service, branch, shard, method, to);
    if (state.addresses.length > 0) zeros.series(this.ejections, service, branch, shard);
    for (const kind of BUDGETS) zeros.series(this.refused, service, branch, shard, kind);
  }
  get counters(): readonly Family[] {
    return [this.transitions.family, this.ejections.family, this.refused.family];
  }
  get states(): readonly Family[] {
    const found = this.events.map((upstream) => ({ upstream, state: upstream.state() }));
    return [...stateFamilies(found), ...topicFamilies(this.topics)];
  }
}

function stateFamilies(found: readonly Found[]): readonly Family[] {
  return [
    gauge(
      "bff_breaker_state",
      "1 for the state that a breaker is in, 0 for the others; of several processes, in how many.",
      numbers(breakerSamples(found)),
    ),
    ...limitFamilies(found),
    gauge("bff_addresses", "How many addresses of an upstream are in this state.", numbers(addressSamples(found))),
  ];
}

/** A method may have several limits, one for each policy. A limit without a bound has no number. */
const numbers = (samples: readonly Sample[]): readonly Sample[] =>
  addedUp(samples).filter(({ value }) => Number.isFinite(value));

function breakerSamples(found: readonly Found[]): readonly Sample[] {
  return found.flatMap(({ upstream, state }) =>
    state.breakers.flatMap((breaker) =>
      BREAKER_STATES.map((state) => ({
        labels: labelsOf(upstream, ["rpc_method", "state"], [breaker.method ?? "", state]),
        value: breaker.state === state ? 1 : 0,
      })),
    ),
  );
}

function limitFamilies(found: readonly Found[]): readonly Family[] {
  return LIMITS.map(([name, of, value, help]) => {
    const samples = found.flatMap(({ upstream, state }) =>
      state[of].map((limit) => ({
        labels: labelsOf(upstream, ["rpc_method"], [limit.method ?? ""]),
        value: limit[value],
      })),
    );
    return gauge(name, help, numbers(samples));
  });
}

function addressSamples(found: readonly Found[]): readonly Sample[] {
  return found.flatMap(({ upstream, state }) =>
    state.addresses.length === 0
      ? []
      : ADDRESS.map((name) => ({
          labels: labelsOf(upstream, ["state"], [name]),
          value: state.addresses.filter((address) => address.state === name).length,
        })),
  );
}

function labelsOf(upstream: UpstreamEvent, more: readonly string[], values: readonly string[]): readonly string[] {
  return labelled(
    ["upstream", "branch", "shard", ...more],
    [upstream.service, upstream.branch ?? "", upstream.shard ?? "", ...values],
  );
}
