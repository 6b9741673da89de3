// Events of one run of a simulation, counted.
import { codeName, type Failure, Reason } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { AttemptEvent } from "@protobff/runtime/internal/observer-calls";

/** Answers of one rpc of the BFF. */
interface RpcTally {
  /** Times until answers and failures, in milliseconds. */
  readonly ms: number[];
  degraded: number;
  failed: number;
  /** Requests by the cause of their failure, such as `UNAVAILABLE from billing.v1.BillingService/GetUsage`. */
  readonly causes: Map<string, number>;
  /** The rpcs of upstreams that it calls. */
  readonly calls: Set<string>;
}

/** Calls of one rpc of an upstream. */
interface CallTally {
  calls: number;
  attempts: number;
  /** Attempts that the call's timeout ended. */
  expired: number;
  /** Calls that the cache answered. */
  hits: number;
  /** Calls that were not sent, by the reason. */
  readonly refused: Map<string, number>;
  /** Sum of the times of attempts, in milliseconds. */
  busyMs: number;
  /** Attempts under way now, and the most of them at one time. */
  now: number;
  peak: number;
}

/** Counts the events of a run. Requests and calls that begin before `fromMs` are not counted. */
export class Tally {
  readonly rpcs = new Map<string, RpcTally>();
  readonly calls = new Map<string, CallTally>();
  readonly #fromMs: number;
  readonly #limited = new Map<object, string>();
  readonly #started = new WeakMap<object, string[]>();

  constructor(fromMs: number) {
    this.#fromMs = fromMs;
  }
  /** The observer of the BFF. */
  readonly observer: Observer = {
    response: ({ request, method, startedAt, endedAt, outcome }) => {
      const limit = this.#limited.get(request);
      this.#limited.delete(request);
      if (startedAt < this.#fromMs) return;
      const tally = this.#rpc(method);
      for (const call of this.#started.get(request) ?? []) tally.calls.add(call);
      tally.ms.push(endedAt - startedAt);
      if (outcome.ok) tally.degraded += outcome.degraded.length > 0 ? 1 : 0;
      else {
        tally.failed++;
        increment(tally.causes, limit === undefined ? causeOf(outcome.failure) : `limit ${limit}`);
      }
    },
    limited: ({ request, limit, outcome }) => {
      if (REFUSING.has(outcome)) this.#limited.set(request, limit);
    },
    callStart: ({ request, method }) => {
      const calls = this.#started.get(request);
      if (calls === undefined) this.#started.set(request, [method]);
      else calls.push(method);
    },
    attempt: (event) => this.#attempt(event),
    call: ({ method, startedAt, attempts, outcome }) => {
      if (startedAt < this.#fromMs) return;
      const tally = this.call(method);
      tally.calls++;
      if (attempts === 0 && !outcome.ok) increment(tally.refused, REASONS[outcome.failure.reason] ?? "other");
    },
    cache: ({ method, outcome }) => {
      if (outcome !== "missed") this.call(method).hits++;
    },
  };
  call(method: string): CallTally {
    let tally = this.calls.get(method);
    if (tally === undefined) {
      tally = { calls: 0, attempts: 0, expired: 0, hits: 0, refused: new Map(), busyMs: 0, now: 0, peak: 0 };
      this.calls.set(method, tally);
    }
    return tally;
  }
  /** Counts an attempt that an upstream has received. */
  sent(method: string): void {
    const tally = this.call(method);
    tally.now++;
    tally.peak = Math.max(tally.peak, tally.now);
  }

  #attempt({ method, startedAt, endedAt, outcome }: AttemptEvent): void {
    const isKept = outcome === "refused" || (typeof outcome === "object" && outcome.kept !== undefined);
    if (isKept) return;
    const tally = this.call(method);
    tally.now--;
    if (startedAt < this.#fromMs) return;
    tally.attempts++;
    tally.busyMs += endedAt - startedAt;
    if (outcome === "expired") tally.expired++;
  }
  #rpc(method: string): RpcTally {
    let tally = this.rpcs.get(method);
    if (tally === undefined) {
      tally = { ms: [], degraded: 0, failed: 0, causes: new Map(), calls: new Set() };
      this.rpcs.set(method, tally);
    }
    return tally;
  }
}
const REFUSING: ReadonlySet<string> = new Set(["exceeded", "cost", "unreachable"]);
const REASONS: Readonly<Record<number, string>> = { [Reason.BREAKER_OPEN]: "breaker", [Reason.LIMITED]: "limit" };

function causeOf({ clientCode, method, upstream, reason }: Failure): string {
  const callee = method === "" ? upstream : method;
  const kept = REASONS[reason];
  return `${codeName(clientCode)}${callee === "" ? "" : ` from ${callee}`}${kept === undefined ? "" : `, ${kept}`}`;
}
export function increment(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
