import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { quoted, tame } from "@protobff/runtime/internal/environment/one-line";
import { Code, codeName } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { CallStartEvent } from "@protobff/runtime/internal/observer-calls";
import type { RequestTelemetry, ResponseEvent, ResponseStartEvent } from "@protobff/runtime/internal/observer-requests";
import type { LineWriter } from "./line-writer.ts";
import { PROTOCOL } from "./protocol.ts";
import type { LogFormat } from "./server-log.ts";

/** State of a request in progress. */
interface Begun {
  /** True if the request is logged. */
  readonly isLogged: boolean;
  readonly telemetry: RequestTelemetry | undefined;
  calls: number;
}

export interface AccessLogOptions {
  /** The share of requests that get a line, above 0 and at most 1. */
  readonly share: number;
  readonly format: LogFormat;
  readonly clock?: Clock | undefined;
}

/**
 * Writes a line for each request of an RPC, or for a share of them. Lines of one turn of the event loop are written
 * together.
 */
export class AccessLog implements Observer {
  readonly #writer: LineWriter;
  readonly #share: number;
  readonly #line: (request: LogFields) => string;
  readonly #clock: Clock;
  readonly #begun = new Map<object, Begun>();
  #lines = "";
  #count = 0;

  constructor(writer: LineWriter, { share, format, clock = systemClock }: AccessLogOptions) {
    this.#writer = writer;
    this.#share = share;
    this.#line = format === "json" ? jsonLine : textLine;
    this.#clock = clock;
  }

  responseStart({ request, telemetry }: ResponseStartEvent): undefined {
    const isLogged = this.#share >= 1 || this.#clock.random() < this.#share;
    this.#begun.set(request, { isLogged, telemetry, calls: 0 });
  }
  callStart({ request }: CallStartEvent): void {
    const begun = this.#begun.get(request);
    if (begun !== undefined) begun.calls++; // else its answer has left, and it goes on for an effect or a cache
  }
  response(event: ResponseEvent): void {
    const begun = this.#begun.get(event.request);
    if (begun === undefined) return;
    this.#begun.delete(event.request);
    if (!begun.isLogged) return;
    if (this.#lines === "") setImmediate(() => this.#write());
    this.#lines += this.#line(fieldsOf(event, begun, this.#clock.date()));
    this.#count++;
  }
  #write(): void {
    if (this.#lines === "") return;
    this.#writer.write(this.#lines, this.#count);
    this.#lines = "";
    this.#count = 0;
  }
  async flush(withinMs: number): Promise<void> {
    this.#write();
    await this.#writer.flush(withinMs);
  }
}

/** Fields of a log line. No field holds a credential, or the caller unless it is a declared attribute. */
interface LogFields {
  readonly time: string;
  readonly rpc: string;
  readonly status: string;
  readonly ms: number;
  readonly protocol: string;
  readonly calls: number;
  /** Entries of its degradation; of a stream messages that lack something. */
  readonly degraded: number;
  /** Number of messages sent on a stream, and the reason for its end. */
  readonly items: number | undefined;
  readonly end: string | undefined;
  readonly source: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>> | undefined;
  readonly requestId: string;
  readonly traceId: string | undefined;
}

function fieldsOf(
  { method, header, startedAt, endedAt, outcome, source, trace, stream }: ResponseEvent,
  begun: Begun,
  at: Date,
): LogFields {
  return {
    time: at.toISOString(),
    rpc: method,
    status: codeName(outcome.ok ? Code.OK : outcome.failure.clientCode),
    ms: Math.round((endedAt - startedAt) * 1000) / 1000,
    protocol: protocolOf(header),
    calls: begun.calls,
    degraded: stream?.degraded ?? (outcome.ok ? outcome.degraded.length : 0),
    items: stream?.items,
    end: stream?.end,
    source,
    attributes: attributesOf(begun.telemetry),
    requestId: tame(header("x-request-id")),
    traceId: trace?.traceId ?? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(header("traceparent"))?.[1],
  };
}

function protocolOf(header: ResponseEvent["header"]): string {
  const type = header("content-type");
  if (type.startsWith("application/grpc-web")) return "grpc-web";
  if (type.startsWith("application/grpc")) return "grpc";
  return header(PROTOCOL) || "connect";
}

function attributesOf(telemetry: RequestTelemetry | undefined): Readonly<Record<string, unknown>> | undefined {
  const found = telemetry?.attributes?.() ?? [];
  if (found.length === 0) return undefined;
  return Object.fromEntries(found.map(([name, value]) => [name, shown(value)]));
}
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(shown);
  if (typeof value === "string") return tame(value);
  return typeof value === "bigint" ? String(value) : value;
}
const MAX_ITEMS = 20;

function jsonLine({ time, requestId, traceId, degraded, ...rest }: LogFields): string {
  const ids = { ...(requestId !== "" && { request_id: requestId }), trace_id: traceId };
  return `${JSON.stringify({ time, event: "request", ...rest, ...(degraded > 0 && { degraded }), ...ids })}\n`;
}

function textLine({
  time,
  rpc,
  status,
  ms,
  protocol,
  calls,
  degraded,
  items,
  end,
  source,
  attributes,
  requestId,
  traceId,
}: LogFields): string {
  const parts = [
    `${time} ${rpc} ${status} ${ms} ms by ${protocol}`,
    `${calls} ${calls === 1 ? "call" : "calls"}`,
    ...(degraded === 0 ? [] : [`${degraded} degraded`]),
    ...(items === undefined ? [] : [`${items} ${items === 1 ? "item" : "items"}, end ${end}`]),
    ...(source === undefined ? [] : [`source ${source}`]),
    ...Object.entries(attributes ?? {}).map(([name, value]) => `${name} ${oneLine(value)}`),
    ...(requestId === "" ? [] : [`request ${requestId}`]),
    ...(traceId === undefined ? [] : [`trace ${traceId}`]),
  ];
  return `${parts.join(", ")}\n`;
}
const oneLine = (value: unknown): string => (typeof value === "string" ? quoted(value) : JSON.stringify(value));
