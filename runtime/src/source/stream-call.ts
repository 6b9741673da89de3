import { callFailure } from "../call/call-failure.ts";
import type { StreamRpc } from "../call/upstream.ts";
import type { Timer } from "../clock.ts";
import {
  breakerOpen,
  Code,
  Failure,
  type Fault,
  invalid,
  limited,
  masked,
  OVER,
  Reason,
  timedOut,
  verdictOn,
} from "../failure.ts";
import type { Ticket } from "../guard/breaker.ts";
import { isUnreachable } from "../guard/failure-row.ts";
import type { IdleStream } from "../guard/stream-places.ts";
import type { CallEvent } from "../observer-calls.ts";
import type { Trace } from "../observer-requests.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { OpenStream, StreamReceiver } from "../transport/stream-client.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";

/** Time in milliseconds after which a stream without a failure is open, even if its upstream has sent nothing. */
const OPEN_MS = 1_000;
/** How long its request may wait for a connection with room, in milliseconds. */
const SENT_MS = 5_000;

/**
 * Receiver of one server stream. It is not called before the stream was opened, and not after `ended`, `failed` or
 * `cancel`.
 */
export interface StreamSink<Res> {
  /**
   * Called when the upstream has accepted the stream. Many upstreams send nothing before their first item, so it is
   * also called after `OPEN_MS`. Not called after an item; it may be called twice.
   */
  opened(): void;
  /** Receives one item for each that `take` requested, and its length in bytes. */
  item(value: Res, bytes: number): void;
  /** The upstream has ended it with OK. */
  ended(): void;
  /**
   * @param fault status of the upstream, or fault of the wire; undefined: refused by this process, or an invalid item
   */
  failed(failure: Failure, fault: Fault | undefined): void;
}

/** The request that a stream is opened for, as in its events. */
export interface StreamOwner {
  readonly request: object;
  readonly trace: Trace | undefined;
  /** An incoming header of the request; "" when absent. */
  header(name: string): string;
  /** It goes out. */
  sends(): void;
}

/** Message and headers that open a stream. */
export interface StreamRequest {
  /** The message, framed. */
  readonly frame: Uint8Array;
  readonly headers: OutgoingHeaders | undefined;
}

/**
 * One server stream of an upstream: [ places → breaker → wire ]. It has no deadline: its opener cancels it. The breaker
 * receives the result of the opening, and nothing of later events.
 */
export class StreamCall<Res> implements StreamReceiver, IdleStream {
  readonly #owner: StreamOwner;
  readonly #rpc: StreamRpc<never, Res>;
  readonly #sink: StreamSink<Res>;
  readonly #frame: Uint8Array;
  readonly #headers: OutgoingHeaders | undefined;
  readonly #startedAt: number;
  readonly #position: number; // in the row of the breaker
  #held = 0; // of the places, from the first
  #giveWay: (() => void) | undefined; // while nobody reads it
  #ticket: Ticket | undefined;
  #isRated = false;
  #timer: Timer | undefined;
  #stream: OpenStream | undefined;
  #requested = 0;
  #items = 0;
  #attempts = 0;
  #received = false;
  #ended = false;

  private constructor(owner: StreamOwner, rpc: StreamRpc<never, Res>, request: StreamRequest, sink: StreamSink<Res>) {
    this.#owner = owner;
    this.#rpc = rpc;
    this.#sink = sink;
    this.#frame = request.frame;
    this.#headers = owner.trace === undefined ? request.headers : owner.trace.onCall(this, request.headers);
    this.#startedAt = rpc.upstream.clock.now();
    this.#position = rpc.breaker?.position ?? 0;
  }
  static open<Res>(
    owner: StreamOwner,
    rpc: StreamRpc<never, Res>,
    request: StreamRequest,
    sink: StreamSink<Res>,
  ): StreamCall<Res> {
    const call = new StreamCall(owner, rpc, request, sink);
    call.#start();
    return call;
  }
  /** Time of the opening, by its clock; undefined: it is not open yet. */
  openFrom: number | undefined;

  #start(): void {
    const { upstream, method } = this.#rpc;
    const { request, trace } = this.#owner;
    const { service, branch, shard } = upstream;
    upstream.observer?.callStart?.({
      request,
      call: this,
      service,
      branch,
      shard,
      method,
      startedAt: this.#startedAt,
      trace,
    });
    const refused = this.#refusal();
    if (refused !== undefined) {
      queueMicrotask(() => this.#fail(refused, undefined));
      return;
    }
    this.#owner.sends();
    this.#send();
    this.#timer = upstream.clock.setTimeout(stands, OPEN_MS, this);
  }
  /** Takes its places and the breaker's ticket, or returns the failure of a refusal. */
  #refusal(): Failure | undefined {
    const { upstream, method, breaker, places } = this.#rpc;
    if (upstream.client.open === undefined) return streamless(method);
    if (breaker?.refuses) return breakerOpen(method);
    for (const place of places) {
      if (!place.take()) return limited(method);
      this.#held++;
    }
    if (breaker !== undefined) {
      this.#ticket = breaker.admit();
      if (this.#ticket === undefined) return breakerOpen(method);
    }
    return undefined;
  }
  #send(): void {
    const { upstream, path } = this.#rpc;
    this.#attempts++;
    try {
      this.#stream = upstream.client.open?.(path, this.#frame, Number.POSITIVE_INFINITY, this.#headers, this);
    } catch (error) {
      const fault: Fault = { kind: "unsendable", code: Code.INTERNAL, message: String(error) };
      queueMicrotask(() => this.faulted(fault));
    }
    if (this.#requested > 0) this.#stream?.take(this.#requested);
  }
  /** Handles a stream that has not failed yet. */
  stands(): void {
    const { clock } = this.#rpc.upstream;
    this.#timer = undefined;
    if (this.#stream?.unsent !== true) {
      this.#rate(true);
      this.#sink.opened();
    } else if (clock.now() - this.#startedAt < SENT_MS) this.#timer = clock.setTimeout(stands, OPEN_MS, this);
    else {
      this.#rate(false, true);
      this.#stream.cancel();
      this.#fail(timedOut(this.#rpc.method, "no stream in time"), undefined);
    }
  }
  #rate(good: boolean | undefined, unreachable = false): void {
    if (this.#isRated) return;
    this.#isRated = true;
    if (this.#stream !== undefined && this.#stream.unsent !== true)
      this.#rpc.traffic?.countSent(this.#frame.length - PREFIX_BYTES);
    if (good === true) this.openFrom = this.#rpc.upstream.clock.now();
    if (this.#timer !== undefined) this.#rpc.upstream.clock.clearTimeout(this.#timer);
    this.#stream?.rate?.(good);
    if (this.#ticket === undefined) return;
    this.#rpc.breaker?.sample(this.#ticket, good);
    if (unreachable) this.#rpc.breaker?.callFailed(this.#ticket, this.#position, this.#stream?.address);
  }

  /** Requests further items. */
  take(items: number): void {
    if (this.#ended) return;
    this.#requested += items;
    this.#stream?.take(items);
  }
  /**
   * @param giveWay ends the stream for another one that needs its place, because it is not read; undefined: it is read
   */
  idle(giveWay: (() => void) | undefined): void {
    if (this.#ended) return;
    this.#giveWay = giveWay;
    for (const place of this.#rpc.places.slice(0, this.#held)) {
      if (giveWay === undefined) place.busy(this);
      else place.idle(this);
    }
  }
  giveWay(): void {
    this.#giveWay?.();
  }
  /** Ends the stream, because its items are no longer needed. */
  cancel(): void {
    if (this.#ended) return;
    this.#stream?.cancel();
    this.#end({ ok: false, failure: OVER });
  }

  opened(): void {
    if (this.#ended) return;
    this.#received = true;
    this.#rate(true);
    this.#sink.opened();
  }
  item(message: Uint8Array): void {
    if (this.#ended) return;
    this.#received = true;
    this.#rpc.traffic?.countReceived(message.length);
    this.#rate(true);
    let value: Res;
    try {
      value = this.#rpc.codec.decode(message);
    } catch (error) {
      this.#stream?.cancel();
      this.#fail(invalid(this.#rpc.method, `an item of ${message.length} bytes does not decode: ${error}`), undefined);
      return;
    }
    this.#requested--;
    this.#items++;
    this.#sink.item(value, message.length);
  }
  ended(): void {
    if (this.#ended) return;
    this.#rate(true);
    this.#end({ ok: true, message: NOTHING });
    this.#sink.ended();
  }
  faulted(found: Fault): void {
    if (this.#ended) return;
    const fault = this.#rpc.policy.sensitive === true ? masked(found) : found;
    if (fault.kind === "unprocessed" && !this.#received && this.#attempts === 1) {
      this.#send(); // the upstream never saw it
      return;
    }
    this.#rate(verdictOn(fault, true), isUnreachable(fault, true));
    this.#fail(callFailure(fault, this.#rpc.method), fault);
  }
  #fail(failure: Failure, fault: Fault | undefined): void {
    if (this.#ended) return;
    this.#end({ ok: false, failure });
    this.#sink.failed(failure, fault);
  }
  #end(outcome: CallEvent["outcome"]): void {
    this.idle(undefined);
    this.#ended = true;
    this.#rate(undefined);
    const { upstream, method, places } = this.#rpc;
    const { request, trace } = this.#owner;
    while (this.#held > 0) places[--this.#held]?.release();
    upstream.observer?.call?.({
      request,
      call: this,
      header: (name) => this.#owner.header(name),
      service: upstream.service,
      branch: upstream.branch,
      shard: upstream.shard,
      method,
      stream: { items: this.#items },
      message: this.#frame.subarray(PREFIX_BYTES),
      startedAt: this.#startedAt,
      endedAt: upstream.clock.now(),
      attempts: this.#attempts,
      outcome,
      trace,
    });
  }
}

const NOTHING = new Uint8Array();
const stands = (call: { stands(): void }): void => call.stands();

/** An upstream over HTTP/JSON. */
function streamless(callee: string): Failure {
  const message = "its upstream has no streams: it is not reached over gRPC";
  const code = Code.UNIMPLEMENTED;
  return new Failure({ code, reason: Reason.REJECTED, callee, message, clientCode: Code.INTERNAL });
}
