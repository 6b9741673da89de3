import * as http2 from "node:http2";
import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";

/** A failed call, with gRPC's code. */
export class Fault extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const PREFIX_BYTES = 5;
/** Large enough that the upstream need not wait while a message of 8 MiB comes in. */
const WINDOW_BYTES = 1 << 20;

/** One call that can be given up. */
export interface Running {
  cancel(): void;
}

/** Unary gRPC by hand on one connection of node:http2, connected again when it is lost. */
export class RawClient {
  readonly #url: URL;
  #session: http2.ClientHttp2Session | undefined;

  constructor(url: URL) {
    this.#url = url;
  }

  #connected(): http2.ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = http2.connect(this.#url.origin, {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    });
    session.once("connect", () => session.setLocalWindowSize(16 * WINDOW_BYTES));
    session.on("error", () => session.destroy());
    this.#session = session;
    return session;
  }

  #open(rpc: DescMethodUnary, timeoutMs: number, forwarded: readonly string[]): http2.ClientHttp2Stream {
    return this.#connected().request([
      ":method",
      "POST",
      ":scheme",
      "http",
      ":authority",
      this.#url.host,
      ":path",
      `/${rpc.parent.typeName}/${rpc.name}`,
      "te",
      "trailers",
      "content-type",
      "application/grpc+proto",
      "grpc-timeout",
      `${Math.max(1, Math.floor(timeoutMs))}m`,
      ...forwarded,
    ]);
  }

  /** @param running takes the call while it runs */
  call<M extends DescMethodUnary>(
    rpc: M,
    request: MessageInitShape<M["input"]>,
    timeoutMs: number,
    forwarded: readonly string[],
    running: Set<Running>,
  ): Promise<MessageShape<M["output"]>> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(rpc, timeoutMs, forwarded);
      let body: Buffer | undefined;
      let chunks: Buffer[] | undefined;
      let status: number | undefined;
      let message = "";
      const seen = (headers: http2.IncomingHttpHeaders) => {
        if (headers["grpc-status"] === undefined) return;
        status = Number(headers["grpc-status"]);
        message = String(headers["grpc-message"] ?? "");
      };
      const end = (fault: Fault) => {
        clearTimeout(timer);
        running.delete(handle);
        reject(fault);
        stream.close(http2.constants.NGHTTP2_CANCEL);
      };
      const handle: Running = { cancel: () => end(new Fault(CANCELLED, "cancelled")) };
      const timer = setTimeout(() => end(new Fault(DEADLINE_EXCEEDED, "late")), timeoutMs);
      running.add(handle);
      stream.on("response", seen);
      stream.on("trailers", seen);
      stream.on("data", (chunk: Buffer) => {
        if (body === undefined) body = chunk;
        else if (chunks === undefined) chunks = [body, chunk];
        else chunks.push(chunk);
      });
      stream.on("error", () => {});
      stream.once("close", () => {
        clearTimeout(timer);
        running.delete(handle);
        if (status !== 0) return reject(new Fault(status ?? UNAVAILABLE, message));
        const whole = chunks === undefined ? body : Buffer.concat(chunks);
        if (whole === undefined || whole[0] !== 0 || whole.readUInt32BE(1) !== whole.length - PREFIX_BYTES) {
          return reject(new Fault(INTERNAL, "not one message"));
        }
        try {
          resolve(fromBinary(rpc.output, whole.subarray(PREFIX_BYTES)) as MessageShape<M["output"]>);
        } catch (error) {
          reject(new Fault(INTERNAL, String(error)));
        }
      });
      stream.end(framed(toBinary(rpc.input, create(rpc.input, request))));
    });
  }
}

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}
