import { create, toBinary } from "@bufbuild/protobuf";
import { QuotaFailureSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { errorInfo, retryInfo } from "../error-info.ts";
import { Code, Failure, Reason } from "../failure.ts";
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
  readonly violation: Uint8Array<ArrayBuffer>;
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
  let [longest, names, policy, states] = [0, "", "", ""];
  const violations: Uint8Array<ArrayBuffer>[] = [];
  for (const { counter, standing } of limits) {
    const comma = names === "" ? "" : ", ";
    const parts = partsOf(counter);
    longest = Math.max(longest, standing.wait);
    names += comma + counter.id;
    policy += comma + parts.policy;
    states += `${comma}${parts.name};r=${standing.left};t=${seconds(standing.wait)}`;
    violations.push(parts.violation);
  }
  const ms = Math.ceil((longest / 1000) * (1 + JITTER * random));
  return new Failure({
    code: Code.RESOURCE_EXHAUSTED,
    clientCode: Code.RESOURCE_EXHAUSTED,
    reason: Reason.LIMITED,
    refusal: true,
    callee: "",
    message: `above the limit ${names}`,
    clientMessage: "too many requests",
    details: [
      errorInfo("RATE_LIMITED"),
      retryInfo(ms),
      { type: QuotaFailureSchema.typeName, value: joined(violations) },
    ],
    headers: ["retry-after", String(Math.ceil(ms / 1000)), "ratelimit-policy", policy, "ratelimit", states],
    pushbackMs: ms,
  });
}

/** Returns the failure of a limit that is `closed` while its counters are unreachable. */
export function unreachable(counter: Counter): Failure {
  const message = `the limit ${counter.id} is closed, and its counters cannot be reached`;
  const code = Code.UNAVAILABLE;
  const details = [errorInfo("LIMIT_UNAVAILABLE")];
  return new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message, details });
}

const seconds = (micros: number): number => Math.ceil(micros / 1_000_000);

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
function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
