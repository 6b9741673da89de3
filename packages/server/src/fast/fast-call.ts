import type * as http from "node:http";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { Denied, type Verdict } from "@protobff/runtime/internal/admission/admission";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import { MAX_TIMER_MS, systemClock, type Timer } from "@protobff/runtime/internal/clock";
import type { Answering, Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { Failure, OVER } from "@protobff/runtime/internal/failure";
import type { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Incoming, IncomingHeaders, Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { serverRefusal } from "@protobff/runtime/internal/routes/refusals";
import { enterList, leaveList, type Slotted } from "@protobff/runtime/internal/scope/slots";
import { transition } from "@protobff/runtime/internal/states";
import { appendChunk } from "@protobff/runtime/internal/wire/append-chunk";
import { releaseMarked } from "@protobff/runtime/internal/wire/release-buffer";
import type { Traffic } from "@protobff/runtime/internal/wire/traffic";
import type { Carrier, CarrierListener } from "../carrier/carrier.ts";
import { shortError } from "../headers/short-errors.ts";
import { FORWARDED_FOR, joined, type Peers, valuesOf } from "../requests/peers.ts";
import { type Holder, type PendingBytes, requestBytes } from "../requests/pending-bytes.ts";
import { AT_ONCE_BYTES, LINGER_MS, late, tooMuch } from "../requests/request-body.ts";
import { beginInTurn } from "../turns/turns.ts";
import { shortcutWeight, type Whole } from "../turns/weight.ts";
import { CALL_TRANSITIONS, type CallState } from "./call-states.ts";

/** Properties that all calls of one RPC in one encoding share. */
export interface CallRpc {
  /** Identifies the caller when the request is complete, before its message is read. */
  readonly authenticate: Endpoint["authenticate"];
  /** Reports requests that are refused before `authenticate` or the endpoint was called. */
  readonly refused: Endpoint["refused"];
  readonly peers: Peers;
  /** Returns the error of bytes that make no sense. */
  readonly parse: (bytes: Uint8Array) => Message | ConnectError;
  /** Length of the prefix of serialized messages, in bytes: 5 or 0. */
  readonly prefix: number;
  /** Counts the messages; undefined: no observer reads it. */
  readonly traffic: Traffic | undefined;
  /** Maximum size of one message, in bytes. */
  readonly maxBytes: number;
  /** The calls under way. */
  readonly open: FastCall[];
  /** Account of the bytes of bodies. */
  readonly pending: PendingBytes;
  readonly fault: ServerFault;
}

/** Data of a call that its headers contain. */
export interface FastHead {
  readonly headers: http.IncomingHttpHeaders;
  /** Headers as received: names and values in turn. */
  readonly raw: readonly string[];
  readonly carrier: Carrier | http.IncomingMessage;
  /** Time until the client's deadline, in milliseconds; undefined: no deadline. */
  readonly clientMs: number | undefined;
  /** Compression that the client accepts. */
  readonly compression: Compression | null;
  /** Headers of every answer to this request: names, in lower case, and values in turn. */
  readonly extra: readonly string[];
  /** Id of the request and its answer; undefined: requests have no ids. */
  readonly requestId: string | undefined;
}

const NONE: readonly string[] = [];
const NOTHING = Buffer.alloc(0);

/** One request on the fast path, from its headers until it is refused or its message is passed on. */
export abstract class FastCall<Rpc extends CallRpc = CallRpc>
  implements Incoming, Holder, CarrierListener, Slotted, Whole
{
  slot = 0;
  heldBytes = 0;
  holderSlot = 0;
  readonly holderNumber: number;
  protected readonly rpc: Rpc;
  protected readonly head: FastHead;
  protected received = 0;
  /** Its first `received` bytes are valid. The first chunk is node's buffer; from the second on it is our own. */
  #body: Buffer | undefined;
  #owned = false;
  readonly #startedAt: number;
  #peer: Peer | undefined;
  #authentication: AuthenticatedRequest | undefined;
  #answering: Answering | undefined;
  #deadline: Timer | undefined;
  #linger: NodeJS.Timeout | undefined;
  /** The refusal of a refused request. Else the failure to report to observers unless `authenticate` refuses it. */
  #refusal: ConnectError | Failure | undefined;
  #state: CallState = "arriving";
  #rounds = 0; // of the check for requests that do not come

  constructor(rpc: Rpc, head: FastHead) {
    this.rpc = rpc;
    this.head = head;
    this.holderNumber = rpc.pending.nextNumber();
    this.#startedAt = head.clientMs === undefined && rpc.refused === undefined ? 0 : performance.now();
    enterList(rpc.open, this);
  }

  /** As node has them; without HTTP/2's pseudo-headers for `get`. */
  get incoming(): http.IncomingHttpHeaders {
    return this.head.headers;
  }
  get(name: string): string | null {
    return joined(this.head.headers, name);
  }
  all(name: string): readonly string[] {
    return this.head.headers[name] === undefined ? [] : valuesOf(this.head.raw, name);
  }
  get peer(): Peer {
    const { carrier } = this.head;
    this.#peer ??= this.rpc.peers.of("listen" in carrier ? carrier.connection : carrier.socket, () =>
      this.all(FORWARDED_FOR),
    );
    return this.#peer;
  }

  get clientAddress(): string {
    return this.peer.address;
  }
  /** The session or socket that carries it. For a stream that has lost its session it is the stream itself. */
  get connection(): object {
    const { carrier } = this.head;
    return "listen" in carrier ? (carrier.connection ?? carrier) : carrier.socket;
  }

  // ---- the request ----

  /** Counts it, without its body, until it is answered. To be called once it receives what its client sends. */
  count(): void {
    if (!this.over && this.#state !== "refused") this.rpc.pending.add(this, requestBytes(this.head.raw));
  }
  get copies(): boolean {
    return this.#body !== undefined || this.#state !== "arriving";
  }
  data(chunk: Buffer): void {
    if (this.#state !== "arriving") return;
    this.#keep(chunk);
    this.rpc.pending.add(this, chunk.length);
    if (!this.over) this.arrived();
  }
  /** Mostly the first chunk is all of it, and stays where node has read it. */
  #keep(chunk: Buffer): void {
    if (this.#body === undefined) {
      this.#body = chunk;
    } else {
      this.#keepBody();
      this.#body = appendChunk(this.#body, this.received, chunk, this.expected, AT_ONCE_BYTES);
    }
    this.received += chunk.length;
  }
  /** A small chunk keeps all that node has read with it. */
  #keepBody(): void {
    if (this.#owned || this.#body === undefined) return;
    this.#body = appendChunk(undefined, 0, this.#body, this.expected, AT_ONCE_BYTES);
    this.#owned = true;
  }
  end(): void {
    if (this.#state === "unread") this.#enter("answered");
    if (this.over) return;
    this.#enter("arrived");
    if (this.#refusal !== undefined) this.lingered(this.#refusal);
    else if (this.session === undefined) this.begin();
    else beginInTurn(this.session, this);
  }
  get weight(): number {
    return shortcutWeight(this.received);
  }
  begin(): void {
    const { carrier } = this.head;
    if (this.over || ("listen" in carrier && carrier.gone)) return;
    const { authenticate } = this.rpc;
    if (authenticate === undefined) this.complete();
    else this.#authenticate(authenticate);
  }
  #authenticate(authenticate: NonNullable<Endpoint["authenticate"]>): void {
    let verdict: Verdict | Promise<Verdict>;
    try {
      verdict = authenticate(this);
    } catch (thrown) {
      this.refuseNow(internal(thrown)); // of an endpoint that is none of ours
      return;
    }
    if (!(verdict instanceof Promise)) {
      this.#admit(verdict);
      return;
    }
    this.#enter("authenticating");
    this.#keepBody(); // it may wait for long
    this.#expect(this.#leftMs());
    verdict.then(
      (found) => this.#admit(found),
      (thrown: unknown) => this.refuseNow(internal(thrown)),
    );
  }
  /** Nothing begins for a client that has gone meanwhile, or whose time is up. */
  #admit(verdict: Verdict): void {
    if (this.over) {
      if (!(verdict instanceof Denied) && this.#refusal instanceof Failure) this.#report(this.#refusal);
      return;
    }
    if (verdict instanceof Denied) {
      this.settle(); // `authenticate` has reported it
      this.failWith(verdict.failure, verdict.metadata);
    } else {
      if (this.#state === "authenticating") this.#enter("arrived");
      this.#authentication = verdict;
      this.complete();
    }
  }
  /** Returns the time until the client's deadline, in milliseconds; undefined: no deadline. */
  #leftMs(): number | undefined {
    const { clientMs } = this.head;
    return clientMs === undefined ? undefined : clientMs - (performance.now() - this.#startedAt);
  }
  #expect(leftMs: number | undefined): void {
    if (leftMs === undefined || this.#deadline !== undefined) return;
    if (leftMs > 0 && leftMs <= MAX_TIMER_MS) this.#deadline = systemClock.setTimeout(expired, leftMs, this);
  }
  #stopExpecting(): void {
    if (this.#deadline !== undefined) systemClock.clearTimeout(this.#deadline);
  }
  /** The stream or connection has closed. Before the answer this cancels the call. */
  close(): void {
    const answering = this.#answering;
    if (!this.over) this.#report(OVER);
    this.settle();
    this.#enter("closed");
    this.rpc.pending.release(this); // of the answer
    answering?.cancel();
  }
  giveUp(): void {
    if (this.over) this.drop();
    else this.abort(tooMuch());
  }
  /** The answer is this, whatever still runs. */
  abort(error: ConnectError): void {
    if (this.over) return;
    const answering = this.#answering;
    this.refuseNow(error);
    answering?.cancel(serverRefusal(error.code, error.rawMessage));
  }

  /** Refuses a request that is still incomplete after `rounds` rounds of the check. */
  checkArrival(rounds: number): void {
    if (this.#state !== "arriving" || this.session === undefined) return; // node does it for HTTP/1.1
    this.#keepBody();
    if (++this.#rounds > rounds) this.abort(late());
  }

  /** The session of HTTP/2. For a stream that has lost its session it is the stream itself. */
  protected abstract get session(): object | undefined;
  /** Declared length of the body, as far as it is known; otherwise infinity. */
  protected abstract get expected(): number;
  /** Part of the body has arrived. */
  protected abstract arrived(): void;
  /** All of the body has arrived. */
  protected abstract complete(): void;
  /** True if the call has its answer, or no client waits for one. */
  protected get over(): boolean {
    return this.#state === "answered" || this.#state === "closed" || this.#state === "unread";
  }
  /** True if its stream or connection has closed. */
  protected get closed(): boolean {
    return this.#state === "closed";
  }
  /** Its headers, with the identity if `authenticate` has run. */
  protected get identified(): IncomingHeaders {
    return this.#authentication ?? this;
  }
  /** Returns the received part of the body. */
  protected body(): Buffer {
    const body = this.#body ?? NOTHING;
    return body.length === this.received ? body : body.subarray(0, this.received);
  }
  /** Returns the error of bytes that make no sense. */
  protected parse(body: Buffer, start: number, end: number): Message | ConnectError {
    // Not a view of node's class: it becomes part of the message.
    return this.rpc.parse(new Uint8Array(body.buffer, body.byteOffset + start, end - start));
  }

  // ---- the answer ----

  /**
   * Passes on the message, which has been read. The endpoint reports to observers from now on.
   *
   * @param keeps whether the deadline is enforced here
   * @param begin receives the caller's headers and the time until the client's deadline, in milliseconds
   */
  protected handOn(
    keeps: boolean,
    begin: (headers: IncomingHeaders, leftMs: number | undefined) => Answering | undefined,
  ): void {
    if (this.#owned && this.#body !== undefined) releaseMarked(this.#body);
    this.#body = undefined;
    const leftMs = this.#leftMs();
    if (keeps) this.#expect(leftMs);
    else this.#stopExpecting();
    let answering: Answering | undefined;
    this.#enter("running");
    try {
      answering = begin(this.#authentication ?? this, leftMs);
    } catch (thrown) {
      this.refuseNow(internal(thrown)); // of an endpoint that is none of ours
    }
    if (!this.over) this.#answering = answering;
  }
  /** Refuses the request because of its head, before authentication. */
  reject(refusal: ConnectError | Failure): void {
    this.refuse(refusal);
  }
  /** Refuses the request, even before all of it has arrived. */
  protected refuse(refusal: ConnectError | Failure): void {
    const error = refusal instanceof Failure ? refusal : shortError(refusal);
    if (this.#state !== "arriving") {
      this.lingered(error);
      return;
    }
    // Go's clients stop sending when an answer begins, against their own content-length. nghttp2 resets such a stream
    // before the status, in the trailers, is sent. So the rest may arrive first, for a short time.
    this.#body = undefined;
    this.rpc.pending.release(this);
    this.#refusal = error;
    this.#enter("refused");
    this.#linger = setTimeout(lingered, LINGER_MS, this, error);
  }
  /** True if the request is still arriving although its answer has been sent. */
  protected get unread(): boolean {
    return this.#state === "unread";
  }
  lingered(error: ConnectError | Failure): void {
    this.refuseNow(error, error instanceof Failure ? { headers: error.headers, trailers: NONE } : undefined);
  }

  /** The answer is this. */
  protected refuseNow(error: ConnectError | Failure, metadata?: AnswerMetadata): void {
    if (this.over) return;
    this.#report(error instanceof Failure ? error : serverRefusal(error.code, error.rawMessage));
    this.settle();
    this.failWith(error, metadata);
  }
  #report(failure: Failure): void {
    if (this.#state === "authenticating") this.#refusal = failure;
    if (this.#state === "authenticating" || this.#state === "running") return;
    this.rpc.refused?.(failure, this.#authentication ?? this, performance.now() - this.#startedAt);
  }
  protected failWith(error: ConnectError | Failure, metadata: AnswerMetadata | undefined): void {
    try {
      this.fail(error, metadata?.headers ?? NONE, metadata?.trailers ?? NONE);
    } catch (thrown) {
      this.broken(thrown);
    }
  }
  /** Headers that cannot be sent, for example. */
  protected broken(thrown: unknown): void {
    this.rpc.fault("cannot answer", thrown);
    this.cutOff();
  }
  /** Settles the call: its answer is ready to be sent, or no client waits for one. */
  protected settle(): void {
    if (!this.over) this.#enter(this.#state === "arriving" || this.#state === "refused" ? "unread" : "answered");
    this.#answering = undefined;
    this.#body = undefined;
    this.rpc.pending.release(this);
    this.#stopExpecting();
    clearTimeout(this.#linger);
    leaveList(this.rpc.open, this);
  }

  #enter(state: CallState): void {
    this.#state = transition(CALL_TRANSITIONS, this.#state, state);
  }

  protected abstract fail(error: ConnectError | Failure, headers: readonly string[], trailers: readonly string[]): void;
  /** Ends the stream or connection without an answer. */
  protected abstract cutOff(): void;
  /** Ends the stream or connection of an answer that is not taken, and drops its unsent bytes. */
  protected abstract drop(): void;
}

/** Returns the error for the client, given a thrown value. */
export function internal(thrown: unknown): ConnectError {
  return thrown instanceof ConnectError ? thrown : new ConnectError("internal error", Code.Internal);
}
const expired = (call: FastCall): void =>
  call.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded));
const lingered = (call: FastCall, error: ConnectError | Failure): void => call.lingered(error);
