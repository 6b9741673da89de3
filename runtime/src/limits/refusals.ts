import { create, toBinary } from "@bufbuild/protobuf";
import { QuotaFailureSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { Code, Failure, Reason } from "../failure.ts";
import type { ReceivedDetail } from "../wire/bounded-status.ts";
import { varint } from "../wire/small-message.ts";
import type { Counter, CounterState } from "./rate-limit.ts";

/** A limit that refuses, and its state. */
export interface LimitExcess {
  readonly counter: Counter;
  readonly standing: CounterState;
}

/** Constant parts of the refusals by a limit. */
interface RefusalParts {
  readonly policy: string;
  readonly name: string;
  readonly violation: Uint8Array;
}
const partsByCounter = new WeakMap<Counter, RefusalParts>();

/**
 * Maximum share of the wait that is added at random. Clients that were refused together then retry at different times.
 */
const JITTER = 0.1;

/**
 * Returns RESOURCE_EXHAUSTED with the time of a retry in all of its forms: google.rpc.RetryInfo and QuotaFailure,
 * `retry-after` (RFC 9110, 10.2.3), `ratelimit` and `ratelimit-policy` (draft-ietf-httpapi-ratelimit-headers-11),
 * `grpc-retry-pushback-ms` (gRFC A6).
 *
 * @param random from 0 to 1
 */
export function exceeded(limits: readonly LimitExcess[], random: number): Failure {
  const wait = Math.max(...limits.map(({ standing }) => standing.wait));
  const ms = Math.ceil((wait / 1000) * (1 + JITTER * random));
  const names = limits.map(({ counter }) => counter.id).join(", ");
  const known = limits.map(({ counter }) => partsOf(counter));
  const left = limits.map(({ standing }, i) => `${known[i]?.name};r=${standing.left};t=${seconds(standing.wait)}`);
  return new Failure({
    code: Code.RESOURCE_EXHAUSTED,
    clientCode: Code.RESOURCE_EXHAUSTED,
    reason: Reason.LIMITED,
    refusal: true,
    callee: "",
    message: `above the limit ${names}`,
    clientMessage: "too many requests",
    details: [retryInfo(ms), { type: QuotaFailureSchema.typeName, value: joined(known.map((part) => part.violation)) }],
    headers: [
      ...["retry-after", String(Math.ceil(ms / 1000))],
      ...["ratelimit-policy", known.map(({ policy }) => policy).join(", ")],
      ...["ratelimit", left.join(", ")],
    ],
    pushbackMs: ms,
  });
}

/** Returns the failure of a limit that is `closed` while its counters are unreachable. */
export function unreachable(counter: Counter): Failure {
  const message = `the limit ${counter.id} is closed, and its counters cannot be reached`;
  const code = Code.UNAVAILABLE;
  return new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message });
}

const seconds = (micros: number): number => Math.ceil(micros / 1_000_000);

/** RetryInfo { retry_delay: google.protobuf.Duration { seconds, nanos } } */
function retryInfo(ms: number): ReceivedDetail {
  const [whole, nanos] = [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
  const duration = [...(whole > 0 ? [0x08, ...varint(whole)] : []), ...(nanos > 0 ? [0x10, ...varint(nanos)] : [])];
  return { type: RetryInfoSchema.typeName, value: Uint8Array.from([0x0a, duration.length, ...duration]) };
}

/** A window is a whole number of seconds; months have none. */
const WINDOW_SECONDS = { day: 86_400, month: 0.5 };

function partsOf(counter: Counter): RefusalParts {
  const before = partsByCounter.get(counter);
  if (before !== undefined) return before;
  const { limit, id } = counter;
  const { name, rate, per } = limit;
  const quoted = `"${name.replaceAll(/[^\x20-\x7e]/g, "?").replaceAll(/["\\]/g, "\\$&")}"`;
  const window = typeof per === "number" ? per / 1000 : WINDOW_SECONDS[per];
  const failure = create(QuotaFailureSchema, {
    violations: [
      {
        subject: `limit:${id}`,
        description: `${rate} per ${typeof per === "string" ? per : `${per / 1000} s`}`,
        quotaId: id,
        quotaValue: BigInt(Math.trunc(rate)),
      },
    ],
  });
  const made: RefusalParts = {
    name: quoted,
    policy: `${quoted};q=${rate}${Number.isInteger(window) ? `;w=${window}` : ""}`,
    violation: toBinary(QuotaFailureSchema, failure),
  };
  partsByCounter.set(counter, made);
  return made;
}

/** Concatenates messages, which also concatenates their repeated fields. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
