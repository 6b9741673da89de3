import * as http2 from "node:http2";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { REQUEST_ID } from "../call/request-id.ts";
import { frame } from "../wire/frame.ts";
import type { FastHead } from "./fast-call.ts";
import { FramedRequest, type FrameReader } from "./framed-request.ts";
import { statusTrailers } from "./grpc-status.ts";
import { discardStream, dropStream } from "./request-body.ts";
import { type FastRpc, UnaryCall } from "./unary-call.ts";

const COMPRESSED = 1;
const OK = { "grpc-status": "0" };
const WITH_TRAILERS = { waitForTrailers: true };

export type Trailers = Record<string, string | string[]>;
const TRAILERS = Symbol();
type Answered = http2.ServerHttp2Stream & { [TRAILERS]?: Trailers };
/** One listener for all streams, in place of closures. */
function onWantTrailers(this: Answered): void {
  this.sendTrailers(this[TRAILERS] ?? OK);
}

/** A unary call of gRPC, over HTTP/2. */
export class FastGrpcCall extends UnaryCall implements FrameReader {
  readonly #stream: http2.ServerHttp2Stream;
  readonly #frames = new FramedRequest("unary");
  #args: Message | undefined;

  constructor(rpc: FastRpc, head: FastHead, stream: http2.ServerHttp2Stream) {
    super(rpc, head);
    this.#stream = stream;
  }

  protected get session(): object {
    return this.#stream.session ?? this.#stream;
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
      return new ConnectError("received compressed envelope, but do not know how to decompress", Code.Internal);
    }
    // Who is calling is judged before: its message is read when all has come.
    return this.rpc.judge === undefined ? this.#read(body, start, end) : undefined;
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
    trailers: readonly string[],
  ): void {
    let framed = bytes;
    if (compressed) {
      framed = frame(bytes);
      framed[0] = COMPRESSED;
    }
    this.#respond(headers, degraded, framed, trailers.length > 0 ? { ...OK, ...trailersOf(trailers) } : OK);
  }
  protected fail(error: ConnectError, headers: readonly string[], trailers: readonly string[]): void {
    const status = statusTrailers(error);
    this.#respond(headers, "", undefined, trailers.length > 0 ? { ...trailersOf(trailers), ...status } : status);
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

/** Names and values in turn; several values of one name become a list. */
export function trailersOf(pairs: readonly string[]): Trailers {
  const all: Trailers = {};
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = (pairs[i] ?? "").toLowerCase();
    const value = pairs[i + 1] ?? "";
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}
