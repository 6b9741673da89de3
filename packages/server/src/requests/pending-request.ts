import type { RequestFields } from "@protobff/runtime/internal/http2";
import { appendChunk } from "@protobff/runtime/internal/wire/append-chunk";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import type { CarrierListener } from "../carrier/carrier.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import { beginInTurn } from "../turns/turns.ts";
import { adapterWeight, type Whole } from "../turns/weight.ts";
import type { Peers } from "./peers.ts";
import { type Holder, type PendingBytes, requestBytes } from "./pending-bytes.ts";
import { AT_ONCE_BYTES, late, tooMuch } from "./request-body.ts";

/** Received part of a request that is passed on. */
export interface ReceivedRequest {
  readonly body: Buffer | undefined;
  /** Reason why the rest of the request is not wanted. */
  readonly failure: Error | undefined;
}

interface AwaitedOptions {
  readonly pending: PendingBytes;
  readonly peers?: Peers | undefined;
  /** The values of its header `x-forwarded-for`. */
  readonly forwardedFor?: readonly string[];
  /**
   * Maximum size of one message, in bytes. A longer message is passed on before it is complete, so that it is refused.
   */
  readonly maxBytes: number;
  /** True if its body begins with the length of a message. */
  readonly isFramed: boolean;
  /** Passes on the request; undefined: the client has closed and expects no answer. */
  readonly gone: (come: ReceivedRequest | undefined) => void;
}

/**
 * A request over our own frames that no shortcut takes. Until it is complete and its turn has come, it is only its
 * headers and body bytes. The objects of node and Connect for a request weigh more than most bodies, and cost more time
 * than a whole shortcut.
 */
export class PendingRequest implements CarrierListener, Holder, Whole {
  readonly copies = true;
  heldBytes = 0;
  holderSlot = 0;
  readonly holderNumber: number;
  readonly #stream: OwnStream;
  readonly #options: AwaitedOptions;
  #body: Buffer | undefined;
  #received = 0;
  #rounds = 0; // of the check for requests that do not come
  #waits = false; // for its turn
  #gone = false;
  #failure: Error | undefined;

  constructor(stream: OwnStream, options: AwaitedOptions) {
    this.#stream = stream;
    this.#options = options;
    this.holderNumber = options.pending.nextNumber();
    stream.listen(this);
  }

  get clientAddress(): string {
    const { peers, forwardedFor = [] } = this.#options;
    return peers?.of(this.#stream.connection, () => forwardedFor).address ?? "";
  }
  get connection(): object {
    return this.#stream.session;
  }
  get weight(): number {
    return adapterWeight(this.#received);
  }

  /** Counts it, without its body, until it is handed on. */
  count(): void {
    this.#options.pending.add(this, requestBytes([])); // its connection counts its headers
  }
  data(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    const { contentLength = Number.POSITIVE_INFINITY } = this.#stream;
    this.#body = appendChunk(this.#body, this.#received, chunk, contentLength, AT_ONCE_BYTES);
    this.#received += chunk.length;
    this.#options.pending.add(this, chunk.length);
    if (this.#isTooLarge) this.#line();
  }
  get #isTooLarge(): boolean {
    const { maxBytes, isFramed } = this.#options;
    if (this.#received > maxBytes) return true;
    return isFramed && this.#received >= PREFIX_BYTES && (this.#body?.readUInt32BE(1) ?? 0) > maxBytes;
  }
  end(): void {
    this.#line();
  }
  close(): void {
    this.#leave(undefined);
  }
  giveUp(): void {
    this.#fail(tooMuch());
  }
  /** Fails a request that is still incomplete after `rounds` rounds of the check. */
  checkArrival(rounds: number): void {
    if (!this.#waits && ++this.#rounds > rounds) this.#fail(late());
  }
  begin(): void {
    if (!this.#stream.gone) this.#leave({ body: this.#body?.subarray(0, this.#received), failure: this.#failure });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#body = undefined;
    this.#options.pending.release(this);
    this.#line();
  }
  #line(): void {
    if (this.#waits) return;
    this.#waits = true;
    beginInTurn(this.#stream.session, this);
  }
  #leave(come: ReceivedRequest | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#options.pending.release(this);
    this.#options.gone(come);
  }
}

/**
 * Returns true if the request can wait for its body: its declared length is small enough, and it has no other
 * expectation than `100-continue`.
 */
export function canWait(stream: OwnStream, { expect }: RequestFields, maxBytes: number): boolean {
  return (stream.contentLength ?? 0) <= maxBytes && (expect === undefined || expect === CONTINUE);
}
/** Returns true for content types of gRPC, gRPC-Web, and Connect's streams. */
export function isFramed(type: unknown): boolean {
  return typeof type === "string" && /^application\/(grpc|connect\+)/.test(type);
}
export const CONTINUE = "100-continue";
