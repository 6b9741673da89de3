import type { GrpcAttempt } from "./grpc-attempt.ts";
import type { Session } from "./session.ts";
import type { OutgoingHeaders } from "./unary-client.ts";

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

/** A connection that carries gRPC. */
export interface GrpcSession extends Session {
  /** No stream can be opened any more. */
  readonly ended: boolean;
  /**
   * Opens a stream and sends a whole request. The attempt hears what comes back, never from within this call.
   *
   * @throws when the session has `ended`, or for headers that HTTP/2 cannot carry
   */
  open(request: GrpcRequest, attempt: GrpcAttempt): GrpcStream;
}

export interface GrpcStream {
  /** Ends it with this error code of HTTP/2, unless it has ended. */
  close(code: number): void;
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
