// Events of a request for observers, from its start to its one `response`.
import type { Message } from "@bufbuild/protobuf";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import type { Failure } from "../failure.ts";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import { type IncomingHeaders, incomingOf } from "../identity/incoming-request.ts";
import type { Observer } from "../observer.ts";
import type {
  Deprecation,
  DeprecationCaller,
  RequestTelemetry,
  ResponseStartEvent,
  TelemetryValue,
  Trace,
} from "../observer-requests.ts";
import type { Meter } from "./meters.ts";

/** Options of an rpc for the traces of its requests, and its meters. */
export interface Telemetry<App, Args extends Message, Principal, Result extends Message = never> {
  /** Share of requests that leave a trace, from 0 to 1. Default: all. */
  readonly sample?: number | undefined;
  /** Duration in milliseconds above which a request leaves a trace, whatever the share. Default: none. */
  readonly slowMs?: number | undefined;
  /** Attributes of the request's span, by name. An attribute that throws or is undefined is left out. */
  readonly attributes?: readonly TelemetryAttribute<App, Args, Principal>[] | undefined;
  /** Counters over its requests and their answers. */
  readonly meters?: readonly Meter<App, Args, Principal, Result>[] | undefined;
}
type TelemetryAttribute<App, Args extends Message, Principal> = readonly [
  name: string,
  value: (cx: Request<App, Principal>, args: Args) => TelemetryValue | undefined,
];

/** The same for one request. */
export function telemetryOf<App, Args extends Message, Principal>(
  { sample, slowMs, attributes = [] }: Telemetry<App, Args, Principal>,
  cx: Request<App, Principal>,
  args: Args,
): RequestTelemetry {
  return {
    sample,
    slowMs,
    attributes: () => {
      const found: [string, TelemetryValue][] = [];
      for (const [name, value] of attributes) {
        try {
          const result = value(cx, args);
          if (result !== undefined) found.push([name, bounded(result)]);
        } catch {
          // An attribute that cannot be evaluated is left out.
        }
      }
      return found;
    },
  };
}

/** Bounds of attributes, which may contain text from clients. */
const MAX_CHARACTERS = 1_024;
const MAX_ITEMS = 100;
function bounded(value: TelemetryValue): TelemetryValue {
  if (typeof value === "string") return short(value);
  if (typeof value !== "object") return value;
  const items = value.slice(0, MAX_ITEMS);
  return items.some((item) => typeof item === "string")
    ? items.map((item) => short(String(item)))
    : (items as TelemetryValue);
}
function short(text: string): string {
  return text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS).toWellFormed() : text;
}

/** IP address of the other end of a request's connection. */
export function directAddress(headers: IncomingHeaders): string {
  return (headers instanceof AuthenticatedRequest ? headers.peer : incomingOf(headers).peer).direct;
}

/** An RPC that refuses requests. */
export interface RefusedParts {
  /** `package.Service/Method` */
  readonly method: string;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly deprecation?: Deprecation | undefined;
  /** Undefined: all. */
  readonly telemetry?: Pick<RequestTelemetry, "sample" | "slowMs"> | undefined;
}

/** A request that is refused. */
interface RefusedRequest {
  /** Object that identifies the request in its events; default: its headers. */
  readonly request?: object | undefined;
  /** Headers as received, or as authenticated. */
  readonly headers: IncomingHeaders;
  /** Names of headers that hold credentials, if the headers were not authenticated. */
  readonly hidden?: ReadonlySet<string> | undefined;
  readonly startedAt: number;
  /** Reports further events, between its start and its end. */
  readonly also?: ((trace: Trace | undefined) => void) | undefined;
}

/** Reports a request that was refused before it was composed. */
export function reportRefusal(
  { method, clock, observer, deprecation, telemetry }: RefusedParts,
  failure: Failure,
  { headers, request = headers, hidden, startedAt, also }: RefusedRequest,
): void {
  if (observer?.response === undefined && observer?.responseStart === undefined) {
    also?.(undefined);
    return;
  }
  const about: ResponseStartEvent = {
    request,
    header: (name) => (name.endsWith("-bin") || hidden?.has(name) ? "" : (headers.get(name) ?? "")),
    method,
    startedAt,
    direct: () => directAddress(headers),
    telemetry: telemetry && { sample: telemetry.sample, slowMs: telemetry.slowMs },
  };
  const trace = observer.responseStart?.(about);
  also?.(trace);
  const credential = headers instanceof AuthenticatedRequest ? headers.caller?.credential : undefined;
  observer.response?.({
    request,
    header: about.header,
    method,
    startedAt,
    endedAt: clock.now(),
    outcome: { ok: false, failure },
    deprecated: deprecation && usedBy(deprecation, credential),
    trace,
    source: credential?.source,
  });
}

/** Returns the same use, by the owner of this credential. */
export function usedBy<T extends object>(use: T, credential: Credential | undefined): T & DeprecationCaller {
  if (credential === undefined) return use;
  const { source, issuer, subject, id } = credential;
  return { ...use, source, issuer, subject, id };
}
