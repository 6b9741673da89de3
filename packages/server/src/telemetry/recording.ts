// Records one running request: notes in one list. Spans are made from them only if the request is kept.
import type { Failure } from "@protobff/runtime/internal/failure";
import type {
  AttemptEvent,
  CacheEvent,
  CallEvent,
  CallStartEvent,
  JoinEvent,
  ResolverEvent,
} from "@protobff/runtime/internal/observer-calls";
import type {
  LimitEvent,
  RequestTelemetry,
  ResponseStartEvent,
  Trace,
} from "@protobff/runtime/internal/observer-requests";
import type { Ids } from "../random-ids.ts";
import { flagsText } from "./trace-context.ts";

/** Which span of which trace. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
  /** Trace flags of W3C Trace Context. */
  readonly flags: number;
  readonly traceState: string;
}

/** Trace data that is known when a request begins. */
export interface TraceHead {
  readonly traceId: string;
  /** The caller's span; "" for none. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** Trace flags of W3C Trace Context, as upstreams receive them. */
  readonly flags: number;
}

/** One attempt of a call. */
export type AttemptNote = Pick<AttemptEvent, "number" | "hedge" | "startedAt" | "endedAt" | "outcome">;

/** One call of an upstream. */
export class CallNote {
  readonly kind = "call";
  readonly call: object;
  /** Span id that upstreams received. The span may still have no end. */
  readonly spanId: string;
  ended:
    | Pick<CallEvent, "service" | "branch" | "shard" | "method" | "items" | "startedAt" | "endedAt" | "attempts">
    | undefined;
  failure: Failure | undefined;
  fetch: object | undefined;
  attempts: AttemptNote[] | undefined;

  constructor(call: object, spanId: string) {
    this.call = call;
    this.spanId = spanId;
  }
}

export type Note =
  | CallNote
  | { readonly kind: "cache"; readonly event: CacheEvent; readonly at: number }
  | { readonly kind: "joined"; readonly event: JoinEvent }
  | { readonly kind: "resolver"; readonly event: ResolverEvent }
  | { readonly kind: "limited"; readonly event: LimitEvent; readonly at: number };

/** Maximum number of notes. Further notes are only counted. */
const MAX_NOTES = 1_000;

/** The trace of one request, as it grows. */
export class Recording implements Trace, SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  /** `package.Service/Method` */
  readonly method: string;
  readonly telemetry: RequestTelemetry | undefined;
  /** Number of notes that did not fit. */
  dropped = 0;
  /**
   * `over`: its spans are about to be sent; `sent`: calls that end now are sent alone; `dropped`: such calls are
   * discarded.
   */
  state: "running" | "over" | "sent" | "dropped" = "running";
  readonly #ids: Ids;
  #notes: Note[] = [];
  #made = 0;

  constructor(head: TraceHead, { method, telemetry }: ResponseStartEvent, ids: Ids) {
    this.traceId = head.traceId;
    this.parentSpanId = head.parentSpanId;
    this.traceState = head.traceState;
    this.flags = head.flags;
    this.method = method;
    this.telemetry = telemetry;
    this.spanId = ids.short();
    this.#ids = ids;
  }

  onCall(call: object, headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
    let { spanId } = this;
    if (this.state !== "dropped" && this.#isRoom()) {
      spanId = this.#ids.short();
      this.#notes.push(new CallNote(call, spanId));
    }
    const traceparent = `00-${this.traceId}-${spanId}-${flagsText(this.flags)}`;
    const { traceState: tracestate } = this;
    if (headers === undefined) return tracestate === "" ? { traceparent } : { traceparent, tracestate };
    // The caller's own `traceparent` and `tracestate`, if they were forwarded, are replaced.
    if (tracestate !== "") return { ...headers, traceparent, tracestate };
    if (headers.tracestate === undefined) return { ...headers, traceparent };
    const { tracestate: _, ...others } = headers;
    return { ...others, traceparent };
  }

  /** Returns the call's note, if it still exists. */
  callOf(call: object): CallNote | undefined {
    for (let i = this.#notes.length - 1; i >= 0; i--) {
      const note = this.#notes[i];
      if (note instanceof CallNote && note.call === call) return note;
    }
    return undefined;
  }
  begun({ call, fetch }: CallStartEvent): CallNote | undefined {
    const note = fetch === undefined ? undefined : this.callOf(call);
    if (note !== undefined) note.fetch = fetch;
    return note;
  }
  tried({ call, number, hedge, startedAt, endedAt, outcome }: AttemptEvent): void {
    const note = this.callOf(call);
    if (note === undefined) return;
    const attempt = { number, hedge, startedAt, endedAt, outcome };
    if (note.attempts === undefined) note.attempts = [attempt];
    else if (note.attempts.length < MAX_ATTEMPTS) note.attempts.push(attempt);
  }
  /** Records the call's end. Returns its note if the request is over and the call's span is still wanted. */
  called(event: CallEvent): CallNote | undefined {
    const note = this.callOf(event.call);
    if (note === undefined) return undefined;
    const { service, branch, shard, method, items, startedAt, endedAt, attempts, outcome } = event;
    note.ended = { service, branch, shard, method, items, startedAt, endedAt, attempts };
    if (!outcome.ok) note.failure = outcome.failure;
    return this.state === "sent" ? note : undefined;
  }
  add(note: Exclude<Note, CallNote>): void {
    if (this.state === "running" && this.#isRoom()) this.#notes.push(note);
  }
  get notes(): readonly Note[] {
    return this.#notes;
  }
  /** Calls that have not ended stay, and why the cache has made them. */
  forget(): void {
    this.#notes = this.state === "sent" ? this.#notes.filter(isOpen) : [];
  }

  /** A followed stream continues to make calls after its span has been sent. */
  #isRoom(): boolean {
    if (this.#made++ < MAX_NOTES) return true;
    this.dropped++;
    return false;
  }
}
const MAX_ATTEMPTS = 100;

function isOpen(note: Note): boolean {
  return note.kind === "call" ? note.ended === undefined : note.kind === "cache" && note.event.fetch !== undefined;
}
