import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type AnswerMetadata, answerHeaders } from "@protobff/runtime/internal/admission/answer-metadata";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { connectError } from "@protobff/runtime/internal/endpoint/connect-error";
import type { LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import type { Failure } from "@protobff/runtime/internal/failure";
import { asFailure } from "@protobff/runtime/internal/failure";
import type { Follower, Following, StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import type { StreamOut } from "../carrier/stream-out.ts";
import { type CallRpc, FastCall, type FastHead } from "../fast/fast-call.ts";
import type { Serialize } from "../fast/unary-call.ts";
import { addChallenge } from "../headers/challenge.ts";
import { completeError } from "../headers/error-details.ts";
import type { ShedRpc } from "../overload/shedding.ts";
import { requestBytes } from "../requests/pending-bytes.ts";
import type { Drainable, StreamAccount } from "./stream-account.ts";
import type { StreamProtocol } from "./stream-protocols.ts";

/** Properties that all streams of one RPC in one encoding share. */
export interface StreamRpc extends CallRpc {
  readonly follow: StreamEndpoint["follow"];
  readonly followers: StreamAccount;
  /** Undefined: its openings are never refused under overload. */
  readonly shed: ShedRpc | undefined;
  /** Interval of the beats, in milliseconds; undefined: no beats. */
  readonly heartbeatMs: number | undefined;
  /** @throws ConnectError of a message that cannot be written */
  readonly serialize: Serialize;
}

/** Header of the resume token: a client sends the token of its last item, and the server returns one at the end. */
export const RESUME = "bff-resume";
/** Header of the interval at which a client may expect a sign of life, in milliseconds. */
const HEARTBEAT = "bff-heartbeat";
/** Unwritten bytes above which no more items are accepted. */
const FULL_BYTES = 16 << 10;
/** Delay after which the headers of an opened stream without items are sent, in milliseconds: clients wait for them. */
const HEADERS_MS = 1_000;
/** Time limit for a client to take the rest of an ended stream, in milliseconds. */
const LAST_MS = 30_000;
/** Interval of the protocol's signs of life if the RPC has no beats, in milliseconds. */
const ALIVE_MS = 15_000;
const NONE: readonly string[] = [];

/** A request that is answered by a stream. */
export abstract class StreamCall extends FastCall<StreamRpc> implements Follower, Drainable {
  readonly #protocol: StreamProtocol;
  readonly #out: StreamOut;
  #following: Following | undefined;
  #metadata: AnswerMetadata | undefined;
  /** Token of the last item; at first the token that the client sent. */
  #token: string | undefined;
  #begun = false;
  #headersTimer: NodeJS.Timeout | undefined;
  #lastTimer: NodeJS.Timeout | undefined;
  // Written are whole turns of the event loop, one after the other.
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #writingBytes = 0;
  #scheduled = false;
  #full = false;
  #alive: NodeJS.Timeout | undefined;

  constructor(rpc: StreamRpc, head: FastHead, protocol: StreamProtocol, out: StreamOut) {
    super(rpc, head);
    this.#protocol = protocol;
    this.#out = out;
  }

  protected get session(): object | undefined {
    return this.#out.session;
  }

  // ---- the request ----

  /** @param resume the token that the client has brought */
  protected run(args: Message, resume: string | undefined): void {
    this.#token = resume;
    const { followers } = this.rpc;
    const refusal = followers.enter(this, this.identified, this.connection);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    this.rpc.pending.remove(this, requestBytes(this.head.raw)); // it counts as a stream now
    let following: Following | undefined;
    this.handOn(false, (headers, leftMs) => {
      following = this.rpc.follow(args, headers, leftMs, resume, this);
      if (!this.over) this.#following = following;
      return following;
    });
    if (this.over) following?.cancel();
    else if (followers.draining) this.drain();
  }
  drain(): void {
    this.#following?.drain();
  }
  override giveUp(): void {
    if (this.#begun) this.drop();
    else super.giveUp();
  }
  override close(): void {
    super.close();
    this.#over();
    clearTimeout(this.#lastTimer);
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
  #over(): void {
    this.#following = undefined;
    this.rpc.followers.leave(this);
    clearTimeout(this.#headersTimer);
    clearInterval(this.#alive);
  }

  // ---- events of the endpoint ----

  opened(metadata: AnswerMetadata | undefined): void {
    if (this.over || this.#begun) return;
    this.#metadata = metadata;
    this.#headersTimer ??= setTimeout(headersAreDue, HEADERS_MS, this);
  }
  item(message: Message, token: string | undefined, leftOut?: LeftOut): boolean {
    if (this.over) return false;
    const bytes = this.#serialized(message, token, leftOut);
    if (bytes === undefined) return false;
    this.#token = token;
    this.#give(bytes);
    this.#full = this.#unwritten > FULL_BYTES;
    return !this.#full;
  }
  beat(message: Message, token: string | undefined): void {
    // Unwritten bytes are a sign of life themselves.
    if (this.over || this.#unwritten > 0) return;
    const bytes = this.#protocol.beat?.(sendable(token ?? this.#token)) ?? this.#serialized(message, token);
    if (bytes === undefined) return;
    this.#token = token ?? this.#token;
    this.#give(bytes);
  }
  ended(metadata: AnswerMetadata | undefined): void {
    if (this.over) return;
    this.settle();
    this.#end(undefined, metadata?.headers ?? NONE, metadata?.trailers ?? NONE);
  }
  failed(failure: Failure, token: string | undefined, metadata: AnswerMetadata | undefined): void {
    this.#token = token;
    this.refuseNow(failure, metadata);
  }

  #serialized(message: Message, token: string | undefined, leftOut?: LeftOut): Uint8Array | undefined {
    try {
      const bytes = this.rpc.serialize(message, leftOut);
      this.rpc.traffic?.countSent(bytes.length - this.rpc.prefix);
      return this.#protocol.item?.(bytes, sendable(token)) ?? bytes;
    } catch (thrown) {
      this.abort(connectError(asFailure(thrown)));
      return undefined;
    }
  }

  // ---- the answer ----

  get #unwritten(): number {
    return this.#gatheredBytes + this.#writingBytes;
  }
  #give(bytes: Uint8Array): void {
    if (!this.#begin()) return;
    this.#keep(bytes);
    if (this.#scheduled || this.#writingBytes > 0) return;
    this.#scheduled = true;
    process.nextTick(flushed, this); // when all that this turn has come to is there
  }
  #keep(bytes: Uint8Array): void {
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    this.rpc.pending.add(this, bytes.length);
  }
  /** Called only by timers and ticks. */
  flush(): void {
    this.#scheduled = false;
    if (this.#gatheredBytes === 0 || this.#writingBytes > 0 || this.over) return;
    const bytes = this.#taken();
    this.#writingBytes = bytes.length;
    this.#out.write(bytes, this.#written);
  }
  #taken(): Uint8Array {
    const [first, ...more] = this.#gathered;
    const bytes = first !== undefined && more.length === 0 ? first : Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return bytes;
  }
  readonly #written = (): void => {
    if (this.closed) return;
    this.rpc.pending.remove(this, this.#writingBytes);
    this.#writingBytes = 0;
    this.flush();
    if (!this.#full || this.#unwritten > FULL_BYTES) return;
    this.#full = false;
    this.#following?.ready();
  };

  /** Called only by timers and ticks. */
  sendBeat(): void {
    const bytes = this.#protocol.beat?.(sendable(this.#token));
    if (!this.over && this.#unwritten === 0 && bytes !== undefined) this.#give(bytes);
  }
  /** Called only by timers and ticks. */
  headersAreDue(): void {
    if (this.#begin()) this.#out.flush();
  }
  /** Sends the headers, if they have not been. */
  #begin(): boolean {
    if (this.#begun) return true;
    const all = this.#headers(this.#protocol.headers, this.#metadata ? answerHeaders(this.#metadata) : NONE);
    const aliveMs = this.#protocol.beat === undefined ? undefined : ALIVE_MS;
    const heartbeatMs = this.rpc.heartbeatMs ?? aliveMs;
    if (heartbeatMs !== undefined) all.push(HEARTBEAT, String(Math.ceil(heartbeatMs)));
    if (!this.#respond(200, all)) return false;
    if (this.rpc.heartbeatMs === undefined && aliveMs !== undefined) this.#alive = setInterval(isAlive, aliveMs, this);
    const first = this.#protocol.begin?.();
    if (first !== undefined) this.#give(first);
    return true;
  }
  #headers(headers: readonly string[], more: readonly string[]): string[] {
    const all = [...headers, ...this.head.extra, ...more];
    const { requestId } = this.head;
    if (requestId !== undefined) all.push(REQUEST_ID, requestId);
    return all;
  }
  #respond(status: number, headers: string[]): boolean {
    this.#begun = true;
    clearTimeout(this.#headersTimer);
    addChallenge(status, headers);
    try {
      this.#out.respond(status, headers, this.#protocol.trailing);
      return true;
    } catch (thrown) {
      this.broken(thrown); // headers that cannot be sent, for example
      return false;
    }
  }

  protected fail(failure: ConnectError | Failure, headers: readonly string[], trailers: readonly string[]): void {
    const error = completeError(failure, this.head.requestId);
    const refusal = this.#begun ? undefined : this.#protocol.refuse?.(error);
    if (refusal !== undefined) {
      const { status, bytes } = refusal;
      this.#over();
      if (this.#respond(status, this.#headers(refusal.headers, [...headers, ...trailers])))
        this.#out.end(bytes, undefined, this.unread);
      return;
    }
    this.#end(error, headers, trailers);
  }
  #end(error: ConnectError | undefined, headers: readonly string[], trailers: readonly string[]): void {
    this.#over();
    // Headers that are too late for the head are sent at the end.
    const late = this.#begun ? [...headers, ...trailers] : [...trailers];
    const token = error === undefined ? undefined : sendable(this.#token);
    if (token !== undefined) late.push(RESUME, token);
    if (!this.#begun) {
      const { headers: before = NONE, declared }: Partial<AnswerMetadata> = this.#metadata ?? {};
      const all = headers.length > 0 ? headers : before;
      this.#metadata = { headers: all, trailers: NONE, declared: error === undefined ? declared : undefined };
    }
    if (!this.#begin()) return;
    const end = this.#protocol.end(error, late, token);
    if (end.bytes !== undefined) this.#keep(end.bytes);
    const last = this.#gatheredBytes === 0 ? undefined : this.#taken();
    const { pending } = this.rpc;
    pending.release(this); // that it is settled has released some of it
    pending.add(this, this.#writingBytes + (last?.length ?? 0));
    this.#out.end(last, end.trailers, this.unread);
    if (!this.closed) this.#lastTimer = setTimeout(notTaken, LAST_MS, this);
  }
  /** 204. */
  protected answerNothing(): void {
    if (this.over) return;
    this.settle();
    this.#over();
    if (this.#respond(204, this.#headers(NONE, NONE))) this.#out.end(undefined, undefined, this.unread);
  }
  protected cutOff(): void {
    this.#over();
    this.#out.cutOff();
  }
  /** Ends it, and forgets what has not left. */
  drop(): void {
    this.#out.drop();
  }
}

/** Returns the token if a header can carry it. Any other token would break the stream's end. */
const sendable = (token: string | undefined): string | undefined =>
  token !== undefined && /^[\x21-\x7e]{1,4096}$/.test(token) ? token : undefined;

const flushed = (call: StreamCall): void => call.flush();
const headersAreDue = (call: StreamCall): void => call.headersAreDue();
const isAlive = (call: StreamCall): void => call.sendBeat();
const notTaken = (call: StreamCall): void => call.drop();
