// Makes spans from recordings, with the names and attributes of OpenTelemetry's RPC conventions (release candidate of
// 2026).
import { Code, codeName, type Failure, Reason } from "@protobff/runtime/internal/failure";
import type { CacheEvent, CallEvent, JoinEvent, ResolverEvent } from "@protobff/runtime/internal/observer-calls";
import type { LimitEvent, ResponseEvent } from "@protobff/runtime/internal/observer-requests";
import type { Ids } from "../random-ids.ts";
import type { AttemptNote, CallNote, Note, Recording, SpanPlace } from "./recording.ts";
import { type AttributeValue, SpanKind, type SpanLink, type SpanRecord, SpanStatus } from "./span.ts";
import { unixNano, type WallTime } from "./wall-time.ts";

/** Reason for keeping a request. `sampled`: its caller or its share; the others keep unsampled requests. */
export type KeepReason = "sampled" | "failed" | "degraded" | "slow";

/** Addresses of upstreams, by the full name of the service, `<service> <branch>` and `<service> <shard>`. */
export type Servers = ReadonlyMap<string, { readonly address: string; readonly port: number }>;

interface SpanMakerOptions {
  readonly servers: Servers;
  readonly wall: WallTime;
  readonly ids: Ids;
  /** The span of a fetch of the cache, where one has begun. */
  readonly placeOf: (fetch: object) => SpanPlace | undefined;
}

/** Data that all spans of a request share. */
interface Making {
  readonly recording: Recording;
  readonly offsetMs: number;
}

/** OTLP's flags beside those of W3C. */
const KNOWS_PARENT = 0x100;
const REMOTE_PARENT = 0x200;

type Pairs = [string, AttributeValue][];
type Times = Pick<SpanRecord, "startUnixNano" | "endUnixNano">;
const NONE: readonly never[] = [];
/** Maximum number of paths in one span. */
const MAX_PATHS = 20;

export class SpanMaker {
  readonly #options: SpanMakerOptions;

  constructor(options: SpanMakerOptions) {
    this.#options = options;
  }

  /** The spans of a request that is over: its own, and those of all that has ended. */
  request(event: ResponseEvent, recording: Recording, kept: KeepReason): readonly SpanRecord[] {
    const making = this.#making(recording);
    const spans = [this.#server(event, making, kept)];
    for (const note of recording.notes) {
      if (note.kind !== "call") this.#small(note, making, spans);
      else if (note.ended !== undefined) this.#call(note, note.ended, making, spans);
    }
    return spans;
  }
  /** Returns the spans of a call that has ended after its request. */
  late(recording: Recording, note: CallNote): readonly SpanRecord[] {
    const spans: SpanRecord[] = [];
    if (note.ended !== undefined) this.#call(note, note.ended, this.#making(recording), spans);
    return spans;
  }
  #making(recording: Recording): Making {
    return { recording, offsetMs: this.#options.wall.offsetMs };
  }

  #server(event: ResponseEvent, making: Making, kept: KeepReason): SpanRecord {
    const { recording } = making;
    const { outcome } = event;
    const attributes: Pairs = [
      ["rpc.system.name", systemOf(event.header)],
      ["rpc.method", event.method],
    ];
    const failure = outcome.ok ? undefined : outcome.failure;
    const code = failure?.clientCode ?? Code.OK;
    attributes.push(["rpc.response.status_code", codeName(code)]);
    const isError = SERVER_ERRORS.has(code);
    if (isError) attributes.push(["error.type", codeName(code)]);
    if (failure !== undefined) attributes.push(["bff.reason", reasonName(failure)]);
    if (kept !== "sampled") attributes.push(["bff.kept", kept]);
    if (outcome.ok && outcome.degraded.length > 0) attributes.push(["bff.degraded", pathsOf(outcome.degraded)]);
    const { links, cached } = this.#wholeAnswer(making);
    if (cached !== undefined) attributes.push(["bff.cache.outcome", cached]);
    if (recording.dropped > 0) attributes.push(["bff.spans_dropped", BigInt(recording.dropped)]);
    for (const declared of recording.telemetry?.attributes?.() ?? NONE) attributes.push([declared[0], declared[1]]);
    return {
      ...inTrace(recording),
      spanId: recording.spanId,
      parentSpanId: recording.parentSpanId,
      flags: recording.flags | KNOWS_PARENT | (recording.parentSpanId === "" ? 0 : REMOTE_PARENT),
      name: event.method,
      kind: SpanKind.server,
      ...times(event, making),
      attributes,
      events: recording.notes.flatMap((note) => (note.kind === "limited" ? limitedEvent(note, making) : NONE)),
      links,
      ...statusOf(isError ? failure : undefined),
    };
  }
  /** Describes the source of the whole answer, if the RPC has a cache. */
  #wholeAnswer(making: Making): { readonly links: readonly SpanLink[]; readonly cached?: string } {
    const { recording } = making;
    for (const note of recording.notes) {
      if (note.kind !== "cache" || note.event.method !== recording.method) continue;
      const { outcome } = note.event;
      return { cached: outcome, links: outcome === "missed" ? NONE : this.#links(note.event, making) };
    }
    return { links: NONE };
  }

  #call(note: CallNote, ended: NonNullable<CallNote["ended"]>, making: Making, spans: SpanRecord[]): void {
    const { recording } = making;
    const { failure, attempts = NONE } = note;
    const { service, branch, shard, method, items, attempts: sent } = ended;
    const attributes: Pairs = [
      ["rpc.system.name", "grpc"],
      ["rpc.method", method],
      ["rpc.response.status_code", codeName(failure?.code ?? Code.OK)],
    ];
    const server = this.#options.servers.get([service, branch ?? shard].filter(Boolean).join(" "));
    if (server !== undefined) attributes.push(["server.address", server.address], ["server.port", BigInt(server.port)]);
    if (failure !== undefined) attributes.push(["error.type", errorType(failure)]);
    if (branch !== undefined) attributes.push(["bff.branch", branch]);
    if (shard !== undefined) attributes.push(["bff.shard", shard]);
    if (items !== undefined) attributes.push(["bff.batch.size", BigInt(items)]);
    const cached = note.fetch && cacheOutcome(note.fetch, method, recording);
    if (cached !== undefined) attributes.push(["bff.cache.outcome", cached]);
    if (sent !== 1) attributes.push(["bff.call.attempts", BigInt(sent)]);
    const { startUnixNano, endUnixNano } = times(ended, making);
    // Without a spread, because each request has several spans.
    spans.push({
      traceId: recording.traceId,
      spanId: note.spanId,
      parentSpanId: recording.spanId,
      flags: recording.flags | KNOWS_PARENT,
      traceState: recording.traceState,
      name: method,
      kind: SpanKind.client,
      startUnixNano,
      endUnixNano,
      attributes,
      events: NONE,
      links: NONE,
      status: failure === undefined ? SpanStatus.unset : SpanStatus.error,
      message: failure === undefined ? "" : bounded(failure.logText),
    });
    if (attempts.length > 1 || hasWaited(ended, attempts))
      for (const attempt of attempts) spans.push(this.#attempt(attempt, note, making));
  }
  #attempt(attempt: AttemptNote, { spanId }: CallNote, making: Making): SpanRecord {
    const { number, hedge, outcome } = attempt;
    const name = typeof outcome === "string" ? outcome : "failed";
    const unhedged = number > 1 ? "retry" : "first";
    const kind = hedge ? "hedge" : unhedged;
    const attributes: Pairs = [
      ["bff.attempt.number", BigInt(number)],
      ["bff.attempt.kind", kind],
      ["bff.attempt.outcome", name],
    ];
    const fault = typeof outcome === "string" ? undefined : outcome;
    if (fault !== undefined) attributes.push(["error.type", codeName(fault.code)]);
    return {
      ...this.#inner(`attempt ${kind}`, spanId, making),
      ...times(attempt, making),
      attributes,
      ...(fault && { status: SpanStatus.error, message: bounded(fault.message) }),
    };
  }

  /** Handles all notes except calls. */
  #small(note: Exclude<Note, CallNote>, making: Making, spans: SpanRecord[]): void {
    const { recording } = making;
    if (note.kind === "joined") spans.push(this.#joined(note.event, making));
    else if (note.kind === "resolver") spans.push(this.#resolver(note.event, making));
    else if (note.kind === "cache" && note.event.method !== recording.method) {
      const { outcome } = note.event;
      // Other outcomes have the span of a call.
      if (outcome === "fresh" || outcome === "stale") spans.push(this.#cached(note.event, note.at, making));
    }
  }
  #cached(event: CacheEvent, at: number, making: Making): SpanRecord {
    const { method, branch, shard, outcome, ageMs } = event;
    const attributes: Pairs = [
      ["rpc.method", method],
      ["bff.cache.outcome", outcome],
    ];
    if (branch !== undefined) attributes.push(["bff.branch", branch]);
    if (shard !== undefined) attributes.push(["bff.shard", shard]);
    if (ageMs !== undefined) attributes.push(["bff.cache.age", ageMs / 1_000]);
    return {
      ...this.#inner(method, making.recording.spanId, making),
      ...times({ startedAt: at, endedAt: at }, making),
      attributes,
      links: this.#links(event, making),
    };
  }
  #joined(event: JoinEvent, making: Making): SpanRecord {
    const { method, branch, shard, fetch, outcome } = event;
    const attributes: Pairs = [["rpc.method", method]];
    attributes.push(fetch === undefined ? ["bff.coalesced", true] : ["bff.cache.outcome", "joined"]);
    if (branch !== undefined) attributes.push(["bff.branch", branch]);
    if (shard !== undefined) attributes.push(["bff.shard", shard]);
    const failure = outcome.ok ? undefined : outcome.failure;
    if (failure !== undefined) attributes.push(["error.type", errorType(failure)]);
    return {
      ...this.#inner(method, making.recording.spanId, making),
      ...times(event, making),
      attributes,
      links: this.#links(event, making),
      ...statusOf(failure),
    };
  }
  #resolver(event: ResolverEvent, making: Making): SpanRecord {
    const failure = event.outcome.ok ? undefined : event.outcome.failure;
    const attributes: Pairs = [["bff.resolver", event.name]];
    if (failure !== undefined) attributes.push(["error.type", errorType(failure)]);
    return {
      ...this.#inner(`resolve ${event.name}`, making.recording.spanId, making),
      ...times(event, making),
      attributes,
      ...statusOf(failure),
    };
  }

  /** A span within the process. */
  #inner(name: string, parentSpanId: string, { recording }: Making): Omit<SpanRecord, keyof Times> {
    return {
      ...inTrace(recording),
      spanId: this.#options.ids.short(),
      parentSpanId,
      name,
      kind: SpanKind.internal,
      attributes: NONE,
      events: NONE,
      links: NONE,
      ...UNSET,
    };
  }
  #links({ call, fetch }: Pick<JoinEvent, "call" | "fetch">, { recording }: Making): readonly SpanLink[] {
    let place = fetch && this.#options.placeOf(fetch);
    const note = call && recording.callOf(call);
    if (note !== undefined) place = placeOf(recording, note.spanId);
    return place === undefined ? NONE : [{ ...place, attributes: NONE }];
  }
}

/** Waiting time of a call that its attempt does not explain, in milliseconds. */
const LEAST_WAIT_MS = 1;
/** Whether a call waited before its first attempt, mostly for a place under a limit. */
const hasWaited = ({ startedAt }: Pick<CallEvent, "startedAt">, [first]: readonly AttemptNote[]): boolean =>
  first !== undefined && first.startedAt - startedAt >= LEAST_WAIT_MS;

const UNSET = { status: SpanStatus.unset, message: "" } as const;

function inTrace({ traceId, traceState, flags }: SpanPlace): Pick<SpanRecord, "traceId" | "traceState" | "flags"> {
  return { traceId, traceState, flags: flags | KNOWS_PARENT };
}
function placeOf({ traceId, traceState, flags }: SpanPlace, spanId: string): SpanPlace {
  return { traceId, spanId, traceState, flags };
}
function times({ startedAt, endedAt }: Pick<CallEvent, "startedAt" | "endedAt">, { offsetMs }: Making): Times {
  const startUnixNano = unixNano(startedAt + offsetMs);
  return { startUnixNano, endUnixNano: endedAt > startedAt ? unixNano(endedAt + offsetMs) : startUnixNano };
}
function statusOf(failure: Failure | undefined): Pick<SpanRecord, "status" | "message"> {
  return failure === undefined ? UNSET : { status: SpanStatus.error, message: bounded(failure.logText) };
}
const MAX_CHARACTERS = 256;
const bounded = (text: string): string =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;

function limitedEvent(
  { event, at }: { readonly event: LimitEvent; readonly at: number },
  { offsetMs }: Making,
): SpanRecord["events"] {
  const attributes: Pairs = [
    ["bff.limit", event.limit],
    ["bff.limit.outcome", event.outcome],
  ];
  return [{ name: "bff.limited", unixNano: unixNano(at + offsetMs), attributes }];
}

/** Codes that OpenTelemetry counts as errors of server spans. For client spans every code except OK is an error. */
export const SERVER_ERRORS: ReadonlySet<Code> = new Set<Code>([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

const REASONS = new Map<number, string>(Object.entries(Reason).map(([name, reason]) => [reason, name]));
const reasonName = ({ reason }: Failure): string => REASONS.get(reason) ?? String(reason);
/** A call that was never sent has no gRPC status, so its error type is a class of ours. */
function errorType(failure: Failure): string {
  return failure.pushback ? `bff.${reasonName(failure).toLowerCase()}` : codeName(failure.code);
}

/**
 * Returns the reason of a fetch: a missing entry, or the renewal of an old one. Fetches of whole answers have calls of
 * other methods.
 */
function cacheOutcome(fetch: object, method: string, { notes }: Recording): string | undefined {
  for (const note of notes) {
    if (note.kind !== "cache" || note.event.fetch !== fetch) continue;
    if (note.event.method !== method) return undefined;
    return note.event.outcome === "stale" ? "renewed" : "missed";
  }
  return undefined;
}

/** Indexes and keys in a path. */
const INDEX = /\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]/g;
function pathsOf(degraded: readonly { readonly path: string }[]): readonly string[] {
  return [...new Set(degraded.map(({ path }) => path.replace(INDEX, "[*]")))].slice(0, MAX_PATHS);
}

/** Returns the protocol of a request; paths of google.api.http count as Connect's. */
function systemOf(header: (name: string) => string): string {
  return header("content-type").startsWith("application/grpc") ? "grpc" : "connectrpc";
}
