import { fromBinary } from "@bufbuild/protobuf";
import { OVER } from "../../../runtime/src/failure.ts";
import type { CallEvent } from "../../../runtime/src/observer-calls.ts";
import { BatchGetRequestSchema, GetRequestSchema, type Thing } from "../../../runtime/src/testing/gen/test_pb.ts";
import type { OutgoingHeaders } from "../../../runtime/src/transport/call-headers.ts";
import type { Truth } from "./composition.ts";
import type { Setup } from "./setup.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimUpstream } from "./sim-upstream.ts";
import { traitsOf, type WireRules } from "./wire-rules.ts";

const BREAKER_OPEN = 3;

/** Holds each value against who may have it and how old it may be, from an account of every fetch that has ended. */
export class CacheRules {
  readonly #setup: Setup;
  readonly #clock: SimClock;
  readonly #upstream: SimUpstream;
  readonly #rules: WireRules;
  readonly #ended = new Map<string, { reason: number | undefined; at: number; before: number | undefined }>();

  constructor(setup: Setup, clock: SimClock, upstream: SimUpstream, rules: WireRules) {
    this.#setup = setup;
    this.#clock = clock;
    this.#upstream = upstream;
    this.#rules = rules;
  }
  called({ call, method, message, outcome }: CallEvent): void {
    if (!outcome.ok && outcome.failure === OVER) return;
    const { headers } = call as { headers: OutgoingHeaders | undefined };
    const batch = method.endsWith("BatchGet");
    const id = batch ? fromBinary(BatchGetRequestSchema, message).ids[0] : fromBinary(GetRequestSchema, message).id;
    if (batch || id === undefined || this.#setup.policies[traitsOf(id).policy]?.cache === undefined) return;
    const key = keyOf(id, headers?.["x-user"] ?? "", headers?.["x-tenant"] ?? "");
    const reason = outcome.ok ? undefined : outcome.failure.reason;
    const before = this.#ended.get(key);
    const now = this.#clock.now();
    // Two changes in one moment cannot be distinguished from outside.
    this.#ended.set(key, { reason, at: now, before: before?.at === now ? before.before : before?.reason });
  }
  /** @returns why the value is stale, when it is */
  check(
    id: string,
    policyIndex: number,
    tenant: string | undefined,
    batch: boolean,
    user: string,
    thing: Thing,
  ): Truth | undefined {
    const policy = this.#setup.policies[policyIndex];
    const seenBy = policy?.forward?.includes("x-user") ? user : "";
    const [owner, at] = thing.tags;
    if (thing.id !== id) this.#rules.fail(`asked for ${id} and got ${thing.id}`);
    if (owner !== seenBy || at !== (tenant ?? "")) this.#rules.fail(`${user} got ${owner}'s value of ${at}`);
    const now = this.#clock.now();
    const answeredAt = this.#upstream.answeredAt.get(thing.count);
    if (answeredAt === undefined) {
      this.#rules.fail("a value that no one has sent");
      return undefined;
    }
    const ageMs = now - answeredAt;
    const { effect } = traitsOf(id);
    if (effect || policy?.cache === undefined) return undefined;
    const { ttlMs, staleMs = 0 } = policy.cache;
    // The response remembers the answer of a batch, however long that takes.
    if (!batch && ageMs > Math.max(ttlMs, staleMs) + 1e-6) this.#rules.fail(`a value ${ageMs} ms old`);
    if (ageMs < ttlMs * 0.9 - 1e-6) return undefined;
    const newest = this.#ended.get(keyOf(id, seenBy, tenant ?? ""));
    const breaker = this.#rules.breaker(batch);
    const reason = newest?.reason ?? (breaker.refuses ? BREAKER_OPEN : undefined);
    const exact =
      ageMs > ttlMs && // its own ttl may be shorter, but not longer
      this.#setup.cacheBytes > 10_000 && // what was evicted has forgotten its failures
      !this.#setup.second &&
      !batch && // whose keys may have been fetched together, or apart
      !breaker.unsure &&
      newest?.at !== now;
    if (exact) return reason === undefined ? undefined : { reason, stale: { ageMs, sure: true } };
    return { reason: reason ?? BREAKER_OPEN, stale: { ageMs, sure: false } };
  }
}

function keyOf(id: string, user: string, tenant: string): string {
  return `${id} ${user} ${tenant}`;
}
