// Server-sent events (WHATWG HTML, 9.2), for clients that have only an EventSource: GET at the address of Connect's
// GET.
import type { Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToString, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { systemClock } from "@protobff/runtime/internal/clock";
import { namedWeight } from "@protobff/runtime/internal/routes/accept";
import type { GetQuery } from "@protobff/runtime/internal/routes/get-query";
import type { StreamOut } from "../carrier/stream-out.ts";
import type { FastHead } from "../fast/fast-call.ts";
import type { HeadNames } from "../fast/request-heads.ts";
import { PROTOCOL } from "../logs/protocol.ts";
import { tooLarge } from "../requests/request-body.ts";
import { HttpError, httpStatusOf } from "../transcoding/status.ts";
import { RESUME, StreamCall, type StreamRpc } from "./stream-call.ts";
import { type StreamProtocol, UNBUFFERED } from "./stream-protocols.ts";

export const EVENT_NAMES: HeadNames = { isGrpc: false, timeout: "connect-timeout-ms" };
/** The id of the last event of a stream. A client that resumes after it is answered that nothing follows. */
const AT_END = "~end";
/** Header in which an EventSource sends the id of its last event; no page can set it. */
const LAST_EVENT_ID = "last-event-id";
/**
 * Earliest and latest reconnection of an EventSource, in milliseconds: clients must not all reconnect at one moment.
 */
const RETRY_MS = 1_000;
const RETRY_LATEST_MS = 3_000;
/**
 * An EventSource reconnects only after the end of a stream, never after another status. These codes therefore end a
 * stream.
 */
const RESUMABLE: ReadonlySet<Code> = new Set([Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded]);
const HEADERS = ["content-type", "text/event-stream", "cache-control", "no-store", ...UNBUFFERED];
/** Header with the code of a refusal whose status is 200. */
const REFUSED = "bff-refused";
const END = Buffer.from(`event: end\nid: ${AT_END}\ndata: {}\n\n`);
const FAILURE = `event: failure\nid: ${AT_END}\n`;

/** @param registry what details of errors may be shown as JSON */
export function eventStream(registry: Registry): StreamProtocol {
  const json = (error: ConnectError): Uint8Array => errorToJsonBytes(error, { registry });
  return {
    names: EVENT_NAMES,
    headers: HEADERS,
    trailing: false,
    begin: () => retry(),
    item: (bytes, token) => event(token === undefined ? "" : `id: ${token}\n`, bytes),
    // An empty event with an id is not dispatched to the page, but an EventSource resumes from its id.
    beat: (token) => Buffer.from(token === undefined ? ": beat\n\n" : `: beat\nid: ${token}\n\n`),
    end(error, _trailers, token) {
      if (error === undefined) return { bytes: END };
      if (!RESUMABLE.has(error.code)) return { bytes: event(FAILURE, json(error)) };
      const id = token === undefined ? "" : `id: ${token}\n`;
      return { bytes: Buffer.concat([retry(error), Buffer.from(`: ${Code[error.code]}\n${id}\n`)]) };
    },
    refuse(error) {
      const metadata = [...error.metadata].flat();
      if (RESUMABLE.has(error.code) && !("status" in error)) {
        // An EventSource reads the delay alone. The rest is for people and for logs of proxies.
        const bytes = Buffer.concat([Buffer.from(": "), json(error), Buffer.from("\n"), retry(error)]);
        return { status: 200, headers: [...HEADERS, REFUSED, codeToString(error.code), ...metadata], bytes };
      }
      const headers = ["content-type", "application/json", "cache-control", "no-store", ...metadata];
      return { status: httpStatusOf(error), headers, bytes: json(error) };
    },
  };
}

function event(fields: string, json: Uint8Array): Buffer {
  const head = Buffer.from(`${fields}data: `);
  const bytes = Buffer.allocUnsafe(head.length + json.length + 2);
  head.copy(bytes);
  bytes.set(json, head.length);
  bytes.write("\n\n", head.length + json.length);
  return bytes;
}
/** @param error which may carry the delay before the reconnection */
function retry(error?: ConnectError): Buffer {
  const pushback = Number(error?.metadata.get("grpc-retry-pushback-ms") ?? 0);
  const ms = Math.max(pushback, RETRY_MS + systemClock.random() * (RETRY_LATEST_MS - RETRY_MS));
  return Buffer.from(`retry: ${Math.ceil(ms)}\n\n`);
}

/** The answer to a request for a stream as if for one message. */
const WAYS =
  "this rpc answers with a stream: send application/connect+json, or follow it by GET with accept: text/event-stream";

/** A request for events. */
export class EventCall extends StreamCall {
  readonly #query: GetQuery;
  readonly #sideEffects: boolean;
  readonly #isUnary: boolean;

  constructor(
    rpc: StreamRpc,
    head: FastHead,
    protocol: StreamProtocol,
    out: StreamOut,
    request: { readonly query: GetQuery; readonly sideEffects: boolean; readonly isUnary: boolean },
  ) {
    super(rpc, head, protocol, out);
    this.#isUnary = request.isUnary;
    this.#query = request.query;
    this.#sideEffects = request.sideEffects;
  }
  override get(name: string): string | null {
    return name === PROTOCOL ? "sse" : super.get(name);
  }
  /** Checks the head alone, before the caller is identified. */
  check(): void {
    const wrong = this.#wrong();
    if (wrong !== undefined) this.refuse(wrong);
  }
  #wrong(): ConnectError | undefined {
    if (this.#isUnary)
      return new HttpError(415, WAYS, Code.InvalidArgument, { "accept-post": "application/connect+json" });
    if (this.#sideEffects) {
      const allow = { allow: "POST" };
      return new HttpError(405, "only an rpc with NO_SIDE_EFFECTS is followed by GET", Code.Unimplemented, allow);
    }
    if (namedWeight(this.get("accept") ?? "", "text/event-stream") === 0)
      return new HttpError(406, "a GET of a stream is to accept text/event-stream", Code.InvalidArgument);
    const encoding = this.#query.get("encoding");
    if (encoding !== "json" && encoding !== "proto")
      return new HttpError(415, "the query is to have encoding=json, or encoding=proto", Code.InvalidArgument);
    if ((this.#query.get("compression") ?? "identity") !== "identity")
      return new ConnectError("a message in a query has no compression here", Code.Unimplemented);
    return undefined;
  }

  /**
   * A client that has received all events is answered with no content, the only way to stop an EventSource. This needs
   * no identity.
   */
  override begin(): void {
    if (this.head.headers[LAST_EVENT_ID] === AT_END) this.answerNothing();
    else super.begin();
  }
  protected get expected(): number {
    return Number.POSITIVE_INFINITY;
  }
  protected arrived(): void {
    this.refuse(new ConnectError("a GET has no body", Code.InvalidArgument));
  }
  protected complete(): void {
    try {
      const bytes = this.#query.message();
      // An error with a status: else an EventSource would send the same again.
      if (bytes.length > this.rpc.maxBytes) throw tooLarge(this.rpc.maxBytes);
      this.rpc.traffic?.countReceived(bytes.length);
      const args = this.rpc.parse(bytes);
      if (args instanceof ConnectError) throw args;
      this.run(args, this.#resume());
    } catch (thrown) {
      this.refuse(ConnectError.from(thrown, Code.InvalidArgument));
    }
  }
  /** An EventSource that comes back has more than the address it was made with. */
  #resume(): string | undefined {
    return this.get(LAST_EVENT_ID) || this.get(RESUME) || this.#query.get(RESUME) || undefined;
  }
}
