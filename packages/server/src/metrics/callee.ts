import type { AttemptEvent } from "@protobff/runtime/internal/observer-calls";
import { Durations, durationsFamily, inFlightFamily, trafficFamily } from "./durations.ts";
import { counter } from "./family.ts";
import { labelled } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";

type Outcome = Extract<AttemptEvent["outcome"], string> | Exclude<AttemptEvent["outcome"], string>["kind"];
/** The most frequent outcome first. */
const OUTCOMES: readonly Outcome[] = [
  ...([
    "ok",
    "status",
    "cancelled",
    "expired",
    "transport",
    "unprocessed",
    "refused",
    "invalid",
    "unsendable",
  ] as const),
];
const KINDS = ["first", "retry", "hedge"] as const;

/** Counters of the calls of one method. Counting a call formats no text. */
class Callee extends Durations {
  readonly #attempts = new Float64Array(KINDS.length * OUTCOMES.length);

  constructor(
    { service, branch = "", shard = "" }: Pick<AttemptEvent, "service" | "branch" | "shard">,
    method: string,
  ) {
    super(labelled(["rpc_method", "upstream", "branch", "shard"], [method, service, branch, shard]));
  }
  attempted({ number, hedge, outcome }: Pick<AttemptEvent, "number" | "hedge" | "outcome">): void {
    const retry = number > 1 ? 1 : 0;
    const kind = hedge ? 2 : retry;
    const at = kind * OUTCOMES.length + OUTCOMES.indexOf(typeof outcome === "string" ? outcome : outcome.kind);
    this.#attempts[at] = (this.#attempts[at] ?? 0) + 1;
  }
  get attempts(): readonly Sample[] {
    return [...this.#attempts].flatMap((value, i) => {
      if (value === 0) return [];
      const kind = KINDS[Math.floor(i / OUTCOMES.length)] ?? "";
      const outcome = OUTCOMES[i % OUTCOMES.length] ?? "";
      return [{ labels: [...this.labels, "kind", kind, "outcome", outcome], value }];
    });
  }
}

type Methods = Map<string, Callee>;

/** The callees of the process: each has the calls of one method to one upstream. */
export class Callees {
  /** By method, without the calls of branches and shards. */
  readonly #plain: Methods = new Map();
  readonly #branches = new Map<string, Methods>();
  readonly #shards = new Map<string, Methods>();

  of(service: string, branch: string | undefined, shard: string | undefined, method: string): Callee {
    let methods = this.#plain;
    if (branch !== undefined) methods = within(this.#branches, branch);
    else if (shard !== undefined) methods = within(this.#shards, shard);
    let found = methods.get(method);
    if (found === undefined) {
      found = new Callee({ service, branch, shard }, method);
      methods.set(method, found);
    }
    return found;
  }
  get all(): readonly Callee[] {
    return [this.#plain, ...this.#branches.values(), ...this.#shards.values()].flatMap((all) => [...all.values()]);
  }
  get families(): readonly Family[] {
    const callees = this.all.filter(({ isShown }) => isShown);
    const attempts = counter(
      "bff_attempts_total",
      "Attempts of calls, by what they were and how they ended; refused: a breaker or a limit let it not go out.",
      this.all.flatMap((callee) => callee.attempts),
    );
    return [
      durationsFamily(
        "rpc_client_call_duration_seconds",
        "How long calls of upstreams took, with all of their attempts and the waiting before and between.",
        callees,
      ),
      inFlightFamily(
        "bff_calls_in_flight",
        "Calls of upstreams that have begun and not ended, those that wait included.",
        callees,
      ),
      attempts,
      trafficFamily(
        "bff_call_request_bytes_total",
        "Bytes of messages to upstreams, as sent: once for each attempt.",
        "sent",
        callees,
      ),
      trafficFamily(
        "bff_call_response_bytes_total",
        "Bytes of messages and stream items from upstreams, as received, without errors.",
        "received",
        callees,
      ),
    ];
  }
}

/** Returns the callees of one branch or shard, by method. */
function within(all: Map<string, Methods>, name: string): Methods {
  const known = all.get(name) ?? new Map<string, Callee>();
  all.set(name, known);
  return known;
}
