import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { quoted, tame, thrownText } from "@protobff/runtime/internal/environment/one-line";
import type { ResponseEvent } from "@protobff/runtime/internal/observer-requests";

/** Format of a line: for people, or one JSON object. */
export type LogFormat = "text" | "json";

/** Interval between two lines about the same kind of failure, in milliseconds. Failures within it are only counted. */
const QUIET_MS = 10_000;

/** Contents of a line: text for people, fields for machines. */
export interface Line {
  readonly event:
    | "failed"
    | "degraded"
    | "limited"
    | "mirror"
    | "header"
    | "share"
    | "shedding"
    | "unauthenticated"
    | "resolver"
    | "rejection"
    | "breaker"
    | "ejection"
    | "redis"
    | "observer"
    | "server"
    | "deprecated"
    | "branches"
    | "certificate"
    | "worker";
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Request that the line is about. */
  readonly request?: LoggedRequest | undefined;
}
export type LoggedRequest = Pick<ResponseEvent, "header" | "trace">;

/** Lines about the process itself. It loads nothing that a supervisor of workers does not need. */
export class ServerLog {
  readonly #write: (line: string) => void;
  readonly #format: LogFormat;
  protected readonly clock: Clock;
  readonly #reported = new Map<string, { at: number; more: number }>(); // as many as there are rpcs, upstreams' methods and codes

  /** @param write gets whole lines, each with its end */
  constructor(write: (line: string) => void, format: LogFormat, clock: Clock = systemClock) {
    this.#write = write;
    this.#format = format;
    this.clock = clock;
  }

  /** Logs a failure of the server itself, as `ServerFault`. */
  server(message: string, cause: unknown): void {
    const thrown = cause === undefined ? undefined : thrownText(cause);
    this.report(`server ${message}`, () => ({
      event: "server",
      text: thrown === undefined ? message : `${message}: ${indented(thrown)}`,
      fields: { what: message, ...(thrown !== undefined && { thrown }) },
    }));
  }
  /** Logs an event of a worker process, from its supervisor. */
  worker(outcome: string, text: string, fields: Readonly<Record<string, unknown>>): void {
    this.report(undefined, () => ({ event: "worker", text, fields: { ...fields, outcome } }));
  }

  /** @param key of a line that is logged at intervals; undefined for a line that is always logged */
  protected report(key: string | undefined, line: () => Line, quietMs = QUIET_MS): void {
    const now = this.clock.now();
    const before = key === undefined ? undefined : this.#reported.get(key);
    if (before !== undefined && now - before.at < quietMs) {
      before.more++;
      return;
    }
    if (key !== undefined) this.#reported.set(key, { at: now, more: 0 });
    const more = before === undefined || before.more === 0 ? undefined : before.more;
    const seconds = before === undefined ? 0 : Math.round((now - before.at) / 1000);
    this.print(line(), more, `${more} more like it within ${seconds} s`);
  }
  /** @param others the count of the failures that the line includes, in words */
  protected print(
    { event, text, fields, request: loggedRequest }: Line,
    more: number | undefined,
    others: string,
  ): void {
    const time = this.clock.date().toISOString();
    const id = tame(loggedRequest?.header("x-request-id") ?? "");
    if (this.#format === "json") {
      const ids = { ...(id !== "" && { request_id: id }), ...(loggedRequest && traceOf(loggedRequest)) };
      this.#write(`${JSON.stringify({ time, event, ...fields, ...ids, more })}\n`);
      return;
    }
    const request = id === "" ? "" : `, request ${quoted(id)}`;
    this.#write(`${time} ${text}${request}${more === undefined ? "" : ` (and ${others})`}\n`);
  }
}
/** Returns the server's trace if it is recorded, otherwise the client's `traceparent`. */
function traceOf({ header, trace }: LoggedRequest): Readonly<Record<string, unknown>> {
  if (trace?.traceId !== undefined) return { trace_id: trace.traceId, span_id: trace.spanId };
  const theirs = tame(header("traceparent"));
  return theirs === "" ? {} : { traceparent: theirs };
}

export function indented(text: string): string {
  return text.replaceAll("\n", "\n  ");
}
