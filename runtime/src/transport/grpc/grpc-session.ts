import type { LookupFunction } from "node:net";
import type { SecureContext } from "node:tls";
import type { OutgoingHeaders, ReceivedHeaders } from "../call-headers.ts";
import type { Session } from "./session.ts";

/** Target of requests, in the form of their headers. */
export interface GrpcTarget {
  readonly scheme: "http" | "https";
  readonly authority: string;
  /** Prefix of every path, without a slash at its end. */
  readonly prefix: string;
}

export interface GrpcRequest {
  /** `/package.Service/Method` */
  readonly path: string;
  /** The message with gRPC's prefix. */
  readonly frame: Uint8Array;
  /** Deadline that the upstream receives, in milliseconds; Infinity for no deadline. */
  timeoutMs: number;
  readonly headers: OutgoingHeaders | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** Receives the events of a stream. The last is `closed`, unless the receiver has ended the stream itself. */
export interface GrpcReceiver {
  /** @param status HTTP's */
  response(status: number | undefined, headers: ReceivedHeaders): void;
  /** @param chunk may be written to afterwards */
  data(chunk: Buffer): void;
  trailers(trailers: ReceivedHeaders): void;
  /** Reports that the body is complete. */
  end(): void;
  /** Reports the end of the stream. */
  closed(): void;
}

/** A connection that carries gRPC. */
export interface GrpcSession extends Session {
  /** True if no stream can be opened any more. */
  readonly ended: boolean;
  /**
   * Opens a stream and sends a whole request. The receiver is never called from within this call.
   *
   * @throws when the session has `ended`, or for headers that HTTP/2 cannot carry
   */
  open(request: GrpcRequest, receiver: GrpcReceiver): GrpcStream;
}

/** How a connection is opened. */
export interface SessionOptions {
  readonly url: URL;
  /** For `https:`. */
  readonly secureContext?: SecureContext | undefined;
  readonly lookup: LookupFunction;
  /** True if the receiver allows the bytes that the other end may send on a stream. */
  readonly held?: boolean;
  /** An odd number, for tests. */
  readonly firstStream?: number;
}

export interface GrpcStream {
  /** Ends the stream with this error code of HTTP/2, unless it has ended. */
  close(code: number): void;
  /** Lets the other end send further bytes. Only for connections that do not allow received bytes again at once. */
  allow(bytes: number): void;
  /** Returns the end of the stream. */
  ending(): Ending;
}

/** The end of a stream with an incomplete answer. */
export interface Ending {
  /** Error code of the reset. */
  readonly code: number | undefined;
  /** True if the upstream has certainly not begun to process the request. */
  readonly unprocessed: boolean;
  /** True if the stream ended with its connection. */
  readonly lost: boolean;
  /** Message for logs. */
  readonly message: string;
}
