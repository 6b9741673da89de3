// Records the last requests, each with its events. Everything is bounded: the number of requests, the events of each,
// and the bytes of messages.

import { type Degradation, Degradation_Effect } from "@protobff/messages/bff/v1/degradation_pb.js";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { Code, codeName, Reason } from "@protobff/runtime/internal/failure";
import { type Observer, withoutPositions } from "@protobff/runtime/internal/observer";
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
  ResponseEvent,
  ResponseStartEvent,
  StreamDegradedEvent,
} from "@protobff/runtime/internal/observer-requests";
import { shownHeaders } from "./masks.ts";
import {
  MASK,
  type ShownAttempt,
  type ShownDegradation,
  type ShownDetail,
  type ShownRequest,
  type ShownSpan,
} from "./page-data.ts";

const MAX_REQUESTS = 200;
const MAX_SPANS = 300;
const MAX_ATTEMPTS = 20;
const MAX_DEGRADATIONS = 100;
const MAX_CHARACTERS = 500;
/** Maximum size of one message, and of all messages of one request, in bytes. */
const MAX_MESSAGE_BYTES = 16 << 10;
const MAX_BYTES = 64 << 10;

/** One call, as it grows. */
interface CallRecord {
  readonly request: RequestRecord;
  readonly name: string;
  readonly branch: string | undefined;
  readonly startMs: number;
  endMs?: number;
  items?: number | undefined;
  outcome: string;
  failure?: string;
  readonly attempts: ShownAttempt[];
  /** Messages as on the wire; `false`: too large to keep. */
  sent?: Uint8Array | false;
  got?: Uint8Array | false;
}
type Span = CallRecord | Exclude<ShownSpan, { kind: "call" }>;

interface RequestRecord {
  readonly id: number;
  readonly rpc: string;
  readonly at: number;
  readonly startedAt: number;
  readonly requestId: string;
  readonly headers: ShownDetail["headers"];
  ms?: number;
  status: string;
  source?: string | undefined;
  failure?: string;
  /** True if the text of the failure may quote the request, which is invalid. */
  quotes?: boolean;
  degradation: readonly ShownDegradation[];
  degraded: number;
  readonly spans: Span[];
  calls: number;
  dropped: number;
  /** Bytes of messages that still fit. */
  room: number;
  /** Grows with each change of what a list of requests shows. */
  revision: number;
}

/** Shows the messages of a call. */
export type ShowMessage = (method: string, direction: "input" | "output", bytes: Uint8Array) => string;

export class Recorder implements Observer {
  readonly #clock: Clock;
  readonly #all: RequestRecord[] = [];
  readonly #of = new WeakMap<object, RequestRecord>();
  readonly #calls = new WeakMap<object, CallRecord>();
  #last = 0;
  #revision = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  responseStart({ request, method, startedAt, header }: ResponseStartEvent): undefined {
    const record: RequestRecord = {
      id: ++this.#last,
      rpc: method,
      at: this.#clock.date().getTime() - (this.#clock.now() - startedAt),
      startedAt,
      requestId: short(header("x-request-id")),
      headers: shownHeaders(header),
      status: "RUNNING",
      degradation: [],
      degraded: 0,
      spans: [],
      calls: 0,
      dropped: 0,
      room: MAX_BYTES,
      revision: ++this.#revision,
    };
    this.#of.set(request, record);
    this.#all.push(record);
    if (this.#all.length > MAX_REQUESTS) this.#all.shift();
  }

  response({ request, startedAt, endedAt, outcome, source }: ResponseEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    record.ms = endedAt - startedAt;
    record.source = source;
    record.status = outcome.ok ? "OK" : codeName(outcome.failure.clientCode);
    if (outcome.ok) lacks(record, outcome.degraded);
    else {
      const { code, clientCode, logText, refusal, upstream } = outcome.failure;
      record.failure = short(`${codeName(code)}: ${logText}`);
      record.quotes = clientCode === Code.INVALID_ARGUMENT && !refusal && upstream === "";
    }
    record.revision = ++this.#revision;
  }

  /** Shows the degradations of the newest message that has some. */
  streamDegraded({ request, degraded }: StreamDegradedEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    lacks(record, degraded);
    record.revision = ++this.#revision;
  }

  callStart({ request, call, method, branch, startedAt }: CallStartEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    record.calls++;
    const startMs = startedAt - record.startedAt;
    const callRecord: CallRecord = { request: record, name: method, branch, startMs, outcome: "RUNNING", attempts: [] };
    if (this.#add(record, callRecord)) this.#calls.set(call, callRecord);
  }
  attempt({ call, number, hedge, startedAt, endedAt, outcome }: AttemptEvent): void {
    const callRecord = this.#calls.get(call);
    if (callRecord === undefined || callRecord.attempts.length >= MAX_ATTEMPTS) return;
    const { startedAt: zero } = callRecord.request;
    const result = typeof outcome === "string" ? outcome : `${outcome.kind} ${codeName(outcome.code)}`;
    callRecord.attempts.push({ number, hedge, startMs: startedAt - zero, endMs: endedAt - zero, outcome: result });
  }
  call({ call, endedAt, items, outcome, message }: CallEvent): void {
    const callRecord = this.#calls.get(call);
    if (callRecord === undefined) return;
    callRecord.endMs = endedAt - callRecord.request.startedAt;
    callRecord.items = items;
    callRecord.sent = kept(callRecord.request, message);
    if (outcome.ok) callRecord.got = kept(callRecord.request, outcome.message);
    else callRecord.failure = short(outcome.failure.logText);
    callRecord.outcome = outcome.ok ? "OK" : codeName(outcome.failure.code);
  }

  cache({ request, method: name, branch, outcome, ageMs }: CacheEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    const at = this.#clock.now() - record.startedAt;
    this.#add(record, { kind: "cache", name, branch, startMs: at, endMs: at, outcome, ageMs });
  }
  joined({ request, method: name, branch, startedAt, endedAt, outcome }: JoinEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    const times = { startMs: startedAt - record.startedAt, endMs: endedAt - record.startedAt };
    const status = outcome.ok ? "OK" : codeName(outcome.failure.code);
    this.#add(record, { kind: "joined", name, branch, ...times, outcome: status });
  }
  resolver({ request, name, startedAt, endedAt, outcome }: ResolverEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    const times = { startMs: startedAt - record.startedAt, endMs: endedAt - record.startedAt };
    const status = outcome.ok ? "OK" : codeName(outcome.failure.code);
    this.#add(record, { kind: "resolver", name, ...times, outcome: status });
  }
  limited({ request, limit: name, outcome }: LimitEvent): void {
    const record = this.#of.get(request);
    if (record === undefined) return;
    const at = this.#clock.now() - record.startedAt;
    this.#add(record, { kind: "limit", name, startMs: at, endMs: at, outcome });
  }

  #add(record: RequestRecord, span: Span): boolean {
    const fits = record.spans.length < MAX_SPANS;
    if (fits) record.spans.push(span);
    else record.dropped++;
    return fits;
  }

  /** Revision of the newest change. `since` returns the requests that have changed after a revision. */
  get revision(): number {
    return this.#revision;
  }
  /** Returns the changed requests, oldest first. */
  since(revision: number): readonly ShownRequest[] {
    return this.#all.filter((requestRecord) => requestRecord.revision > revision).map(summaryOf);
  }
  /**
   * @param masks returns true for an RPC whose requests have sensitive fields
   * @returns undefined if the request is no longer recorded
   */
  detail(id: number, show: ShowMessage, masks: (rpc: string) => boolean = () => false): ShownDetail | undefined {
    const record = this.#all.find((requestRecord) => requestRecord.id === id);
    if (record === undefined) return undefined;
    const { headers, source, degradation, dropped } = record;
    const failure = record.quotes === true && masks(record.rpc) ? MASK : record.failure;
    const spans = record.spans.map((span) => ("request" in span ? shownCall(span, show) : span));
    return { ...summaryOf(record), headers, source, failure, degradation, dropped, spans };
  }
}

/** Stores the degradations of an answer, or of a message of a stream. Keys of maps in their paths may be sensitive. */
function lacks(record: RequestRecord, degraded: readonly Degradation[]): void {
  if (degraded.length === 0) return;
  record.degraded += degraded.length;
  record.degradation = degraded.slice(0, MAX_DEGRADATIONS).map(({ path, effect, reason, upstream }) => ({
    path: short(withoutPositions(path)),
    effect: nameOf(Degradation_Effect, effect),
    reason: nameOf(Reason, reason),
    upstream,
  }));
}

function summaryOf({ id, rpc, at, ms, status, degraded, calls, requestId }: RequestRecord): ShownRequest {
  return { id, rpc, at, ms, status, degraded, calls, requestId };
}

function shownCall({ request: _, sent, got, ...call }: CallRecord, show: ShowMessage): ShownSpan {
  const shown = (direction: "input" | "output", bytes: Uint8Array | false | undefined): string | undefined => {
    if (bytes === undefined) return undefined;
    return bytes === false ? "too large to be kept" : show(call.name, direction, bytes);
  };
  return { kind: "call", ...call, request: shown("input", sent), response: shown("output", got) };
}

/** A copy, since it may be a part of something larger. */
function kept(request: RequestRecord, bytes: Uint8Array): Uint8Array | false {
  if (bytes.length > MAX_MESSAGE_BYTES || bytes.length > request.room) return false;
  request.room -= bytes.length;
  return Uint8Array.from(bytes);
}

function short(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}
function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}
