// `x-request-deadline`: until when a client waits, over any protocol, as a time or as what is left.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import * as connect from "@connectrpc/connect/protocol-connect";
import * as grpc from "@connectrpc/connect/protocol-grpc";
import { MAX_TIMER_MS } from "@protobff/runtime/internal/clock";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import type { Handler } from "../carrier/handler.ts";

export const REQUEST_DEADLINE = "x-request-deadline";

/** Maximum digits of `connect-timeout-ms`. Milliseconds since 1970 have more, and are not read as remaining time. */
const LEFT = /^\d{1,10}$/;
/** RFC 3339, section 5.6. */
const TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/**
 * Returns the time left by a value of the header, in milliseconds, at least 0. Undefined: malformed.
 *
 * @param value milliseconds that are left when the request arrives, or a time (RFC 3339)
 * @param now milliseconds since 1970
 */
export function leftUntil(value: string, now: number): number | undefined {
  if (LEFT.test(value)) return Number(value);
  const until = timeOf(value);
  return until === undefined ? undefined : Math.max(0, until - now);
}

/** Returns milliseconds since 1970. */
function timeOf(text: string): number | undefined {
  const found = TIME.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const [fraction = "", sign, hours = 0, minutes = 0] = [
    found[7],
    found[8],
    Number(found[9] ?? 0),
    Number(found[10] ?? 0),
  ];
  // A leap second is the last of its minute.
  if (hour > 23 || minute > 59 || second > 60 || hours > 23 || minutes > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (hours * 60 + minutes) * (sign === "-" ? -1 : 1);
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1_000 + Number(`0.${fraction || 0}`) * 1_000;
}

/**
 * The nearest of a protocol's own deadline and this header's.
 *
 * @returns `undefined`: neither is there; "malformed": the header makes no sense
 */
export function nearestDeadline(
  clientMs: number | undefined,
  deadlines: string | readonly string[],
): number | "malformed" {
  const left = typeof deadlines === "string" ? leftUntil(deadlines, Date.now()) : undefined;
  if (left === undefined) return "malformed";
  return clientMs === undefined ? left : Math.min(left, clientMs);
}

/** Writes the nearest deadline into the protocol's own header, the only one that Connect's adapter reads. */
export function withRequestDeadline(handler: Handler): Handler {
  return (request, response) => {
    const { headers } = request;
    const value = headers[REQUEST_DEADLINE];
    if (value === undefined) return handler(request, response);
    const isGrpc = headers["content-type"]?.startsWith("application/grpc") === true;
    const name = isGrpc ? "grpc-timeout" : "connect-timeout-ms";
    const timeout = headers[name];
    const parsed =
      typeof timeout === "string"
        ? (isGrpc ? grpc : connect).parseTimeout(timeout, Number.MAX_SAFE_INTEGER)
        : undefined;
    const left = nearestDeadline(parsed?.timeoutMs, value);
    // Malformed values are refused behind the adapter.
    if (left !== "malformed" && parsed?.error === undefined && left !== parsed?.timeoutMs) {
      const whole = Math.ceil(Math.min(left, isGrpc ? MAX_GRPC_TIMEOUT : MAX_TIMER_MS));
      headers[name] = isGrpc ? `${whole}m` : String(whole);
    }
    handler(request, response);
  };
}
/** 8 digits (gRPC over HTTP/2, "TimeoutValue"): 27 hours. No method needs more. */
const MAX_GRPC_TIMEOUT = 99_999_999;

/** Refuses what makes no sense. */
export const checkRequestDeadline: Interceptor = (next) => async (request) => {
  const value = request.header.get(REQUEST_DEADLINE);
  if (value !== null && leftUntil(value, 0) === undefined) throw malformed(value);
  return next(request);
};

export function malformed(value: string): ConnectError {
  const text = `${REQUEST_DEADLINE} ${quoted(value)} is neither a time (RFC 3339) nor at most 10 digits of milliseconds that are left`;
  return new ConnectError(text, Code.InvalidArgument);
}
