import type { Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import type { Failure } from "@protobff/runtime/internal/failure";
import { frame } from "@protobff/runtime/internal/wire/frame";
import type { Carrier } from "../carrier/carrier.ts";
import { OK_TRAILERS, type Trailers, trailersOf } from "../carrier/trailers.ts";
import { allDetails } from "../headers/error-details.ts";
import { statusPairs } from "../headers/grpc-status.ts";
import type { FastHead } from "./fast-call.ts";
import { FramedRequest, type FrameReader, unknownCompression } from "./framed-request.ts";
import { type FastRpc, UnaryCall } from "./unary-call.ts";

const COMPRESSED = 1;

/** A unary call of gRPC, over HTTP/2. */
export class FastGrpcCall extends UnaryCall implements FrameReader {
  readonly #carrier: Carrier;
  readonly #frames = new FramedRequest("unary");
  #args: Message | undefined;

  constructor(rpc: FastRpc, head: FastHead, carrier: Carrier) {
    super(rpc, head);
    this.#carrier = carrier;
  }

  protected get session(): object {
    return this.#carrier.session;
  }
  protected get expected(): number {
    return this.#frames.expected;
  }
  protected arrived(): void {
    while (this.received >= this.#frames.needed) {
      const error = this.#frames.step(this.body(), this.rpc.maxBytes, this);
      if (error === undefined) continue;
      this.refuse(error);
      return;
    }
  }
  frame(body: Buffer, start: number, end: number, compressed: boolean): ConnectError | undefined {
    if (compressed) {
      return unknownCompression();
    }
    // If the RPC has a `authenticate`, it runs first: the message is then read when the request is complete.
    return this.rpc.authenticate === undefined ? this.#read(body, start, end) : undefined;
  }
  #read(body: Buffer, start: number, end: number): ConnectError | undefined {
    this.rpc.traffic?.countReceived(end - start);
    const args = this.parse(body, start, end);
    if (args instanceof ConnectError) return args;
    this.#args = args;
    return undefined;
  }
  protected complete(): void {
    const { start, end } = this.#frames;
    let error = this.#frames.incomplete(this.received);
    if (error === undefined && this.#args === undefined) error = this.#read(this.body(), start, end);
    if (error !== undefined) this.refuse(error);
    else if (this.#args !== undefined) this.run(this.#args);
  }

  protected reply(
    bytes: Uint8Array,
    compressed: boolean,
    degraded: string,
    headers: readonly string[],
    { trailers }: AnswerMetadata,
  ): void {
    this.rpc.traffic?.countSent(compressed ? bytes.length : bytes.length - this.rpc.prefix);
    let framed = bytes;
    if (compressed) {
      framed = frame(bytes);
      framed[0] = COMPRESSED;
    }
    this.#respond(
      headers,
      degraded,
      framed,
      trailers.length > 0 ? { ...OK_TRAILERS, ...trailersOf(trailers) } : OK_TRAILERS,
    );
  }
  protected fail(error: ConnectError | Failure, headers: readonly string[], trailers: readonly string[]): void {
    // One block has all of it: Trailers-Only in gRPC's PROTOCOL-HTTP2.md.
    const all = this.#headers(headers);
    all.push(...trailers, ...statusPairs(error, allDetails(error, this.head.requestId)));
    this.#carrier.answer(200, all, undefined, undefined, this.unread);
  }
  /** Headers of every answer, then these. */
  #headers(more: readonly string[]): string[] {
    const { extra, requestId } = this.head;
    const headers = ["content-type", "application/grpc+proto"];
    if (requestId !== undefined) headers.push(REQUEST_ID, requestId);
    if (extra.length > 0) headers.push(...extra);
    if (more.length > 0) headers.push(...more);
    return headers;
  }
  #respond(more: readonly string[], degraded: string, body: Uint8Array | undefined, trailers: Trailers): void {
    const headers = this.#headers(more);
    const { compression } = this.head;
    if (compression !== null) headers.push("grpc-encoding", compression.name);
    if (degraded !== "") headers.push("bff-degraded", degraded);
    this.#carrier.answer(200, headers, body, trailers, this.unread);
  }
  protected cutOff(): void {
    this.#carrier.cutOff();
  }
  protected drop(): void {
    this.#carrier.drop();
  }
}
