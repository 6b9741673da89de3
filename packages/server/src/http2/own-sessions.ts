import type { KnownRequests, RequestFields } from "@protobff/runtime/internal/http2";
import type { OwnStream } from "../carrier/own-stream.ts";
import type { ConnectionHold } from "../requests/connection-bytes.ts";

/** State and events that all sessions share. */
export interface OwnSessions {
  readonly maxStreams: number;
  /** As of `ListenerOptions`. */
  readonly handshakeTimeoutMs: number;
  /** First frames of each connection. */
  readonly preface: Buffer;
  readonly known: KnownRequests;
  /** @param headers owned by the receiver */
  request(stream: OwnStream, headers: RequestFields, raw: readonly string[]): void;
  /** Sets the number of bytes that the session holds, without those of bodies. */
  holds(session: ConnectionHold, bytes: number): void;
  /** A session has been ended because it used too much. */
  calmed(why: string): void;
  gone(session: ConnectionHold): void;
}
