// Current state of upstreams: breakers, limits and addresses are read at each scrape.
import type { BreakerState, LimitState, UpstreamEvent } from "@protobff/runtime/internal/observer-upstreams";
import { addedUp, labelled } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";

export const BREAKER_STATES: readonly BreakerState[] = ["closed", "half-open", "open"];
const ADDRESS = ["idle", "connected", "warming", "ejected", "leaving"] as const;

/** The state of an upstream at this moment. */
interface Found {
  readonly upstream: UpstreamEvent;
  readonly state: ReturnType<UpstreamEvent["state"]>;
}

/** @param all events of the upstreams, as reported when they were made */
export function upstreamFamilies(all: readonly UpstreamEvent[]): readonly Family[] {
  const found = all.map((upstream) => ({ upstream, state: upstream.state() }));
  return [
    gauge(
      "bff_breaker_state",
      "1 for the state that a breaker is in, 0 for the others; of several processes, in how many.",
      breakerSamples(found),
    ),
    gauge(
      "bff_limit_taken",
      "How many calls a limit lets run at this moment.",
      limitSamples(found, "limits", ({ taken }) => taken),
    ),
    gauge(
      "bff_limit_most",
      "How many calls a limit lets run at most, as it is now.",
      limitSamples(found, "limits", ({ most }) => most),
    ),
    gauge(
      "bff_limit_waiting",
      "How many calls wait for a place.",
      limitSamples(found, "limits", ({ waiting }) => waiting),
    ),
    gauge(
      "bff_upstream_streams_open",
      "How many streams of an upstream are open.",
      limitSamples(found, "streams", ({ taken }) => taken),
    ),
    gauge(
      "bff_upstream_streams_most",
      "How many streams of an upstream may be open.",
      limitSamples(found, "streams", ({ most }) => most),
    ),
    gauge("bff_addresses", "How many addresses of an upstream are in this state.", addressSamples(found)),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  // A method may have several limits, one for each policy. A limit without a bound has no number.
  const numbers = addedUp(samples).filter(({ value }) => Number.isFinite(value));
  return { name, help, type: "gauge", merge: "sum", samples: numbers };
}

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

function limitSamples(
  found: readonly Found[],
  of: "limits" | "streams",
  value: (limit: LimitState) => number,
): readonly Sample[] {
  return found.flatMap(({ upstream, state }) =>
    state[of].map((limit) => ({
      labels: labelsOf(upstream, ["rpc_method"], [limit.method ?? ""]),
      value: value(limit),
    })),
  );
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
