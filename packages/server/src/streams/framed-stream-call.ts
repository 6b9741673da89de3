import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { decompress } from "@protobff/runtime/internal/wire/compressions";
import type { StreamOut } from "../carrier/stream-out.ts";
import type { FastHead } from "../fast/fast-call.ts";
import { FramedRequest, type FrameReader, unknownCompression } from "../fast/framed-request.ts";
import { RESUME, StreamCall, type StreamRpc } from "./stream-call.ts";
import type { StreamProtocol } from "./stream-protocols.ts";

/** By a protocol with gRPC's frames. */
export class FramedStreamCall extends StreamCall implements FrameReader {
  readonly #frames = new FramedRequest("server-streaming");
  readonly #compression: Compression | undefined;

  /** @param compression of the request's message, where it has one */
  constructor(
    rpc: StreamRpc,
    head: FastHead,
    protocol: StreamProtocol,
    out: StreamOut,
    compression: Compression | undefined,
  ) {
    super(rpc, head, protocol, out);
    this.#compression = compression;
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
  frame(_body: Buffer, _start: number, _end: number, compressed: boolean): ConnectError | undefined {
    if (!compressed || this.#compression !== undefined) return undefined;
    return unknownCompression();
  }
  protected complete(): void {
    const { start, end, compressed } = this.#frames;
    const error = this.#frames.incomplete(this.received);
    if (error === undefined) this.rpc.traffic?.countReceived(end - start);
    if (error !== undefined) this.refuse(error);
    else if (compressed && this.#compression !== undefined) this.#decompress(this.#compression, start, end);
    else this.#read(this.body(), start, end);
  }
  #decompress(compression: Compression, start: number, end: number): void {
    const { maxBytes, pending } = this.rpc;
    const message = new Uint8Array(this.body().subarray(start, end));
    decompress(this.session ?? this, compression, message, { maxBytes, isAwaited: () => !this.over }).then(
      (plain) => {
        if (this.over || plain === undefined) return;
        pending.add(this, plain.length);
        if (!this.over) this.#read(Buffer.from(plain.buffer, plain.byteOffset, plain.length), 0, plain.length);
      },
      (thrown: unknown) => this.refuse(ConnectError.from(thrown, Code.InvalidArgument)),
    );
  }
  #read(body: Buffer, start: number, end: number): void {
    const args = this.parse(body, start, end);
    if (args instanceof ConnectError) this.refuse(args);
    else this.run(args, this.get(RESUME) ?? undefined);
  }
}
