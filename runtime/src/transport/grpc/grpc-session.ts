import type { OutgoingHeaders, ReceivedHeaders } from "../call-headers.ts";
import type { Session } from "./session.ts";

/** Where requests go, as their headers have it. */
export interface GrpcTarget {
  readonly scheme: "http" | "https";
  readonly authority: string;
  /** In front of every path; without a slash at its end. */
  readonly prefix: string;
}

export interface GrpcRequest {
  /** `/package.Service/Method` */
  readonly path: string;
  /** The message with gRPC's prefix. */
  readonly frame: Uint8Array;
  /** What the upstream is told; Infinity for no deadline. */
  timeoutMs: number;
  readonly headers: OutgoingHeaders | undefined;
  /** 1 for the first. */
  readonly attempt: number;
}

/** Hears what comes on a stream; at last `closed`, unless it has ended the stream itself. */
export interface GrpcReceiver {
  /** @param status HTTP's */
  response(status: number | undefined, headers: ReceivedHeaders): void;
  /** @param chunk may be written to afterwards */
  data(chunk: Buffer): void;
  trailers(trailers: ReceivedHeaders): void;
  /** That was all. */
  end(): void;
  /** The stream is over. */
  closed(): void;
}

/** A connection that carries gRPC. */
export interface GrpcSession extends Session {
  /** No stream can be opened any more. */
  readonly ended: boolean;
  /**
   * Opens a stream and sends a whole request. The receiver hears what comes back, never from within this call.
   *
   * @throws when the session has `ended`, or for headers that HTTP/2 cannot carry
   */
  open(request: GrpcRequest, receiver: GrpcReceiver): GrpcStream;
}

export interface GrpcStream {
  /** Ends it with this error code of HTTP/2, unless it has ended. */
  close(code: number): void;
  /** The other end may send so many bytes more; only on connections where that is not done as soon as they have come. */
  allow(bytes: number): void;
  /** How it ended. */
  ending(): Ending;
}

/** The end of a stream whose answer is not whole. */
export interface Ending {
  /** The error code it was reset with. */
  readonly code: number | undefined;
  /** The upstream has certainly not begun with it. */
  readonly unprocessed: boolean;
  /** It ended with its connection. */
  readonly lost: boolean;
  /** For logs. */
  readonly message: string;
}

/** The value of `grpc-timeout`: at most eight digits and a unit, rounded down. */
export function grpcTimeout(ms: number): string {
  if (ms < 1e8) return `${Math.max(1, Math.floor(ms))}m`;
  return `${Math.min(99_999_999, Math.floor(ms / 1000))}S`;
}
