import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { Code, type Failure } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
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
  StreamOpenEvent,
} from "@protobff/runtime/internal/observer-requests";
import { Ids } from "../random-ids.ts";
import { type CallNote, Recording, type SpanPlace, type TraceHead } from "./recording.ts";
import { isSampled, PerSecond, type Sampling } from "./sampler.ts";
import type { SpanSink } from "./span.ts";
import { type KeepReason, SERVER_ERRORS, type Servers, SpanMaker } from "./span-maker.ts";
import { parseTraceparent, parseTracestate, RANDOM, SAMPLED, type TraceParent } from "./trace-context.ts";
import { WallTime } from "./wall-time.ts";

export interface TracingOptions {
  readonly sink: SpanSink;
  readonly sampling: Sampling;
  /** True if this address is one of our proxies, whose sampling decision is accepted without a limit. */
  readonly trusts?: ((address: string) => boolean) | undefined;
  /** Addresses of upstreams. */
  readonly servers?: Servers | undefined;
  readonly clock?: Clock | undefined;
  readonly ids?: Ids | undefined;
}

/** Maximum number of requests per second that are sampled because of their clients' flag. */
const CLIENTS_A_SECOND = 10;
/** Maximum number of unsampled requests that are kept per second. */
const KEPT_A_SECOND = 100;

/** Records requests as traces, and sends on those that are kept. */
export class Tracing implements Observer {
  readonly #sink: SpanSink;
  readonly #sampling: Sampling;
  readonly #trusts: (address: string) => boolean;
  readonly #ids: Ids;
  readonly #clock: Clock;
  readonly #byClients: PerSecond;
  readonly #anyway: PerSecond;
  readonly #maker: SpanMaker;
  /** Spans of cache fetches, by fetch. */
  readonly #fetches = new WeakMap<object, SpanPlace>();

  constructor({ sink, sampling, trusts, servers, clock = systemClock, ids = new Ids() }: TracingOptions) {
    this.#sink = sink;
    this.#sampling = sampling;
    this.#trusts = trusts ?? (() => false);
    this.#ids = ids;
    this.#clock = clock;
    this.#byClients = new PerSecond(CLIENTS_A_SECOND, clock);
    this.#anyway = new PerSecond(KEPT_A_SECOND, clock);
    this.#maker = new SpanMaker({
      servers: servers ?? new Map(),
      wall: new WallTime(clock),
      ids,
      placeOf: (fetch) => this.#fetches.get(fetch),
    });
  }

  responseStart(event: ResponseStartEvent): Recording {
    return new Recording(this.#head(event), event, this.#ids);
  }
  #head({ header, direct, telemetry }: ResponseStartEvent): TraceHead {
    const parent = parseTraceparent(header("traceparent"));
    const traceId = parent?.traceId ?? this.#ids.long();
    const sampled = this.#isSampled(traceId, parent, direct, telemetry?.sample) ? SAMPLED : 0;
    return {
      traceId,
      parentSpanId: parent?.spanId ?? "",
      // A tracestate without a parent has no meaning.
      traceState: parent === undefined ? "" : parseTracestate(header("tracestate")),
      flags: sampled | (parent === undefined ? RANDOM : parent.flags & RANDOM),
    };
  }
  #isSampled(
    traceId: string,
    parent: TraceParent | undefined,
    direct: (() => string) | undefined,
    share: number | undefined,
  ): boolean {
    if (parent !== undefined && this.#sampling.parent) {
      if ((parent.flags & SAMPLED) === 0) return false;
      if (this.#trusts(direct?.() ?? "") || this.#byClients.take()) return true;
    }
    return isSampled(traceId, this.#sampling.ratio ?? share ?? 1);
  }

  callStart(event: CallStartEvent): void {
    const { trace, fetch } = event;
    if (fetch === undefined || !(trace instanceof Recording)) return;
    const note = trace.begun(event);
    if (note !== undefined && !this.#fetches.has(fetch)) this.#fetches.set(fetch, placeIn(trace, note.spanId));
  }
  attempt(event: AttemptEvent): void {
    if (event.trace instanceof Recording) event.trace.tried(event);
  }
  call(event: CallEvent): void {
    if (!(event.trace instanceof Recording)) return;
    const late = event.trace.called(event);
    if (late !== undefined) this.#sendLate(event.trace, late);
  }
  cache(event: CacheEvent): void {
    const { trace, fetch, method, outcome } = event;
    if (!(trace instanceof Recording)) return;
    // A fetch of whole answers is the request that began it.
    if (fetch !== undefined && method === trace.method && outcome !== "joined" && !this.#fetches.has(fetch))
      this.#fetches.set(fetch, placeIn(trace, trace.spanId));
    trace.add({ kind: "cache", event, at: this.#clock.now() });
  }
  joined(event: JoinEvent): void {
    if (event.trace instanceof Recording) event.trace.add({ kind: "joined", event });
  }
  resolver(event: ResolverEvent): void {
    if (event.trace instanceof Recording) event.trace.add({ kind: "resolver", event });
  }
  limited(event: LimitEvent): void {
    if (event.trace instanceof Recording) event.trace.add({ kind: "limited", event, at: this.#clock.now() });
  }

  /** The request's span covers only the opening, because exporting it at the stream's end would be too late. */
  streamOpen({ openedAt, ...event }: StreamOpenEvent): void {
    this.response({ ...event, endedAt: openedAt, outcome: { ok: true, degraded: [], failures: [] } });
  }
  response(event: ResponseEvent): void {
    const { trace } = event;
    if (!(trace instanceof Recording) || trace.state !== "running") return;
    const kept = this.#kept(event, trace);
    trace.state = kept === undefined ? "dropped" : "over";
    if (kept === undefined) {
      trace.forget();
      return;
    }
    // The call whose failure ended the response may be about to report its own end.
    queueMicrotask(() => this.#send(event, trace, kept));
  }
  /** Returns the reason for keeping the request; undefined if it is not kept. */
  #kept({ outcome, startedAt, endedAt }: ResponseEvent, recording: Recording): KeepReason | undefined {
    if ((recording.flags & SAMPLED) !== 0) return "sampled";
    if (!outcome.ok && isRefusal(outcome.failure)) return undefined;
    const { slowMs = Number.POSITIVE_INFINITY } = recording.telemetry ?? {};
    let why: KeepReason | undefined;
    if (!outcome.ok && SERVER_ERRORS.has(outcome.failure.clientCode)) why = "failed";
    else if (outcome.ok && outcome.degraded.length > 0) why = "degraded";
    else if (endedAt - startedAt > slowMs) why = "slow";
    return why !== undefined && this.#anyway.take() ? why : undefined;
  }
  #send(event: ResponseEvent, recording: Recording, kept: KeepReason): void {
    const spans = this.#maker.request(event, recording, kept);
    recording.state = "sent";
    recording.forget();
    this.#sink.export(spans);
  }
  #sendLate(recording: Recording, note: CallNote): void {
    this.#sink.export(this.#maker.late(recording, note));
    recording.forget();
  }
}

function placeIn({ traceId, flags, traceState }: Recording, spanId: string): SpanPlace {
  return { traceId, spanId, flags, traceState };
}

/** A refusal by a guard, a permit, a limit or a rule is an intended answer, and as cheap to cause as a request. */
function isRefusal({ clientCode, refusal, upstream }: Failure): boolean {
  return refusal || (clientCode === Code.INVALID_ARGUMENT && upstream === "");
}
