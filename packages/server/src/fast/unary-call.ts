import type { Message } from "@bufbuild/protobuf";
import type { Compression } from "@connectrpc/connect/protocol";
import { type AnswerMetadata, answerHeaders } from "@protobff/runtime/internal/admission/answer-metadata";
import { type Degraded, joinedHeaders } from "@protobff/runtime/internal/compose/degrade";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import { asFailure, type Failure } from "@protobff/runtime/internal/failure";
import { COMPRESS_FROM, compress } from "@protobff/runtime/internal/wire/compressions";
import type { MeasuredRequest } from "../overload/measured-request.ts";
import { ahead } from "../turns/turns.ts";
import { type CallRpc, FastCall, internal } from "./fast-call.ts";

/** Writes a message as bytes; may leave out fields that the encoding cannot represent. */
export type Serialize = (message: Message, leftOut?: LeftOut) => Uint8Array;

/** Properties that all unary calls of one RPC in one encoding share. */
export interface FastRpc extends CallRpc {
  readonly run: Endpoint["run"];
  /**
   * Serializes a message, with gRPC's prefix in front, uncompressed, if `prefix` is 5.
   *
   * @throws ConnectError for a message that cannot be written, or the Failure that is reported to observers
   */
  readonly serialize: Serialize;
}

const NONE: readonly string[] = [];
const NO_METADATA: AnswerMetadata = { headers: NONE, trailers: NONE };

/** A request with one answer. It answers as Connect's adapter would. */
export abstract class UnaryCall extends FastCall<FastRpc> {
  /** Undefined while overload is not measured. */
  measured: MeasuredRequest | undefined;
  /** An answer that waits to be compressed. */
  #waiting: Uint8Array | undefined;

  override end(): void {
    this.measured?.arrived();
    super.end();
  }
  override begin(): void {
    const refusal = this.measured?.refusal();
    if (refusal === undefined) super.begin();
    else this.reject(refusal);
  }
  protected override settle(): void {
    super.settle();
    this.measured?.ended();
  }
  protected run(args: Message): void {
    this.measured?.begun();
    this.handOn(true, (headers, leftMs) =>
      this.rpc.run(
        args,
        headers,
        leftMs,
        (response, degraded, metadata) => this.#answer(response, degraded, metadata),
        (failure, metadata) => this.refuseNow(failure, metadata),
      ),
    );
  }

  /**
   * Sends the answer. Returns the fields that were left out. Returns the failure if the answer cannot be sent; the
   * client has received that failure, if possible.
   */
  #answer(response: Message, composed: string, metadata: AnswerMetadata | undefined): Failure | Degraded | undefined {
    if (this.over) return undefined;
    this.settle();
    const { compression } = this.head;
    let bytes: Uint8Array;
    let degraded = composed;
    let lacking: Degraded | undefined;
    try {
      bytes = this.rpc.serialize(response, (fields) => {
        lacking = fields;
        degraded = joinedHeaders(composed, fields.header);
      });
    } catch (thrown) {
      // Which field it is concerns the log alone.
      const failure = asFailure(thrown);
      this.failWith(failure, metadata);
      return failure;
    }
    const { prefix, pending } = this.rpc;
    if (compression === null || bytes.length - prefix < COMPRESS_FROM) {
      return this.#send(bytes, false, degraded, metadata) ?? lacking;
    }
    pending.add(this, bytes.length);
    // Observers already have the outcome when the compression ends.
    this.compress(
      new Uint8Array(bytes.buffer, bytes.byteOffset + prefix, bytes.length - prefix),
      compression,
      (compressed) => {
        pending.release(this);
        this.#send(compressed, true, degraded, metadata);
      },
      (thrown) => this.failWith(internal(thrown), metadata),
    );
    return lacking;
  }
  /** In its turn; what waits for that is let go when the answer is given up, and nothing is called then. */
  protected compress(
    bytes: Uint8Array,
    compression: Compression,
    done: (compressed: Uint8Array) => void,
    failed: (thrown: unknown) => void,
  ): void {
    if (this.closed) return;
    this.#waiting = bytes;
    const owner = this.session ?? this;
    ahead(owner, () => compress(owner, compression, bytes.length, () => this.#taken())).then((compressed) => {
      if (compressed !== undefined && !this.closed) done(compressed);
    }, failed);
  }
  #taken(): Uint8Array | undefined {
    const bytes = this.#waiting;
    this.#waiting = undefined;
    return bytes;
  }
  override close(): void {
    this.#waiting = undefined;
    super.close();
  }
  #send(
    bytes: Uint8Array,
    compressed: boolean,
    degraded: string,
    metadata: AnswerMetadata | undefined,
  ): Failure | undefined {
    if (this.closed) return undefined;
    this.rpc.pending.add(this, bytes.length);
    if (this.closed) return undefined;
    try {
      this.reply(bytes, compressed, degraded, answerHeaders(metadata ?? NO_METADATA), metadata ?? NO_METADATA);
    } catch (thrown) {
      this.broken(thrown);
      return asFailure(thrown);
    }
    return undefined;
  }

  /**
   * @param bytes as `serialize` gives them; compressed ones have no prefix
   */
  protected abstract reply(
    bytes: Uint8Array,
    compressed: boolean,
    degraded: string,
    headers: readonly string[],
    metadata: AnswerMetadata,
  ): void;
}
