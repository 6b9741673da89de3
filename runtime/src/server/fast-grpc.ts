import * as http2 from "node:http2";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { REQUEST_ID } from "../call/request-id.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import { FastCall, type FastHead, type FastRpc } from "./fast-call.ts";
import { statusTrailers } from "./grpc-status.ts";
import { discardStream, dropStream } from "./request-body.ts";

const COMPRESSED = 1;
const OK = { "grpc-status": "0" };
const WITH_TRAILERS = { waitForTrailers: true };

type Trailers = Record<string, string | string[]>;
const TRAILERS = Symbol();
type Answered = http2.ServerHttp2Stream & { [TRAILERS]?: Trailers };
/** One listener for all streams, in place of closures. */
function onWantTrailers(this: Answered): void {
  this.sendTrailers(this[TRAILERS] ?? OK);
}

/** A unary call of gRPC, over HTTP/2. */
export class FastGrpcCall extends FastCall {
  readonly #stream: http2.ServerHttp2Stream;
  /** Where the frame begins that is coming. */
  #at = 0;
  /** Of its message; -1 as long as its prefix has not come. */
  #length = -1;
  /** So many bytes have to be there for the next step. */
  #needed = PREFIX_BYTES;
  /** Where its message stands. */
  #start = -1;
  #args: Message | undefined;

  constructor(rpc: FastRpc, head: FastHead, stream: http2.ServerHttp2Stream) {
    super(rpc, head);
    this.#stream = stream;
  }

  protected get session(): object {
    return this.#stream.session ?? this.#stream;
  }
  protected get expected(): number {
    return this.#length < 0 ? Number.POSITIVE_INFINITY : this.#needed;
  }
  protected arrived(): void {
    while (this.received >= this.#needed) {
      const error = this.#step(this.body());
      if (error === undefined) continue;
      this.refuse(error);
      return;
    }
  }
  #step(body: Buffer): ConnectError | undefined {
    if (this.#length < 0) {
      const length = body.readUInt32BE(this.#at + 1);
      const { maxBytes } = this.rpc;
      if (length > maxBytes) {
        const message = `message size ${length} is larger than configured readMaxBytes ${maxBytes}`;
        return new ConnectError(message, Code.ResourceExhausted);
      }
      this.#length = length;
      this.#needed = this.#at + PREFIX_BYTES + length;
      return undefined;
    }
    if (((body[this.#at] ?? 0) & COMPRESSED) !== 0) {
      return new ConnectError("received compressed envelope, but do not know how to decompress", Code.Internal);
    }
    const start = this.#at + PREFIX_BYTES;
    // Who is calling is judged before: its message is read when all has come.
    if (this.rpc.judge === undefined) {
      const error = this.#read(body, start, this.#needed);
      if (error !== undefined) return error;
    }
    if (this.#start >= 0) {
      return new ConnectError("protocol error: received extra input message for unary method", Code.Unimplemented);
    }
    this.#start = start;
    this.#at = this.#needed;
    this.#needed += PREFIX_BYTES;
    this.#length = -1;
    return undefined;
  }
  #read(body: Buffer, start: number, end: number): ConnectError | undefined {
    try {
      this.#args = this.parse(body, start, end);
      return undefined;
    } catch (thrown) {
      return ConnectError.from(thrown, Code.Internal);
    }
  }
  protected complete(): void {
    const begun = this.#length < 0 ? this.#at : this.#at + PREFIX_BYTES;
    if (this.received > begun) {
      this.refuse(new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument));
    } else if (this.#start < 0) {
      this.refuse(new ConnectError("protocol error: missing input message for unary method", Code.Unimplemented));
    } else {
      const error = this.#args === undefined ? this.#read(this.body(), this.#start, this.#at) : undefined;
      if (error !== undefined) this.refuse(error);
      else if (this.#args !== undefined) this.run(this.#args);
    }
  }

  protected reply(
    bytes: Uint8Array,
    compressed: boolean,
    degraded: string,
    headers: readonly string[],
    trailers: readonly string[],
  ): void {
    let framed = bytes;
    if (compressed) {
      framed = frame(bytes);
      framed[0] = COMPRESSED;
    }
    this.#respond(headers, degraded, framed, trailers.length > 0 ? { ...OK, ...object(trailers) } : OK);
  }
  protected fail(error: ConnectError, headers: readonly string[], trailers: readonly string[]): void {
    const status = statusTrailers(error);
    this.#respond(headers, "", undefined, trailers.length > 0 ? { ...object(trailers), ...status } : status);
  }
  #respond(more: readonly string[], degraded: string, body: Uint8Array | undefined, trailers: Trailers): void {
    const stream: Answered = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const headers: (string | number)[] = [":status", 200, "content-type", "application/grpc+proto"];
    const { compression, extra, requestId } = this.head;
    if (requestId !== undefined) headers.push(REQUEST_ID, requestId);
    if (compression !== null) headers.push("grpc-encoding", compression.name);
    if (extra.length > 0) headers.push(...extra);
    if (more.length > 0) headers.push(...more);
    if (degraded !== "") headers.push("bff-degraded", degraded);
    stream.respond(headers as string[], WITH_TRAILERS);
    stream[TRAILERS] = trailers;
    stream.on("wantTrailers", onWantTrailers);
    if (body === undefined) stream.end();
    else stream.end(body);
    if (this.unread) discardStream(stream);
  }
  protected cutOff(): void {
    this.#stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  }
  protected drop(): void {
    dropStream(this.#stream);
  }
}

/** Several values of one name become a list. */
function object(pairs: readonly string[]): Trailers {
  const all: Trailers = {};
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = (pairs[i] ?? "").toLowerCase();
    const value = pairs[i + 1] ?? "";
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}
