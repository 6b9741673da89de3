// Error details of google.rpc (google/rpc/error_details.proto) that refusals and failures have.
import { create, type DescMessage, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code, Failure, Reason } from "./failure.ts";
import type { ReceivedDetail } from "./wire/bounded-status.ts";
import { readMessage } from "./wire/reader.ts";
import { fieldOf, varintSize, writeFieldHead, writeVarint } from "./wire/small-message.ts";

type CodeName = keyof typeof Code;

/** Reasons of a server's errors in `google.rpc.ErrorInfo`, each with its status codes. docs/errors.md is written from it. */
export const ERROR_REASONS = {
  MALFORMED: ["INVALID_ARGUMENT", "UNIMPLEMENTED", "INTERNAL"],
  INVALID_REQUEST: ["INVALID_ARGUMENT"],
  COST_TOO_HIGH: ["INVALID_ARGUMENT"],
  TOO_MANY_ELEMENTS: ["INVALID_ARGUMENT"],
  TOO_LARGE: ["RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"],
  EXPRESSION_BUDGET: ["RESOURCE_EXHAUSTED"],
  TOO_MANY_STREAMS: ["RESOURCE_EXHAUSTED"],
  RATE_LIMITED: ["RESOURCE_EXHAUSTED"],
  UNKNOWN_PATH: ["UNIMPLEMENTED", "NOT_FOUND"],
  WRONG_METHOD: ["UNIMPLEMENTED"],
  UNSUPPORTED_TYPE: ["INVALID_ARGUMENT", "UNIMPLEMENTED"],
  WRONG_HOST: ["UNIMPLEMENTED"],
  CREDENTIAL_MISSING: ["UNAUTHENTICATED"],
  CREDENTIAL_REFUSED: ["UNAUTHENTICATED"],
  CREDENTIAL_EXPIRED: ["UNAUTHENTICATED"],
  NOT_PERMITTED: ["PERMISSION_DENIED"],
  DENIED: ["PERMISSION_DENIED"],
  LIMIT_KEY: ["PERMISSION_DENIED"],
  IDENTITY_UNAVAILABLE: ["UNAVAILABLE"],
  LIMIT_UNAVAILABLE: ["UNAVAILABLE"],
  OVERLOADED: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
  SHARE_EXCEEDED: ["RESOURCE_EXHAUSTED"],
  DRAINING: ["UNAVAILABLE"],
  DEADLINE: ["DEADLINE_EXCEEDED"],
  UPSTREAM_TIMEOUT: ["DEADLINE_EXCEEDED", "UNAVAILABLE"],
  UPSTREAM_UNAVAILABLE: ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL"],
  UPSTREAM_BREAKER_OPEN: ["UNAVAILABLE"],
  UPSTREAM_LIMITED: ["RESOURCE_EXHAUSTED"],
  UPSTREAM_REJECTED: ["INTERNAL", "UNAVAILABLE"],
  UPSTREAM_INVALID: ["INTERNAL", "UNAVAILABLE"],
  STREAM_AGE: ["UNAVAILABLE"],
  STREAM_IDLE: ["UNAVAILABLE"],
  STREAM_SLOW: ["RESOURCE_EXHAUSTED"],
  DECLARED: [],
  INTERNAL: ["INTERNAL"],
} as const satisfies Readonly<Record<string, readonly CodeName[]>> &
  Readonly<Record<`UPSTREAM_${keyof typeof Reason}`, readonly CodeName[]>>;
/** A reason of `google.rpc.ErrorInfo`. */
export type ErrorReason = keyof typeof ERROR_REASONS;

export const ERROR_INFO = "google.rpc.ErrorInfo";
export const REQUEST_INFO = "google.rpc.RequestInfo";
const RETRY_INFO = "google.rpc.RetryInfo";
/** Domain of the reasons, as a field. */
const DOMAIN = fieldOf(2, Buffer.from("bff.v1"));

let adding = true;
/** Reports whether errors get details beside the declared ones. */
export const addsDetails = (): boolean => adding;
/** Leaves all errors of the process with their declared details: a conformance suite compares these exactly. */
export function omitAddedDetails(): void {
  adding = false;
}

const infos = new Map<ErrorReason, ReceivedDetail>();

/** Returns `ErrorInfo { reason = 1, domain = 2 }`. */
export function errorInfo(reason: ErrorReason): ReceivedDetail {
  const before = infos.get(reason);
  if (before !== undefined) return before;
  const name = text(1, reason);
  const value = new Uint8Array(name.length + DOMAIN.length);
  value.set(name);
  value.set(DOMAIN, name.length);
  const made = { type: ERROR_INFO, value };
  infos.set(reason, made);
  return made;
}

/** Failure of a request whose expressions take more steps than `BFF_MAX_STEPS`. */
export class StepsExceeded extends Failure {
  constructor() {
    const code = Code.RESOURCE_EXHAUSTED;
    const message = "expressions of the request take more steps than BFF_MAX_STEPS allows";
    const details = [errorInfo("EXPRESSION_BUDGET")];
    super({ code, reason: Reason.LIMITED, callee: "", message, clientCode: code, details, refusal: true });
  }
}

/** Returns `RequestInfo { request_id = 1 }`. */
export function requestInfo(id: string): ReceivedDetail {
  return { type: REQUEST_INFO, value: text(1, id) };
}

/** Returns `RetryInfo { retry_delay: google.protobuf.Duration { seconds, nanos } }`. */
export function retryInfo(ms: number): ReceivedDetail {
  const whole = Math.floor(ms / 1000);
  const nanos = (ms % 1000) * 1_000_000;
  const size = (whole > 0 ? 1 + varintSize(whole) : 0) + (nanos > 0 ? 1 + varintSize(nanos) : 0);
  const value = new Uint8Array(2 + size);
  let at = writeFieldHead(value, 0, 1, size);
  if (whole > 0) {
    value[at] = 0x08;
    at = writeVarint(value, at + 1, whole);
  }
  if (nanos > 0) {
    value[at] = 0x10;
    writeVarint(value, at + 1, nanos);
  }
  return { type: RETRY_INFO, value };
}

/** Returns the first detail of a type, whether this server or a rule of the author has added it. */
export function detailIn<Desc extends DescMessage>(
  details: readonly (
    | { readonly type: string; readonly value: Uint8Array }
    | { readonly desc: DescMessage; readonly value: object }
  )[],
  desc: Desc,
): MessageShape<Desc> | undefined {
  for (const detail of details) {
    if ("type" in detail && detail.type === desc.typeName) return readMessage(desc, detail.value);
    if ("desc" in detail && detail.desc.typeName === desc.typeName)
      return readMessage(
        desc,
        toBinary(detail.desc, create(detail.desc, detail.value as MessageInitShape<DescMessage>)),
      );
  }
  return undefined;
}

const text = (field: number, value: string): Uint8Array<ArrayBuffer> => fieldOf(field, Buffer.from(value));
